import type { SubmitOutcome } from '../api/submit-registration';

/** Why a registration was not taken, and from when on (milliseconds since the epoch) to try again. */
export type Failure = {
  kind: 'limited' | 'unavailable' | 'unreachable' | 'offline' | 'failed' | 'trapped';
  until: number | null;
  requestId: string | null;
};

type Refusal = Exclude<SubmitOutcome, { kind: 'accepted' | 'invalid' }>;

export function failureOf(outcome: Refusal): Failure {
  switch (outcome.kind) {
    case 'limited':
    case 'unavailable':
      return {
        kind: outcome.kind,
        until: Date.now() + outcome.retryAfter * 1000,
        requestId: null,
      };
    case 'unreachable':
      return { kind: navigator.onLine ? 'unreachable' : 'offline', until: null, requestId: null };
    case 'failed':
      return { kind: 'failed', until: null, requestId: outcome.requestId };
  }
}
