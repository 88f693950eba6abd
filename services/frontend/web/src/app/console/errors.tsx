import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { t } from '@/shared/i18n/console';
import { useTitle } from '@/shared/ui/page';
import { EmptyState } from '@/shared/ui/states';

export function NotFound() {
  useTitle(t.errors.gone);
  return (
    <main>
      <EmptyState
        order={1}
        title={t.errors.gone}
        text={t.errors.goneText}
        action={
          <Button renderRoot={(props) => <Link to="/" {...props} />}>{t.errors.toOverview}</Button>
        }
      />
    </main>
  );
}

/** A mistake of ours; most often a new version whose files this page does not know. */
export function Crashed() {
  useTitle(t.errors.crashed);
  return (
    <main>
      <EmptyState
        order={1}
        title={t.errors.crashed}
        text={t.errors.crashedText}
        action={<Button onClick={() => location.reload()}>{t.errors.reload}</Button>}
      />
    </main>
  );
}
