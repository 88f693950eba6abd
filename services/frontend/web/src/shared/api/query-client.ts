import { QueryClient } from '@tanstack/react-query';
import { ApiError, onLoggedOut } from './errors';

/** Who is logged in. */
const ME = ['me'];

/** Asks again only what may pass by itself, and learns from any answer that the session has ended. */
export function makeQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => {
          const passes = error instanceof ApiError && (error.status === 0 || error.status === 503);
          return passes && failures < 2;
        },
      },
    },
  });
  onLoggedOut(() => {
    // The answer may be to that very question.
    if (client.isFetching({ queryKey: ME }) === 0) client.invalidateQueries({ queryKey: ME });
  });
  return client;
}
