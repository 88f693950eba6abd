import { useEffect, useState } from 'react';

/** Whole seconds until a moment (milliseconds since the epoch), ticking down to 0. */
export function useCountdown(until: number | null): number {
  const [, tick] = useState(0);
  const left = until === null ? 0 : Math.max(0, Math.ceil((until - Date.now()) / 1000));
  const running = left > 0;

  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => tick((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, [running]);

  return left;
}
