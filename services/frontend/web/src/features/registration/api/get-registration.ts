import { call } from '@/shared/http/answer';
import { isStage, type RegistrationStatus, type TimelineEntry } from '../model/stages';

export type StatusOutcome =
  | ({ kind: 'found' } & RegistrationStatus)
  | { kind: 'unknown' }
  | { kind: 'unreachable'; retryAfter: number };

/** `GET /api/registrations/{id}`, by the address that the answer to the form named. */
export async function getRegistration(
  statusUrl: string,
  signal: AbortSignal,
): Promise<StatusOutcome> {
  const answer = await call(statusUrl, { signal, cache: 'no-store' });
  if (answer.kind === 'unreachable') return { kind: 'unreachable', retryAfter: 0 };
  if (answer.kind === 'problem') {
    if (answer.status === 404) return { kind: 'unknown' };
    // Only a refusal for being too quick says when to come back.
    return { kind: 'unreachable', retryAfter: answer.status === 429 ? answer.retryAfter : 0 };
  }
  const { status, timeline } = answer.body;
  if (!isStage(status)) return { kind: 'unreachable', retryAfter: 0 };
  return { kind: 'found', status, timeline: readTimeline(timeline) };
}

function readTimeline(timeline: unknown): TimelineEntry[] {
  if (!Array.isArray(timeline)) return [];
  return timeline.flatMap(({ stage, at } = {}) =>
    isStage(stage) ? [{ stage, at: isTime(at) ? at : null }] : [],
  );
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
