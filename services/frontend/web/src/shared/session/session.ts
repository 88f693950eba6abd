import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { frontend } from '@/shared/api/clients';
import { ApiError, bodyOf } from '@/shared/api/errors';
import type { Me } from '@/shared/api/types';

/** Who is logged in; nobody is `null`. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async (): Promise<Me | null> => {
    try {
      return await bodyOf(frontend.GET('/api/admin/me'));
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  staleTime: 60_000,
});

export async function logIn(email: string, password: string): Promise<void> {
  await bodyOf(frontend.POST('/api/admin/login', { body: { email, password } }));
}

/** Ends the session here and in the database, and forgets what it has seen. */
export function useLogOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await bodyOf(frontend.POST('/api/admin/logout'));
    client.clear();
    client.setQueryData(meQuery.queryKey, null);
  };
}

/** Whether the person may change and export things. */
export function useMayChange(): boolean {
  return useQuery(meQuery).data?.role === 'administrator';
}

export async function changePassword(current: string, next: string): Promise<void> {
  await bodyOf(frontend.PUT('/api/admin/password', { body: { current, new: next } }));
}
