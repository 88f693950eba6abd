import { useSyncExternalStore } from 'react';
import type { Overview } from '../api/types';

type Live = { overview: Overview | null; connected: boolean };

/** How long to wait after the server has refused, in milliseconds; a cut connection is resumed sooner. */
const PAUSE = 5_000;

let live: Live = { overview: null, connected: true };
let source: EventSource | null = null;
let pause: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();
const refusals = new Set<() => void>();

function set(next: Live) {
  live = next;
  for (const listener of listeners) listener();
}

function connect() {
  source = new EventSource('/api/admin/events');
  source.addEventListener('overview', ({ data }) => {
    set({ overview: JSON.parse(data), connected: true });
  });
  source.onerror = () => {
    set({ ...live, connected: false });
    // The browser resumes what was cut, and gives up where it was refused.
    if (source?.readyState !== EventSource.CLOSED) return;
    for (const refused of refusals) refused();
    pause = setTimeout(connect, PAUSE);
  };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!source) connect();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearTimeout(pause);
    source?.close();
    source = null;
    live = { overview: null, connected: true };
  };
}

/** The state of the whole, as the server tells it every few seconds. */
export function useLive(): Live {
  return useSyncExternalStore(subscribe, () => live);
}

/** Told when the server refuses to tell more: the session may have ended. */
export function onRefusal(listener: () => void): () => void {
  refusals.add(listener);
  return () => refusals.delete(listener);
}
