import { expect, it } from 'vitest';
import { asFilters, asQuery } from './filters';

it('days are those of the person, and the last one counts', () => {
  const query = asQuery({ q: 'ada', confirmed: false, from: '2026-03-28', to: '2026-03-29' });
  expect(query.created_from).toBe(new Date(2026, 2, 28).toISOString());
  expect(query.created_to).toBe(new Date(2026, 2, 30).toISOString());
  expect(query).toMatchObject({ q: 'ada', confirmed: false });
});

it('what is kept is shown again as it was entered', () => {
  for (const filters of [
    {},
    { q: 'ada' },
    { confirmed: true, from: '2026-10-25', to: '2026-10-25' },
  ]) {
    expect(asFilters(asQuery(filters))).toEqual(filters);
  }
});

it('a day that was not touched stays the moment that was kept', () => {
  const kept = { created_from: '2026-03-28T01:02:03Z', created_to: '2026-03-29T04:05:06Z' };
  const filters = asFilters(kept);
  expect(asQuery({ ...filters, q: 'ada' }, kept)).toEqual({ ...kept, q: 'ada' });
  const query = asQuery({ ...filters, to: '2026-04-01' }, kept);
  expect(query.created_from).toBe(kept.created_from);
  expect(query.created_to).toBe(new Date(2026, 3, 2).toISOString());
});
