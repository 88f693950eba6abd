import { t } from '@/shared/i18n/console';
import { list, number, wallClock, weekday } from '@/shared/i18n/console/format';

const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

/** What the usual cron expressions mean, in words; an unusual one speaks for itself. */
export function inWords(cron: string): string {
  const [minute = '', hour = '', day = '', month = '', weekdays = '', ...more] = cron
    .trim()
    .toUpperCase()
    .split(/\s+/);
  const other = t.cron.other(cron);
  if (more.length > 0 || month !== '*') return other;
  const anyDay = day === '*' && weekdays === '*';
  if (hour === '*' && anyDay) {
    if (minute === '*') return t.cron.everyMinute;
    const step = /^\*\/(\d+)$/.exec(minute)?.[1];
    if (step) return t.cron.everyMinutes(number(Number(step)));
    return isNumber(minute) ? t.cron.hourly(number(Number(minute))) : other;
  }
  if (!isNumber(minute) || !isNumber(hour)) return other;
  const time = wallClock(Number(hour), Number(minute));
  if (anyDay) return t.cron.daily(time);
  if (day === '*') {
    const days = weekdays.split(',').flatMap(range);
    return days.includes(-1) ? other : t.cron.weekly(list(days.map(weekday)), time);
  }
  return weekdays === '*' && isNumber(day) ? t.cron.monthly(number(Number(day)), time) : other;
}

const isNumber = (text: string) => /^\d+$/.test(text);

/** The weekdays of `MON-FRI`, `1-5`, `SUN` or `7`; -1 for what is none. */
function range(text: string): number[] {
  const [first = '', last = first, ...more] = text.split('-');
  const [from, to] = [dayNumber(first), dayNumber(last)];
  if (more.length > 0 || from < 0 || to < from) return [-1];
  return Array.from({ length: to - from + 1 }, (_, n) => (from + n) % 7);
}

function dayNumber(text: string): number {
  return /^[0-7]$/.test(text) ? Number(text) : DAYS.indexOf(text);
}
