import { afterEach, describe, expect, it } from 'vitest';
import { ar } from './ar';
import { de } from './de';
import { en } from './en';
import { bytes, duration, percent, relative, weekday } from './format';

const speak = (language: string) => {
  document.documentElement.lang = language;
};

afterEach(() => speak('en'));

describe('figures', () => {
  it('a share never reads as more than it is', () => {
    expect(percent(9997, 10_000)).toBe('99.9%');
    expect(percent(3, 3)).toBe('100%');
    expect(percent(1, 3)).toBe('33.3%');
    expect(percent(0, 0)).toBe('–');
  });

  it('sizes are told in their own unit', () => {
    expect([0, 999, 1_400_000].map(bytes)).toEqual(['0 byte', '999 byte', '1.4 MB']);
  });

  it('times are told from now, in the language of the page', () => {
    const now = Date.parse('2026-05-06T07:08:09Z');
    expect(relative('2026-05-06T07:08:00Z', now)).toBe('just now');
    expect(relative('2026-05-06T07:05:00Z', now)).toBe('3 minutes ago');
    expect(relative('2026-05-07T08:05:00Z', now)).toBe('in 1 day');
    expect(relative('2026-05-04T08:08:09Z', now), '47 hours are not “yesterday”').toBe('1 day ago');
    speak('de');
    expect(relative('2026-05-06T07:05:00Z', now)).toBe('vor 3 Minuten');
    expect(weekday(1)).toBe('Montag');
    expect(duration(121)).toBe('3 Minuten');
  });
});

/** The words that are functions are called with samples, the others are looked at. */
function texts(words: object, path = ''): [string, string][] {
  return Object.entries(words).flatMap(([name, value]) => {
    const at = `${path}.${name}`;
    if (typeof value === 'object') return texts(value, at);
    const text = typeof value === 'function' ? value(3, '3') : value;
    return [[at, String(text)]];
  });
}

it.each(Object.entries({ de, ar }))('%s says everything in words of its own', (_, words) => {
  const english = new Map(texts(en));
  for (const [path, text] of texts(words)) {
    expect(text.trim(), path).not.toBe('');
    // Services and formats have one name everywhere.
    const isName = /^\.(brand|overview\.names|reports\.formats)/.test(path);
    if (!isName && text.length > 8) expect(text, path).not.toBe(english.get(path));
  }
});
