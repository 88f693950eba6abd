import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { History } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { Failure } from '@/shared/ui/states';
import { outcomeKind, TraceItem } from '@/shared/ui/trace';
import { historyQuery } from './api';

type Happening = History['timeline'][number];

/** Everything that happened to a registration, in order, in the mail server's own words. */
export function Trace({ registrationId }: { registrationId: string }) {
  const { data, error, refetch } = useQuery(historyQuery(registrationId));
  if (error && !data) return <Failure error={error} onRetry={refetch} />;
  if (data === undefined) return <Skeleton height={160} />;
  if (data === null) return <Text c="dimmed">{t.people.historyNone}</Text>;
  return (
    <>
      {data.outcome === 'duplicate' && <Text c="dimmed">{t.people.duplicate}</Text>}
      <ol className="trace">
        {data.timeline.map((happening, n) => (
          <TraceItem
            // biome-ignore lint/suspicious/noArrayIndexKey: it only grows, at its end.
            key={n}
            at={happening.at}
            kind={kindOf(happening)}
            reply={'reply' in happening ? happening.reply : undefined}
          >
            {words(happening)}
          </TraceItem>
        ))}
      </ol>
    </>
  );
}

function words(happening: Happening) {
  switch (happening.stage) {
    case 'email_queued': {
      const { notification_type: type, notification_id: open } = happening;
      return (
        <Link to="/emails" search={{ open }} className="row-link">
          {t.people.stages.email_queued(t.emails.names[type] ?? type)}
        </Link>
      );
    }
    case 'email_attempted':
      return t.people.stages.email_attempted[happening.outcome];
    default:
      return t.people.stages[happening.stage];
  }
}

function kindOf(happening: Happening) {
  if (happening.stage === 'email_queued') return 'open';
  return happening.stage === 'email_attempted' ? outcomeKind(happening.outcome) : 'good';
}
