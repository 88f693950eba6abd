import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { frontend } from '@/shared/api/clients';
import { ApiError, bodyOf } from '@/shared/api/errors';
import type { Me } from '@/shared/api/types';

/** Remembers that there is a session: the cookie itself is none of the script's business. */
const HINT = 'userstream.session';

/** Whether the server has ended a session, and not the person. */
let ended = false;

export const hasEnded = (): boolean => ended;

/** Who is logged in; nobody is `null`. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async (): Promise<Me | null> => {
    // Not asked for nothing: a browser notes every refusal as an error.
    if (!hint.get()) return null;
    try {
      return await bodyOf(frontend.GET('/api/admin/me'));
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error;
      ended = true;
      hint.set(false);
      return null;
    }
  },
  staleTime: 60_000,
});

export async function logIn(email: string, password: string): Promise<void> {
  await bodyOf(frontend.POST('/api/admin/login', { body: { email, password } }));
  ended = false;
  hint.set(true);
}

/** Ends the session here and in the database, and forgets what it has seen. */
export function useLogOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await bodyOf(frontend.POST('/api/admin/logout'));
    ended = false;
    hint.set(false);
    client.setQueryData(meQuery.queryKey, null);
    client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== meQuery.queryKey[0] });
  };
}

/** Whether the person may change and export things. */
export function useMayChange(): boolean {
  return useQuery(meQuery).data?.role === 'administrator';
}

export async function changePassword(current: string, next: string): Promise<void> {
  await bodyOf(frontend.PUT('/api/admin/password', { body: { current, new: next } }));
}

const hint = {
  get(): boolean {
    try {
      return localStorage.getItem(HINT) !== null;
    } catch {
      // Without a memory one has to ask.
      return true;
    }
  },
  set(isIn: boolean): void {
    try {
      if (isIn) localStorage.setItem(HINT, 'yes');
      else localStorage.removeItem(HINT);
    } catch {
      // It is asked for every time, then.
    }
  },
};
