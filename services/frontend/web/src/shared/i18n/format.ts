import { locale } from './language';
import { text } from './text';

/** `21:04:03` in the person's own time zone. */
export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString(locale(), { hourCycle: 'h23' });
}

/** A wait in words: seconds up to two minutes, whole minutes (rounded up) beyond. */
export function duration(seconds: number): string {
  return seconds <= 120
    ? text.duration.seconds(seconds)
    : text.duration.minutes(Math.ceil(seconds / 60));
}
