import { screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { clear, problem, serve, showConsole } from '@/shared/testing/console';
import { EditorPage } from './editor-page';

const version = (n: number, subject: string) => ({
  name: 'welcome',
  locale: 'en',
  version: n,
  subject,
  text: 'Hello',
  html: '<p>Hello</p>',
  updated_at: '2026-01-02T03:04:05Z',
});

let versions = [version(1, 'Welcome')];
const server = () =>
  serve({
    'GET /templates/welcome/versions': () => ({ items: versions }),
    'POST /templates/welcome/preview': () => version(1, 'Welcome'),
    'PUT /templates/welcome': async (request) => {
      const { subject } = (await request.json()) as { subject: string };
      versions = [version(versions.length + 1, subject), ...versions];
      return versions[0];
    },
  });

const editor = () => showConsole(<EditorPage name="welcome" locale="en" />);
const subject = () => screen.findByLabelText<HTMLInputElement>('Subject');
const isUnsaved = () => screen.queryByText('Not saved') !== null;

beforeEach(() => {
  versions = [version(1, 'Welcome')];
});
afterEach(clear);

it('tells what the mail server said of a test', async () => {
  const { answers } = server();
  answers['POST /templates/welcome/test'] = () => ({
    to: 'admin@example.com',
    outcome: 'failed',
    reply: '550 no such mailbox',
  });
  await editor();
  await userEvent.click(await screen.findByRole('button', { name: 'Send me a test' }));
  expect(
    await screen.findByText('Not taken for admin@example.com: 550 no such mailbox'),
  ).toBeTruthy();
});

it('an untouched text goes along with what others save', async () => {
  server();
  const { client } = await editor();
  await subject();
  versions = [version(2, 'Come in'), ...versions];
  await client.invalidateQueries({ queryKey: ['templates'] });
  await waitFor(async () => expect((await subject()).value).toBe('Come in'));
  expect(isUnsaved()).toBe(false);
});

it('asks before another version takes the place of a draft, or a draft that of a newer one', async () => {
  const { calls } = server();
  const confirm = vi.spyOn(window, 'confirm').mockReturnValue(false);
  const { client } = await editor();
  await userEvent.type(await subject(), '!');
  versions = [version(2, 'Come in'), ...versions];
  await client.invalidateQueries({ queryKey: ['templates'] });
  expect((await subject()).value).toBe('Welcome!');

  await userEvent.click(await screen.findByRole('combobox', { name: 'Versions' }));
  await userEvent.click(await screen.findByText(/Version 2 ·/));
  expect(confirm).toHaveBeenCalledTimes(1);
  expect((await subject()).value).toBe('Welcome!');

  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  expect(confirm).toHaveBeenCalledTimes(2);
  expect(calls).not.toContain('PUT /templates/welcome');
  confirm.mockReturnValue(true);
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await screen.findByText('Saved as version 3. It is in force now.');
  expect(isUnsaved()).toBe(false);
});

it('what is not saved outlives the session', async () => {
  const { answers } = server();
  answers['PUT /templates/welcome'] = () => problem(401, 'Log in first.');
  const { client, unmount } = await editor();
  await userEvent.type(await subject(), '!');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await waitFor(() => expect(client.getQueryData(['me'])).toBeNull());
  unmount();
  await editor();
  expect((await subject()).value).toBe('Welcome!');
  expect(isUnsaved()).toBe(true);
  await userEvent.type(await subject(), '{Backspace}');
  expect(isUnsaved()).toBe(false);
  expect(sessionStorage).toHaveLength(0);
});
