import { useSyncExternalStore } from 'react';
import { t } from '../i18n/console';
import { relative } from '../i18n/console/format';
import { exactTime } from '../i18n/exact-time';

const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

/** One clock for all times on a page. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const tell of listeners) tell();
  }, 15_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** A time as it is from now, and exactly on hover. */
export function When({ at }: { at: string | null | undefined }) {
  const seen = useSyncExternalStore(subscribe, () => now);
  if (!at) return t.time.never;
  return (
    <time dateTime={at} title={exactTime(at)}>
      {relative(at, Math.max(seen, Date.now()))}
    </time>
  );
}
