import { screen } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, expect, it } from 'vitest';
import { clear, showConsole } from '@/shared/testing/console';
import { COLUMNS, ColumnPicker, choicesOf } from './column-picker';

const chosen = (columns?: string[]) =>
  choicesOf(columns)
    .filter((choice) => choice.chosen)
    .map(({ name }) => name);

it('begins with the columns that a report has by itself', () => {
  expect(chosen()).toEqual(['id', 'name', 'surname', 'email', 'created_at', 'updated_at']);
});

it('keeps the order that was chosen, and offers the others behind', () => {
  const columns = ['email', 'confirmed_at', 'id'];
  expect(chosen(columns)).toEqual(columns);
  expect(
    choicesOf(columns)
      .map(({ name }) => name)
      .sort(),
  ).toEqual([...COLUMNS].sort());
  expect(
    choicesOf(columns)
      .slice(0, 3)
      .map(({ name }) => name),
  ).toEqual(columns);
});

afterEach(clear);

it('a column that arrives at the top keeps the focus, and it is said where it is', async () => {
  function Picker() {
    const [value, setValue] = useState(() => choicesOf(null));
    return <ColumnPicker value={value} onChange={setValue} />;
  }
  await showConsole(<Picker />);
  const up = screen.getByRole('button', { name: 'Move First name up' });
  await userEvent.click(up);
  expect(screen.getByRole('status').textContent).toBe('First name is number 1 of 8 now.');
  expect(up.getAttribute('aria-disabled')).toBe('true');
  expect(document.activeElement).toBe(up);
  expect(screen.getByRole('group', { name: 'Columns' })).toBeTruthy();
});
