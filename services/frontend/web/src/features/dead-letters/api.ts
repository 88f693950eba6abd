import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { receiver } from '@/shared/api/clients';
import { bodyOf } from '@/shared/api/errors';

/** Which dead letters; an absent field does not filter. */
export type Which = { queue?: string; cause?: string };

export const causesQuery = (queue?: string) =>
  queryOptions({
    queryKey: ['dead-letters', 'causes', queue],
    queryFn: ({ signal }) =>
      bodyOf(
        receiver.GET('/dead-letters/causes', { params: { query: queue ? { queue } : {} }, signal }),
      ),
    refetchInterval: 10_000,
  });

export const lettersQuery = (which: Which, cursor?: string) =>
  queryOptions({
    queryKey: ['dead-letters', 'list', which, cursor],
    queryFn: ({ signal }) => {
      const query = { limit: 50, ...which, ...(cursor ? { cursor } : {}) };
      return bodyOf(receiver.GET('/dead-letters', { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });

export const letterQuery = (id: string) =>
  queryOptions({
    queryKey: ['dead-letter', id],
    queryFn: () => bodyOf(receiver.GET('/dead-letters/{id}', { params: { path: { id } } })),
    retry: false,
  });

/** Reads a message as its consumer would; nothing is sent. */
export async function dryRun(id: string, body?: string) {
  const outlook = await bodyOf(
    receiver.POST('/dead-letters/{id}/replay', {
      params: { path: { id } },
      body: { dry_run: true, ...(body === undefined ? {} : { body }) },
    }),
  );
  return outlook as { acceptable: boolean; fault?: string | null };
}

export async function replay(id: string, body?: string): Promise<void> {
  await bodyOf(
    receiver.POST('/dead-letters/{id}/replay', {
      params: { path: { id } },
      body: body === undefined ? {} : { body },
    }),
  );
}

export async function remove(id: string): Promise<void> {
  await bodyOf(receiver.DELETE('/dead-letters/{id}', { params: { path: { id } } }));
}

export const replayMany = (which: Which, dry: boolean) =>
  bodyOf(receiver.POST('/dead-letters/replay', { body: { ...which, dry_run: dry } }));

export const deleteMany = (which: Which, dry: boolean) =>
  bodyOf(receiver.POST('/dead-letters/delete', { body: { ...which, dry_run: dry } }));
