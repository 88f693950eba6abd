import { locale } from '../language';
import { t } from './index';

export const number = (value: number): string => value.toLocaleString(locale());

export const percent = (part: number, whole: number): string =>
  whole === 0
    ? t.none
    : (part / whole).toLocaleString(locale(), {
        style: 'percent',
        // 99.97 % must not read as all of them.
        maximumFractionDigits: part > 0 && part < whole ? 1 : 0,
        roundingMode: 'trunc',
      } as Intl.NumberFormatOptions);

/** `1.4 MB` */
export function bytes(value: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;
  const step = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), units.length - 1);
  return (value / 1000 ** step).toLocaleString(locale(), {
    style: 'unit',
    unit: units[step] ?? 'byte',
    unitDisplay: 'short',
    maximumFractionDigits: step === 0 ? 0 : 1,
  });
}

/** `27 Nov 2026, 21:04`, in a zone if one is named. */
export const dateTime = (at: string, timeZone?: string): string =>
  new Date(at).toLocaleString(locale(), {
    dateStyle: 'medium',
    timeStyle: 'short',
    hourCycle: 'h23',
    ...(timeZone ? { timeZone } : {}),
  });

/** `Mon, 27 Nov 2026, 21:04` in a zone. */
export const weekdayTime = (at: string, timeZone: string): string =>
  new Date(at).toLocaleString(locale(), {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone,
  });

export const clock = (at: string | number): string =>
  new Date(at).toLocaleTimeString(locale(), {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });

export const clockSeconds = (at: string): string =>
  new Date(at).toLocaleString(locale(), {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
];

/** `3 minutes ago`, `in 2 hours`. */
export function relative(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) {
      const value = Math.trunc(seconds / size);
      // Whole days of 24 hours are none of the calendar: no “yesterday”.
      return new Intl.RelativeTimeFormat(locale(), { numeric: 'always' }).format(value, unit);
    }
  }
  return t.time.justNow;
}

/** Seconds in words: `12 seconds`, `3 minutes`. */
export function duration(seconds: number): string {
  const [value, unit] = seconds < 120 ? [seconds, 'second'] : [Math.ceil(seconds / 60), 'minute'];
  return value.toLocaleString(locale(), { style: 'unit', unit, unitDisplay: 'long' });
}

/** A weekday's name by its number, 0 being Sunday. */
export const weekday = (day: number): string =>
  new Date(Date.UTC(2026, 1, 1 + day)).toLocaleDateString(locale(), {
    weekday: 'long',
    timeZone: 'UTC',
  });

export const list = (items: string[]): string =>
  new Intl.ListFormat(locale(), { type: 'conjunction' }).format(items);

/** `07:30`, as the language writes it. */
export const wallClock = (hour: number, minute: number): string =>
  new Date(Date.UTC(2026, 0, 1, hour, minute)).toLocaleTimeString(locale(), {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
  });

/** A language's name in the language of the page. */
export const languageName = (tag: string): string =>
  new Intl.DisplayNames(locale(), { type: 'language' }).of(tag) ?? tag;
