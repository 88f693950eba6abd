import { sessionStore } from '@/shared/lib/session-store';
import { FIELDS, type Values } from './values';

const KEY = 'userstream.receipt';

/** A registration that the server has taken, and what it was made of. */
export type Receipt = {
  id: string;
  statusUrl: string;
  values: Values;
  /** Milliseconds since the epoch. */
  sentAt: number;
  /** Whether it only asked for another e-mail. */
  again?: boolean;
};

/** How long the page follows a registration. */
export const FOLLOW_FOR = 30 * 60_000;

/**
 * Remembers the receipt in this tab: phones drop the page while its owner reads the e-mail, and
 * who comes back must not find an empty form.
 */
export const receiptStore = {
  read(now: number): Receipt | null {
    const stored = sessionStore.read(KEY);
    return isReceipt(stored) && now - stored.sentAt < FOLLOW_FOR ? stored : null;
  },

  write(receipt: Receipt): void {
    sessionStore.write(KEY, receipt);
  },

  clear(): void {
    sessionStore.remove(KEY);
  },
};

function isReceipt(stored: unknown): stored is Receipt {
  const receipt = stored as Partial<Receipt> | null;
  return (
    typeof receipt?.id === 'string' &&
    typeof receipt.statusUrl === 'string' &&
    typeof receipt.sentAt === 'number' &&
    FIELDS.every((field) => typeof receipt.values?.[field] === 'string')
  );
}
