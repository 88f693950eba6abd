import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { sender } from '@/shared/api/clients';
import { bodyOf } from '@/shared/api/errors';
import type { NotificationDetail, Preview } from '@/shared/api/types';
import type { EmailsSearch } from './search';

/** An e-mail on its way changes by itself. */
const FOLLOW = 3_000;

export const emailsQuery = ({ status, cursor }: EmailsSearch) =>
  queryOptions({
    queryKey: ['emails', status, cursor],
    queryFn: ({ signal }) => {
      const query = { limit: 50, ...(status ? { status } : {}), ...(cursor ? { cursor } : {}) };
      return bodyOf(sender.GET('/notifications', { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
    refetchInterval: FOLLOW,
  });

export const emailQuery = (id: string) =>
  queryOptions({
    queryKey: ['email', id],
    queryFn: (): Promise<NotificationDetail> =>
      bodyOf(sender.GET('/notifications/{id}', { params: { path: { id } } })),
    refetchInterval: FOLLOW,
  });

/** What an e-mail says, with sample links. */
export const previewQuery = (id: string) =>
  queryOptions({
    queryKey: ['email', id, 'preview'],
    queryFn: (): Promise<Preview> =>
      bodyOf(sender.GET('/notifications/{id}/preview', { params: { path: { id } } })),
  });

export async function resend(id: string): Promise<void> {
  await bodyOf(sender.POST('/notifications/{id}/resend', { params: { path: { id } } }));
}
