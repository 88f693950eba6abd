import { useEffect } from 'react';

/** How to give up what is not saved yet, for each place that has something. */
const unsaved = new Set<() => void>();

/** Lets others ask before what is entered here is lost. */
export function useUnsaved(changed: boolean, discard: () => void) {
  useEffect(() => {
    if (!changed) return;
    unsaved.add(discard);
    return () => {
      unsaved.delete(discard);
    };
  }, [changed, discard]);
}

export const hasUnsaved = (): boolean => unsaved.size > 0;

export function discardUnsaved() {
  for (const discard of unsaved) discard();
}
