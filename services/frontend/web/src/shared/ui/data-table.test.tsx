import { screen } from '@testing-library/react';
import { afterEach, expect, it } from 'vitest';
import { clear, showConsole } from '../testing/console';
import { DataTable } from './data-table';

afterEach(clear);

it('what is on its way has the shape of what is to come', async () => {
  await showConsole(
    <DataTable
      label="People"
      columns={[
        { id: 'name', header: 'Name', cell: () => 'Ada' },
        { id: 'email', header: 'E-mail', cell: () => 'ada@example.com', meta: { from: 'sm' } },
      ]}
      rows={undefined}
      rowId={String}
      error={null}
      onRetry={() => {}}
      empty={null}
    />,
  );
  const [head, first] = screen.getByRole('table').querySelectorAll('tr');
  const looks = (row: Element | undefined) =>
    Array.from(row?.children ?? [], (cell) => cell.classList.contains('mantine-visible-from-sm'));
  expect(looks(first)).toEqual(looks(head));
  expect(looks(first)).toEqual([false, true]);
});
