import { pageLanguage } from './language';
import { text } from './text';

/** Regions with a 24-hour clock, where the language alone does not say. */
const LOCALES = { en: 'en-GB', de: 'de', ar: 'ar' } as const;

/** `21:04:03` in the person's own time zone. */
export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString(LOCALES[pageLanguage()], { hourCycle: 'h23' });
}

/** The full date, time and zone, for a tooltip. */
export function exactTime(at: string): string {
  const locale = LOCALES[pageLanguage()];
  return new Date(at).toLocaleString(locale, { dateStyle: 'full', timeStyle: 'long' });
}

/** A wait in words: seconds up to two minutes, whole minutes (rounded up) beyond. */
export function duration(seconds: number): string {
  return seconds <= 120
    ? text.duration.seconds(seconds)
    : text.duration.minutes(Math.ceil(seconds / 60));
}
