import { expect, it } from 'vitest';
import { COLUMNS, choicesOf } from './column-picker';

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
