import { describe, expect, it } from 'vitest';
import { IdempotencyKeys } from './idempotency';
import { maskEmail } from './mask-email';
import { steps } from './stages';
import { suggestDomain } from './suggest-domain';

describe('maskEmail', () => {
  it.each([
    ['ada@example.com', 'a…@example.com'],
    [' ada@example.com ', 'a…@example.com'],
    ['a@b.co', 'a…@b.co'],
    ['@example.com', '…'],
  ])('%s becomes %s', (email, masked) => expect(maskEmail(email)).toBe(masked));
});

describe('suggestDomain', () => {
  it.each([
    ['gmial.com', 'gmail.com'],
    ['gmail.con', 'gmail.com'],
    ['GMAIL.CO', 'gmail.com'],
    ['hotmial.con', 'hotmail.com'],
    ['outlok.com', 'outlook.com'],
    ['yaho.co.uk', 'yahoo.co.uk'],
  ])('%s was meant to be %s', (typed, meant) => {
    expect(suggestDomain(`ada@${typed}`)?.meant).toBe(meant);
  });

  it.each(['gmail.com', 'mail.com', 'ymail.com', 'hotmail.de', 'goal.com', 'example.com', 'b.co'])(
    '%s is left alone',
    (domain) => expect(suggestDomain(`ada@${domain}`)).toBeNull(),
  );
});

describe('IdempotencyKeys', () => {
  const ada = { name: 'Ada', surname: 'Lovelace', email: 'ada@example.com' };

  it('keeps the key for the same values and changes it with them', () => {
    const keys = new IdempotencyKeys();
    const first = keys.keyFor(ada);
    expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(keys.keyFor({ ...ada })).toBe(first);
    expect(keys.keyFor({ ...ada, name: 'Augusta' })).not.toBe(first);
    expect(keys.keyFor(ada)).not.toBe(first);
  });
});

describe('steps', () => {
  const states = (status: Parameters<typeof steps>[0]['status']) =>
    steps({ status, timeline: [] }).map(({ stage, state }) => `${stage} ${state}`);

  it('marks what is done, under way and to come', () => {
    expect(states('stored')).toEqual([
      'accepted done',
      'stored done',
      'email_sent current',
      'confirmed waiting',
    ]);
  });

  it('puts a failed e-mail in its place, with nothing under way after it', () => {
    expect(states('email_failed')).toEqual([
      'accepted done',
      'stored done',
      'email_failed failed',
      'confirmed waiting',
    ]);
  });
});
