import { screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, expect, it } from 'vitest';
import { ApiError } from '../api/errors';
import { clear, later, showConsole } from '../testing/console';
import { Confirm } from './confirm';

/** Two things to delete, and one question about them. */
function Two({ onConfirm }: { onConfirm: () => Promise<unknown> }) {
  const [asked, setAsked] = useState<string | null>(null);
  return (
    <>
      <button type="button" onClick={() => setAsked('A')}>
        A
      </button>
      <button type="button" onClick={() => setAsked('B')}>
        B
      </button>
      <Confirm
        opened={asked !== null}
        onClose={() => setAsked(null)}
        title={`Delete ${asked}?`}
        button="Do it"
        onConfirm={onConfirm}
      >
        It goes.
      </Confirm>
    </>
  );
}

const press = async (name: string) =>
  userEvent.click(await screen.findByRole('button', { name, hidden: true }));

afterEach(clear);

it('a refusal belongs to its question alone', async () => {
  await showConsole(<Two onConfirm={() => Promise.reject(new ApiError(409, 'It is in use.'))} />);
  await press('A');
  await press('Do it');
  await screen.findByText('It is in use.');
  await press('Cancel');
  await press('B');
  await screen.findByText('Delete B?');
  expect(screen.queryByText('It is in use.')).toBeNull();
});

it('stays until what was begun has ended', async () => {
  const { answer, release } = later();
  await showConsole(<Two onConfirm={answer} />);
  await press('A');
  await press('Do it');
  await press('Cancel');
  await userEvent.keyboard('{Escape}');
  expect(screen.getByText('Delete A?')).toBeTruthy();
  await release(undefined);
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull());
});
