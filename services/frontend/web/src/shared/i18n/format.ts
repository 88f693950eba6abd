import { text } from './text';

/** `21:04:03` in the person's own time zone. */
export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString('en-GB', { hourCycle: 'h23' });
}

/** The full date, time and zone, for a tooltip. */
export function exactTime(at: string): string {
  return new Date(at).toLocaleString('en-GB', { dateStyle: 'full', timeStyle: 'long' });
}

/** A wait in words: seconds up to two minutes, whole minutes (rounded up) beyond. */
export function duration(seconds: number): string {
  return seconds <= 120
    ? text.duration.seconds(seconds)
    : text.duration.minutes(Math.ceil(seconds / 60));
}
