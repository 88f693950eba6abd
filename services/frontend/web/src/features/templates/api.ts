import { queryOptions } from '@tanstack/react-query';
import { sender } from '@/shared/api/clients';
import { bodyOf } from '@/shared/api/errors';
import type { Preview, Template } from '@/shared/api/types';

export type Draft = { subject: string; text: string; html: string };

// More than anybody has.
const ALL = 500;

const at = (name: string, locale: string) => ({ path: { name }, query: { locale } });

export const templatesQuery = queryOptions({
  queryKey: ['templates'],
  queryFn: () => bodyOf(sender.GET('/templates', { params: { query: { limit: ALL } } })),
});

export const versionsQuery = (name: string, locale: string) =>
  queryOptions({
    queryKey: ['templates', name, locale],
    queryFn: () => {
      const params = { path: { name }, query: { locale, limit: ALL } };
      return bodyOf(sender.GET('/templates/{name}/versions', { params }));
    },
  });

export function saveTemplate(name: string, locale: string, body: Draft): Promise<Template> {
  return bodyOf(sender.PUT('/templates/{name}', { params: at(name, locale), body }));
}

export const previewQuery = (name: string, locale: string, draft: Draft) =>
  queryOptions({
    queryKey: ['preview', name, locale, draft],
    queryFn: ({ signal }): Promise<Preview> =>
      bodyOf(
        sender.POST('/templates/{name}/preview', {
          params: at(name, locale),
          body: { ...draft, context: {} },
          signal,
        }),
      ),
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });

export function sendTest(name: string, locale: string, draft: Draft) {
  return bodyOf(
    sender.POST('/templates/{name}/test', {
      // The Frontend says who is logged in.
      params: { ...at(name, locale), header: { 'X-On-Behalf-Of': '' } },
      body: { ...draft, context: {} },
    }),
  );
}
