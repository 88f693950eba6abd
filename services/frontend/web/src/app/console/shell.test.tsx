import { act, screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useUnsaved } from '@/shared/session/unsaved';
import { clear, problem, serve, showConsole } from '@/shared/testing/console';
import { Shell } from './shell';

const discard = vi.fn();

function Unsaved() {
  useUnsaved(true, discard);
  return null;
}

beforeEach(() => {
  vi.stubGlobal(
    'EventSource',
    class extends EventTarget {
      close() {}
    },
  );
  localStorage.setItem('userstream.session', 'yes');
});
afterEach(() => {
  discard.mockReset();
  clear();
});

const place = ({
  state: { location },
}: {
  state: { location: { pathname: string; search: object } };
}) => [location.pathname, location.search];

it('says that a session has ended where the server ended it', async () => {
  serve({ 'GET /me': () => problem(401, 'Log in first.') });
  const { client, router } = await showConsole(<Shell />);
  await act(() => client.invalidateQueries({ queryKey: ['me'] }));
  await waitFor(() => expect(place(router)).toEqual(['/login', { ended: true }]));
});

it('says nothing of it where the person has logged out', async () => {
  serve({ 'POST /logout': () => ({}) });
  const { router } = await showConsole(<Shell />);
  await userEvent.click(screen.getByRole('button', { name: 'Log out' }));
  await waitFor(() => expect(place(router)).toEqual(['/login', {}]));
});

it('says nothing of it where nobody was logged in', async () => {
  localStorage.clear();
  serve({});
  const { client, router } = await showConsole(<Shell />);
  await act(() => client.resetQueries({ queryKey: ['me'] }));
  await waitFor(() => expect(place(router)).toEqual(['/login', {}]));
});

it('asks before it logs out what is not saved', async () => {
  const { calls } = serve({ 'POST /logout': () => ({}) });
  const confirm = vi.spyOn(window, 'confirm').mockReturnValue(false);
  await showConsole(
    <>
      <Shell />
      <Unsaved />
    </>,
  );
  await userEvent.click(screen.getByRole('button', { name: 'Log out' }));
  expect(confirm).toHaveBeenCalled();
  expect(calls).not.toContain('POST /logout');
  confirm.mockReturnValue(true);
  await userEvent.click(screen.getByRole('button', { name: 'Log out' }));
  await waitFor(() => expect(calls).toContain('POST /logout'));
  expect(discard).toHaveBeenCalled();
});

it('the menu says whether it is open, closes by Escape and gives the focus back', async () => {
  serve({});
  await showConsole(<Shell />);
  const [opener, closer] = screen.getAllByRole('button', { name: 'Menu', hidden: true });
  const menu = screen.getByRole('navigation', { name: 'Main', hidden: true });
  expect(menu.hasAttribute('data-closed')).toBe(true);
  await userEvent.click(opener as Element);
  expect(opener?.getAttribute('aria-expanded')).toBe('true');
  expect(menu.hasAttribute('data-closed')).toBe(false);
  expect(document.activeElement).toBe(closer);
  await userEvent.keyboard('{Escape}');
  expect(opener?.getAttribute('aria-expanded')).toBe('false');
  expect(document.activeElement).toBe(opener);
});

it('/ leads to the search among the registrations', async () => {
  serve({});
  const { router } = await showConsole(<Shell />);
  await userEvent.keyboard('/');
  await waitFor(() => expect(router.state.location.pathname).toBe('/registrations'));
  expect(router.state.location.hash).toBe('search');
});
