import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ar } from '@/shared/i18n/ar';
import { de } from '@/shared/i18n/de';
import { en } from '@/shared/i18n/en';
import { fillPage } from './prerender';

const pages = JSON.parse(readFileSync('pages/words.json', 'utf8'));

describe('the pages that the server renders say the same as the script', () => {
  it.each(Object.entries({ en, de, ar }))('%s', (language, { form, sent }) => {
    const { form: onForm, registered, confirmed } = pages[language];
    const { heading, lede, submit, errorPrefix, fields } = form;
    expect(onForm).toMatchObject({ heading, lede, submit, error: errorPrefix, ...fields });
    expect(registered).toMatchObject({
      accepted: sent.accepted,
      confirmed: sent.confirmed,
      undeliverable: sent.undeliverable,
      timeline: sent.timelineLabel,
      stages: sent.stages,
      states: sent.states,
      to: sent.to('{}'),
      refused: sent.refused('{}'),
      confirm_hint: sent.confirmHint,
      advice: sent.advice,
      look_again: sent.lookAgain,
      again: sent.registerAgain,
      another: sent.another,
    });
    expect(confirmed.heading).toBe(sent.confirmed.heading);
  });
});

it.each([
  ['en', 'The console needs JavaScript.'],
  ['de', 'Die Konsole braucht JavaScript.'],
  ['ar', 'تحتاج لوحة التحكم إلى JavaScript.'],
] as const)('the console says in %s that it needs script', async (language, words) => {
  const page = await fillPage('admin', readFileSync('admin.html', 'utf8'), language);
  expect(page).toContain(`<noscript>${words}`);
});
