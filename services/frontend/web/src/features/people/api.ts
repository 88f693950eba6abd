import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { database, sender } from '@/shared/api/clients';
import { ApiError, bodyOf } from '@/shared/api/errors';
import type { History, User } from '@/shared/api/types';
import { asQuery } from '@/shared/people/filters';
import type { PeopleSearch } from './search';

export const PAGE = 50;

export const peopleQuery = (search: PeopleSearch) => {
  const asked = { ...asQuery(search), ...(search.cursor ? { cursor: search.cursor } : {}) };
  return queryOptions({
    queryKey: ['people', asked],
    queryFn: ({ signal }) =>
      bodyOf(
        database.GET('/users', {
          params: { query: { ...asked, order: 'descending', limit: PAGE } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
};

export type Person = { user: User; tag: string | null };

export const personQuery = (id: number) =>
  queryOptions({
    queryKey: ['person', id],
    queryFn: async (): Promise<Person> => {
      const call = database.GET('/users/{id}', { params: { path: { id } } });
      return { user: await bodyOf(call), tag: (await call).response.headers.get('ETag') };
    },
  });

/** What happened to a registration; `null` where it is none. */
export const historyQuery = (id: string) =>
  queryOptions({
    queryKey: ['history', id],
    queryFn: async (): Promise<History | null> => {
      try {
        return await bodyOf(
          database.GET('/registrations/{id}/history', { params: { path: { id } } }),
        );
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
    // Its e-mails may be on their way.
    refetchInterval: 3_000,
  });

export type Change = { name: string; surname: string; email: string };

/** Changes a person, unless someone else did meanwhile (412). */
export function changePerson(id: number, tag: string | null, body: Change): Promise<User> {
  return bodyOf(
    database.PUT('/users/{id}', {
      params: { path: { id }, ...(tag ? { header: { 'If-Match': tag } } : {}) },
      body,
    }),
  );
}

export async function deletePerson(id: number): Promise<void> {
  await bodyOf(database.DELETE('/users/{id}', { params: { path: { id } } }));
}

export async function sendConfirmation(userId: number): Promise<void> {
  await bodyOf(
    sender.POST('/notifications', { body: { user_id: userId, template: 'confirmation' } }),
  );
}
