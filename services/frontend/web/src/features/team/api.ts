import { queryOptions } from '@tanstack/react-query';
import { frontend } from '@/shared/api/clients';
import { bodyOf } from '@/shared/api/errors';
import type { Account, Role } from '@/shared/api/types';

export const teamQuery = queryOptions({
  queryKey: ['team'],
  queryFn: () => bodyOf(frontend.GET('/api/admin/team')),
});

export type NewMember = { email: string; password: string; role: Role };

export function createMember(body: NewMember): Promise<Account> {
  return bodyOf(frontend.POST('/api/admin/team', { body }));
}

export type MemberChange = { role?: Role; password?: string };

export async function changeMember(id: number, body: MemberChange): Promise<void> {
  await bodyOf(frontend.PUT('/api/admin/team/{id}', { params: { path: { id } }, body }));
}

export async function deleteMember(id: number): Promise<void> {
  await bodyOf(frontend.DELETE('/api/admin/team/{id}', { params: { path: { id } } }));
}
