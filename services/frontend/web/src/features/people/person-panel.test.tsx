import { screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import german from '@validation/messages.de.json';
import { afterEach, expect, it } from 'vitest';
import { speak } from '@/shared/i18n/console';
import { clear, problem, serve, showConsole } from '@/shared/testing/console';
import { PersonPanel } from './person-panel';

const ada = {
  id: 1,
  name: 'Ada',
  surname: 'Lovelace',
  email: 'ada@example.com',
  created_at: '2026-01-02T03:04:05Z',
  updated_at: '2026-01-02T03:04:05Z',
};

afterEach(async () => {
  await speak('en');
  clear();
});

it("another's change is not overwritten unseen", async () => {
  let stored = { ...ada, version: 1 };
  serve({
    'GET /users/1': () => Response.json(stored, { headers: { ETag: `"${stored.version}"` } }),
    'PUT /users/1': async (request) => {
      if (request.headers.get('If-Match') !== `"${stored.version}"`)
        return problem(412, 'Changed.');
      stored = { ...stored, ...((await request.json()) as object), version: stored.version + 1 };
      return stored;
    },
  });
  const { client } = await showConsole(<PersonPanel id={1} onClose={() => {}} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Edit' }));
  const surname = screen.getByLabelText<HTMLInputElement>('Surname');
  await userEvent.clear(surname);
  await userEvent.type(surname, 'Byron');

  stored = { ...stored, email: 'king@example.com', version: 2 };
  await client.refetchQueries({ queryKey: ['person', 1] });
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await screen.findByText(/Someone else has changed this person/);
  expect(stored.email).toBe('king@example.com');

  expect(surname.value, 'the change is entered again').toBe('Lovelace');
  await userEvent.clear(surname);
  await userEvent.type(surname, 'Byron');
  await userEvent.click(screen.getByRole('button', { name: 'Save' }));
  await screen.findByRole('heading', { name: 'Ada Byron' });
  expect(stored).toMatchObject({ surname: 'Byron', email: 'king@example.com' });
});

it('what a field lacks is said in the language of the page', async () => {
  await speak('de');
  const errors = [{ field: 'name', code: 'required', message: 'Enter your first name.' }];
  serve({
    'GET /users/1': () => ada,
    'PUT /users/1': () => problem(422, 'Not valid.', { errors }),
  });
  await showConsole(<PersonPanel id={1} onClose={() => {}} />);
  await userEvent.click(await screen.findByRole('button', { name: 'Bearbeiten' }));
  await userEvent.click(screen.getByRole('button', { name: 'Speichern' }));
  expect(await screen.findByText(german['name.required'])).toBeTruthy();
});
