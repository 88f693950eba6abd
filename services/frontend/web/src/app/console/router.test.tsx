import { act, screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { clear, serve, showPages } from '@/shared/testing/console';
import { router } from './router';

afterEach(clear);

it('who comes by a sent link had no session that could end', async () => {
  serve({});
  await router.navigate({ href: '/login?next=%2Femails' });
  await showPages(router, null);
  expect(await screen.findByText('For the people who run this list.')).toBeTruthy();
  act(() => void router.navigate({ href: '/login?next=%2Femails&ended=true' }));
  expect(await screen.findByText(/Your session has ended/)).toBeTruthy();
});
