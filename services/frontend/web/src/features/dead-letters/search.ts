import { asCursor, asOneOf, asText } from '@/shared/router/search';

export const QUEUES = ['user.registration', 'email.notifications', 'report.requests'] as const;

export type DeadLettersSearch = {
  queue?: string;
  /** Shows the messages of a cause one by one; all of them where it is empty. */
  cause?: string;
  view?: 'messages';
  cursor?: string;
  open?: string;
};

export function validateDeadLettersSearch(raw: Record<string, unknown>): DeadLettersSearch {
  return {
    ...asOneOf(raw, 'queue', QUEUES),
    ...asOneOf(raw, 'view', ['messages'] as const),
    ...asText(raw, 'cause'),
    ...asCursor(raw),
    ...asText(raw, 'open'),
  };
}
