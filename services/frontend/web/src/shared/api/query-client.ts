import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query';
import { ApiError } from './errors';

/** Asks again only what may pass by itself, and learns from any answer that the session has ended. */
export function makeQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    if (error instanceof ApiError && error.status === 401) {
      client.invalidateQueries({ queryKey: ['me'] });
    }
  };
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 5_000,
        retry: (failures, error) => {
          const passes = error instanceof ApiError && (error.status === 0 || error.status === 503);
          return passes && failures < 2;
        },
      },
      mutations: { networkMode: 'always' },
    },
  });
  return client;
}
