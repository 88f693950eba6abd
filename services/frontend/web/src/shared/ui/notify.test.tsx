import { act, screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { ApiError } from '../api/errors';
import { clear, showConsole } from '../testing/console';
import { tellError } from './notify';

afterEach(clear);

it('names the request where the system has failed', async () => {
  await showConsole(null);
  act(() => tellError(new ApiError(500, 'Something broke.', { requestId: 'req-42' })));
  expect(await screen.findByText('req-42')).toBeTruthy();
  expect(screen.getByText('Something broke.')).toBeTruthy();
});

it('leaves it to the login to say that nobody is logged in', async () => {
  await showConsole(null);
  act(() => tellError(new ApiError(401, 'Log in first.')));
  act(() => tellError(new ApiError(409, 'It is in use.')));
  await screen.findByText('It is in use.');
  expect(screen.queryByText('Log in first.')).toBeNull();
});
