import { sessionStore } from '@/shared/lib/session-store';
import { FIELDS, NO_VALUES, type Values } from './values';

const KEY = 'userstream.draft';

/** What was typed survives a reload, in this tab only and until it is sent. */
export const draft = {
  read(): Values | null {
    const stored = sessionStore.read(KEY);
    if (typeof stored !== 'object' || stored === null) return null;
    const values = { ...NO_VALUES };
    for (const field of FIELDS) {
      const value = (stored as Record<string, unknown>)[field];
      if (typeof value === 'string') values[field] = value;
    }
    return values;
  },

  write(values: Values): void {
    sessionStore.write(KEY, values);
  },

  clear(): void {
    sessionStore.remove(KEY);
  },
};
