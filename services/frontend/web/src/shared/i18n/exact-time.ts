import { locale } from './language';

/** The full date, time and zone, for a tooltip. */
export const exactTime = (at: string): string =>
  new Date(at).toLocaleString(locale(), { dateStyle: 'full', timeStyle: 'long', hourCycle: 'h23' });
