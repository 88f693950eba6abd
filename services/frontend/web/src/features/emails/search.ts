import type { NotificationStatus } from '@/shared/api/types';
import { asCursor, asOneOf, asText } from '@/shared/router/search';

export const STATUSES = ['queued', 'sending', 'sent', 'retrying', 'failed'] as const;

export type EmailsSearch = { status?: NotificationStatus; cursor?: string; open?: string };

export function validateEmailsSearch(raw: Record<string, unknown>): EmailsSearch {
  return { ...asOneOf(raw, 'status', STATUSES), ...asCursor(raw), ...asText(raw, 'open') };
}
