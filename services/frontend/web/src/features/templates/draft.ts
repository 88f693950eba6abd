import type { Template } from '@/shared/api/types';
import { sessionStore } from '@/shared/lib/session-store';
import type { Draft } from './api';

const PARTS = ['subject', 'text', 'html'] as const;

/** What is being written, and the version that it began from. */
export type Work = { base: Draft & { version: number }; draft: Draft };

export const draftOf = ({ subject, text, html }: Template): Draft => ({ subject, text, html });

export const isSame = (a: Draft, b: Draft): boolean => PARTS.every((part) => a[part] === b[part]);

/** Remembers in this tab what is not saved yet, so that it outlives the session. */
export function draftStore(name: string, locale: string) {
  const key = `userstream.draft ${name} ${locale}`;
  return {
    read(): Work | null {
      const stored = sessionStore.read(key);
      return isWork(stored) ? stored : null;
    },
    write: (work: Work) => sessionStore.write(key, work),
    clear: () => sessionStore.remove(key),
  };
}

function isWork(stored: unknown): stored is Work {
  const { base, draft } = (stored ?? {}) as Partial<Work>;
  return typeof base?.version === 'number' && isDraft(base) && isDraft(draft);
}

function isDraft(stored: Partial<Draft> | undefined): stored is Draft {
  return PARTS.every((part) => typeof stored?.[part] === 'string');
}
