import { describe, expect, it } from 'vitest';
import { inWords } from './cron';

describe('a cron expression in words', () => {
  it.each([
    ['* * * * *', 'Every minute'],
    ['*/15 * * * *', 'Every 15 minutes'],
    ['5 * * * *', 'Every hour at minute 5'],
    ['0 7 * * *', 'Every day at 07:00'],
    ['30 7 * * MON-FRI', 'On Monday, Tuesday, Wednesday, Thursday and Friday at 07:30'],
    ['30 7 * * 1,5', 'On Monday and Friday at 07:30'],
    ['0 0 * * 7', 'On Sunday at 00:00'],
    ['0 0 * * sun', 'On Sunday at 00:00'],
    ['0 7 1 * *', 'On day 1 of the month at 07:00'],
  ])('%s', (cron, words) => {
    expect(inWords(cron)).toBe(words);
  });

  it.each([
    '',
    '0 7',
    '0 7 1 1 *',
    '0-5 7 * * *',
    '0 7 * * MO-FR',
    '0 7 * * FRI-MON',
    '0 7 1 * MON',
  ])('what is unusual speaks for itself: %s', (cron) => {
    expect(inWords(cron)).toBe(`By ${cron}`);
  });
});
