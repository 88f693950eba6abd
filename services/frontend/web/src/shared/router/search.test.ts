import { expect, it } from 'vitest';
import { asDate, asFlag, asOneOf, asText, asWhole } from './search';

it('what does not fit in the address bar is as if it were not there', () => {
  const raw = { q: 7, flag: 'yes', open: 1.5, from: '2026-13-01', to: '2026-02-03', status: 'odd' };
  expect(asText(raw, 'q')).toEqual({ q: '7' });
  expect(asText({ q: '' }, 'q')).toEqual({});
  expect(asFlag(raw, 'flag')).toEqual({});
  expect(asFlag({ flag: false }, 'flag')).toEqual({ flag: false });
  expect(asWhole(raw, 'open')).toEqual({});
  expect(asDate(raw, 'from')).toEqual({});
  expect(asDate(raw, 'to')).toEqual({ to: '2026-02-03' });
  expect(asOneOf(raw, 'status', ['sent'])).toEqual({});
});
