import { t } from '@/shared/i18n/console';
import { EmptyState, NothingMatches } from '@/shared/ui/states';

/** No dead letters: none at all, or none of those that are looked for, where there is something to clear. */
export function NoLetters({ onClear }: { onClear?: () => void }) {
  if (!onClear) return <EmptyState title={t.deadLetters.empty} text={t.deadLetters.emptyText} />;
  return (
    <NothingMatches
      title={t.deadLetters.nothing}
      text={t.deadLetters.nothingText}
      onClear={onClear}
    />
  );
}
