import { screen, waitFor, within } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import { clear, later, serve, showConsole } from '@/shared/testing/console';
import { Causes } from './causes';
import { LetterPanel } from './letter-panel';

const cause = (cause: string, count: number) => ({
  queue: 'user.registration',
  cause,
  count,
  oldest: '2026-01-02T03:04:05Z',
  newest: '2026-01-02T03:04:05Z',
});

const letter = {
  id: '7',
  message_id: 'm-7',
  queue: 'user.registration',
  cause: 'no JSON',
  by: 'queue-receiver',
  attempts: 5,
  body: '{"a":1}',
  first_failed_at: '2026-01-02T03:04:05Z',
  dead_at: '2026-01-02T03:04:05Z',
};

const press = async (name: string) => userEvent.click(await screen.findByRole('button', { name }));

afterEach(clear);

it('the question before many are deleted is about what was asked last, and names it', async () => {
  const first = later();
  const { answers } = serve({
    'GET /dead-letters/causes': () => ({
      items: [cause('no JSON', 2), cause('no address', 3)],
      further: 0,
    }),
    'POST /dead-letters/delete': first.answer,
  });
  await showConsole(<Causes queue={undefined} onClear={() => {}} />);
  await press('Delete 2');
  answers['POST /dead-letters/delete'] = () => ({ matched: 3, deleted: 0 });
  await press('Delete 3');
  const question = await screen.findByRole('dialog');
  await first.release({ matched: 2, deleted: 0 });
  expect(within(question).getByText('Delete 3 messages?')).toBeTruthy();
  expect(within(question).getByText('no address')).toBeTruthy();
  expect(within(question).getByText('user.registration')).toBeTruthy();
});

it('nothing in one queue is not nothing at all', async () => {
  serve({ 'GET /dead-letters/causes': () => ({ items: [], further: 0 }) });
  const onClear = vi.fn();
  await showConsole(<Causes queue="user.registration" onClear={onClear} />);
  await press('Clear filters');
  expect(screen.queryByText(/Every message was processed/)).toBeNull();
  expect(onClear).toHaveBeenCalled();
});

it('a dry run speaks of the text that it has read, and of no later one', async () => {
  const { answer, release } = later();
  serve({ 'GET /dead-letters/7': () => letter, 'POST /dead-letters/7/replay': answer });
  await showConsole(<LetterPanel id="7" onClose={() => {}} />);
  await press('Correct it');
  await press('Dry run');
  await userEvent.type(screen.getByLabelText('Body'), '!');
  await release({ acceptable: true });
  expect(screen.queryByText('It can be read now.')).toBeNull();
  await press('Dry run');
  expect(await screen.findByText('It can be read now.')).toBeTruthy();
});

it('a message that was replayed is asked for again when somebody comes back to it', async () => {
  serve({
    'GET /dead-letters/7': () => letter,
    'POST /dead-letters/7/replay': () => ({ acceptable: true }),
  });
  const onClose = vi.fn();
  const { client } = await showConsole(<LetterPanel id="7" onClose={onClose} />);
  await press('Replay it');
  await waitFor(() => expect(onClose).toHaveBeenCalled());
  expect(client.getQueryState(['dead-letter', '7'])?.isInvalidated).toBe(true);
});

it('a message that others have replayed is gone, whatever was seen of it', async () => {
  const { answers } = serve({ 'GET /dead-letters/7': () => letter });
  const { client } = await showConsole(<LetterPanel id="7" onClose={() => {}} />);
  await screen.findByText('no JSON');
  delete answers['GET /dead-letters/7'];
  await client.refetchQueries({ queryKey: ['dead-letter', '7'] });
  expect(await screen.findByText(/This message is not here any more/)).toBeTruthy();
  expect(screen.queryByRole('button', { name: 'Replay it' })).toBeNull();
});
