import { MantineProvider } from '@mantine/core';
import { Notifications, notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import {
  type AnyRouter,
  createMemoryHistory,
  createRootRoute,
  createRouter,
  RouterProvider,
} from '@tanstack/react-router';
import { act, cleanup, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { vi } from 'vitest';
import { makeQueryClient } from '../api/query-client';
import type { Me, Role } from '../api/types';
import { theme } from '../ui/theme';

type Answer = (request: Request) => unknown;

/** The server at the boundary, by method and path: what is no answer yet is sent as JSON. */
export function serve(answers: Record<string, Answer>) {
  const calls: string[] = [];
  vi.stubGlobal('fetch', async (request: Request) => {
    const call = `${request.method} ${new URL(request.url).pathname.replace('/api/admin', '')}`;
    calls.push(call);
    const answer = await answers[call]?.(request);
    if (answer instanceof Response) return answer;
    return answer === undefined ? problem(404, 'Not found.') : Response.json(answer);
  });
  return { answers, calls };
}

export const problem = (status: number, detail: string, more: object = {}) =>
  Response.json({ detail, ...more }, { status });

/** An answer that comes when it is told to. */
export function later() {
  let release = (_: unknown) => {};
  const answer = new Promise((resolve) => {
    release = resolve;
  });
  return {
    answer: () => answer,
    release: (value: unknown) => act(async () => release(value)),
  };
}

/** Shows a part of the console to somebody who is logged in. */
export function showConsole(page: ReactNode, role: Role = 'administrator') {
  const router = createRouter({
    routeTree: createRootRoute({ component: () => page }),
    history: createMemoryHistory({ initialEntries: ['/'] }),
    defaultNotFoundComponent: () => null,
  });
  return showPages(router, { email: 'admin@example.com', role });
}

/** Shows the pages of a router. */
export async function showPages<R extends AnyRouter>(router: R, me: Me | null) {
  const client = makeQueryClient();
  client.setDefaultOptions({ queries: { retry: false } });
  client.setQueryData(['me'], me);
  await act(() => router.load());
  const shown = render(
    <MantineProvider theme={theme} env="test">
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
      <Notifications />
    </MantineProvider>,
  );
  return { client, router, ...shown };
}

/** To be called after each test. */
export function clear() {
  notifications.clean();
  cleanup();
  sessionStorage.clear();
  localStorage.clear();
}
