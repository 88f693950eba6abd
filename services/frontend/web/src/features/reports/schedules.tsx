import { Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Schedule } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { list, weekdayTime } from '@/shared/i18n/console/format';
import { ChangeButton } from '@/shared/session/change-button';
import { Confirm } from '@/shared/ui/confirm';
import { Facts } from '@/shared/ui/facts';
import { tell, tellError } from '@/shared/ui/notify';
import { Panel } from '@/shared/ui/panel';
import { EmptyState, Failure, Stale } from '@/shared/ui/states';
import { When } from '@/shared/ui/when';
import { deleteSchedule, runSchedule, schedulesQuery } from './api';
import { inWords } from './cron';
import { ReportForm } from './report-form';

/** The schedules: when each runs, in words and as its next five times. */
export function Schedules() {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(schedulesQuery);
  const [changing, setChanging] = useState<Schedule | null>(null);
  const [deleting, setDeleting] = useState<Schedule | null>(null);
  if (error && !data) return <Failure error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={160} />;
  return (
    <Stack>
      {error && <Stale onRetry={refetch} />}
      {data.items.length === 0 && (
        <Paper withBorder>
          <EmptyState title={t.reports.schedulesEmpty} text={t.reports.schedulesEmptyText} />
        </Paper>
      )}
      {data.items.map((schedule) => (
        <ScheduleCard
          key={schedule.schedule_id}
          schedule={schedule}
          onChange={() => setChanging(schedule)}
          onDelete={() => setDeleting(schedule)}
        />
      ))}
      <Panel
        opened={changing !== null}
        onClose={() => setChanging(null)}
        title={t.reports.editSchedule(changing?.report_name ?? '')}
      >
        {changing && (
          <ReportForm kind="schedule" schedule={changing} onDone={() => setChanging(null)} />
        )}
      </Panel>
      <Confirm
        opened={deleting !== null}
        onClose={() => setDeleting(null)}
        title={t.reports.scheduleDeleteTitle(deleting?.report_name ?? '')}
        button={t.reports.scheduleDeleteButton}
        onConfirm={async () => {
          if (deleting) await deleteSchedule(deleting.schedule_id);
          await client.invalidateQueries({ queryKey: schedulesQuery.queryKey });
        }}
      >
        {t.reports.scheduleDeleteText}
      </Confirm>
    </Stack>
  );
}

type CardProps = { schedule: Schedule; onChange: () => void; onDelete: () => void };

function ScheduleCard({ schedule, onChange, onDelete }: CardProps) {
  const client = useQueryClient();
  const format = (schedule.report as { format?: keyof typeof t.reports.formats }).format;

  async function run() {
    try {
      await runSchedule(schedule.schedule_id);
      tell(t.reports.ran);
      await client.invalidateQueries({ queryKey: ['schedules'] });
    } catch (error) {
      tellError(error);
    }
  }

  return (
    <Paper withBorder p="lg" component="section">
      <Stack>
        <Group justify="space-between" align="flex-start">
          <div>
            <Title order={2} size="h4" dir="auto" className="breakable">
              {schedule.report_name}
            </Title>
            <Text c="dimmed">
              {inWords(schedule.cron)} {t.reports.inZone(schedule.timezone)}
              {format && ` · ${t.reports.formats[format]}`}
              {!schedule.enabled && ` · ${t.reports.off}`}
            </Text>
          </div>
          <Group gap="xs">
            <ChangeButton variant="default" size="xs" onClick={run}>
              {t.reports.run}
            </ChangeButton>
            <ChangeButton variant="default" size="xs" onClick={onChange}>
              {t.reports.change}
            </ChangeButton>
            <ChangeButton variant="subtle" color="danger" size="xs" onClick={onDelete}>
              {t.reports.delete}
            </ChangeButton>
          </Group>
        </Group>
        <Facts
          items={[
            [t.reports.nextRuns, <Runs key="runs" schedule={schedule} />],
            [
              t.reports.lastRun,
              schedule.last_run_at ? (
                <span key="last">
                  <When at={schedule.last_run_at} />
                  {schedule.last_status && `, ${t.reports.statuses[schedule.last_status]}`}
                </span>
              ) : (
                t.reports.neverRan
              ),
            ],
            ...(schedule.deliver_to.length > 0
              ? [[t.reports.deliverTo, list(schedule.deliver_to)] as [string, string]]
              : []),
          ]}
        />
      </Stack>
    </Paper>
  );
}

function Runs({ schedule: { next_runs: runs, timezone } }: { schedule: Schedule }) {
  if (runs.length === 0) return t.reports.noRuns;
  return (
    <ol className="plain-list tabular">
      {runs.map((at) => (
        <li key={at}>
          <time dateTime={at}>{weekdayTime(at, timezone)}</time>
        </li>
      ))}
    </ol>
  );
}
