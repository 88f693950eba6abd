import type { RegistrationStatus } from '../model/stages';
import { getRegistration } from './get-registration';

const FIRST_DELAY = 400;
const LONGEST_DELAY = 5_000;
const GROWTH = 1.5;
/** One lost answer is nothing to speak of. */
const MISSES_BEFORE_LOST = 2;

export type Connection = 'live' | 'lost' | 'stopped';

type Listener = {
  onStatus(registration: RegistrationStatus): void;
  onConnection(connection: Connection): void;
};

/**
 * Asks for the status again and again, less often as time goes by and not while the tab is hidden,
 * until the address is confirmed or `until` (milliseconds since the epoch). Returns how to stop.
 */
export function followRegistration(
  statusUrl: string,
  until: number,
  { onStatus, onConnection }: Listener,
): () => void {
  const stopper = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let delay = FIRST_DELAY;
  let misses = 0;
  let paused = false;

  async function ask() {
    timer = undefined;
    if (Date.now() >= until) return end('stopped');
    const outcome = await getRegistration(statusUrl, stopper.signal);
    if (stopper.signal.aborted) return;
    if (outcome.kind === 'unknown') return end('stopped');

    let wait = 0;
    if (outcome.kind === 'found') {
      misses = 0;
      onStatus(outcome);
      onConnection('live');
      if (outcome.status === 'confirmed') return end('live');
    } else {
      misses += 1;
      wait = outcome.retryAfter * 1000;
      if (misses >= MISSES_BEFORE_LOST) onConnection('lost');
    }
    askIn(Math.max(delay, wait));
    delay = Math.min(delay * GROWTH, LONGEST_DELAY);
  }

  function askIn(milliseconds: number) {
    paused = document.hidden;
    if (!paused) timer = setTimeout(ask, milliseconds);
  }

  function onVisibility() {
    if (document.hidden) {
      // An answer under way decides for itself when it arrives.
      if (timer !== undefined) paused = true;
      clearTimeout(timer);
      timer = undefined;
    } else if (paused) {
      paused = false;
      ask();
    }
  }

  function end(connection: Connection) {
    document.removeEventListener('visibilitychange', onVisibility);
    onConnection(connection);
  }

  document.addEventListener('visibilitychange', onVisibility);
  askIn(delay);
  return () => {
    clearTimeout(timer);
    stopper.abort();
    document.removeEventListener('visibilitychange', onVisibility);
  };
}
