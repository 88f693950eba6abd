import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { text } from '@/shared/i18n/text';

const page = (name: string) => readFileSync(`pages/${name}.html`, 'utf8');
const { form, sent } = text;

describe('the pages that the server renders say the same as the script', () => {
  it.each([
    [
      'form',
      [form.heading, form.lede, form.submit, form.errorPrefix, ...Object.values(form.fields)],
    ],
    [
      'registered',
      [
        ...[sent.accepted, sent.confirmed, sent.undeliverable].flatMap(Object.values),
        ...[sent.timelineLabel, sent.confirmHint, sent.advice, sent.lookAgain, sent.another],
        ...Object.values(sent.stages),
      ],
    ],
    ['confirmed', [sent.confirmed.heading, sent.confirmed.lede]],
  ])('%s', (name, words) => {
    for (const word of words) expect(page(name)).toContain(word);
  });
});
