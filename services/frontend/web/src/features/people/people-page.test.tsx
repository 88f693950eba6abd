import { fireEvent, screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, expect, it, vi } from 'vitest';
import { clear, problem, serve, showConsole } from '@/shared/testing/console';
import { PeoplePage } from './people-page';
import type { PeopleSearch } from './search';

const onSearch = vi.fn();
const last = () => onSearch.mock.lastCall?.[0];
const later = () => new Promise((resolve) => setTimeout(resolve, 300));

function Page({ initial = {} }: { initial?: PeopleSearch }) {
  const [search, setSearch] = useState<PeopleSearch>(initial);
  return (
    <>
      <PeoplePage
        search={search}
        onSearch={(next, how) => {
          onSearch(next, how);
          setSearch(next);
        }}
        onExport={() => {}}
      />
      <button type="button" onClick={() => setSearch((old) => ({ ...old, open: 1 }))}>
        Open the row
      </button>
    </>
  );
}

const nobody = { 'GET /users': () => ({ items: [] }) };
const field = () => screen.getByRole<HTMLInputElement>('searchbox');

afterEach(() => {
  onSearch.mockReset();
  clear();
});

it('filters that are cleared stay so, whatever was typed before', async () => {
  serve({ ...nobody });
  await showConsole(<Page initial={{ confirmed: true }} />);
  const button = screen.getAllByRole('button', { name: 'Clear filters' })[0] as Element;
  fireEvent.change(field(), { target: { value: 'ada' } });
  fireEvent.click(button);
  await later();
  expect(last()).toEqual({});
  expect(field().value).toBe('');
});

it('a row that is opened stays open, whatever was typed before', async () => {
  serve({ ...nobody });
  await showConsole(<Page />);
  const button = screen.getByRole('button', { name: 'Open the row' });
  fireEvent.change(field(), { target: { value: 'ada' } });
  fireEvent.click(button);
  await later();
  expect(onSearch).not.toHaveBeenCalled();
  expect(screen.getByRole('dialog')).toBeTruthy();
});

it('a date that is typed is no place to go back to', async () => {
  serve({ ...nobody });
  await showConsole(<Page />);
  await userEvent.type(screen.getByLabelText('From'), '2026-01-02');
  expect(onSearch).toHaveBeenLastCalledWith({ from: '2026-01-02' }, { replace: true });
});

it('says that what is seen is from before, where it could not be refreshed', async () => {
  const { answers } = serve({ ...nobody });
  const { client } = await showConsole(<Page />);
  await screen.findByText('Nobody yet');
  answers['GET /users'] = () => problem(500, 'Broken.');
  await client.refetchQueries({ queryKey: ['people'] });
  await screen.findByText(/This could not be refreshed/);
  Object.assign(answers, nobody);
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  await waitFor(() => expect(screen.queryByText(/This could not be refreshed/)).toBeNull());
});
