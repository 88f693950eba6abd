import { Button, Progress, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Report } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { bytes, number } from '@/shared/i18n/console/format';
import { ChangeButton } from '@/shared/session/change-button';
import { useMayChange } from '@/shared/session/session';
import { Confirm } from '@/shared/ui/confirm';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { tellError } from '@/shared/ui/notify';
import { Pager } from '@/shared/ui/pager';
import { type StateKind, StateText } from '@/shared/ui/state-text';
import { EmptyState } from '@/shared/ui/states';
import { When } from '@/shared/ui/when';
import { cancelReport, deleteReport, downloadUrl, isUnderWay, reportsQuery } from './api';

type Props = { cursor: string | undefined; onCursor: (cursor: string | null) => void };

/** The reports: those in the making, those that are there, and why the others are not. */
export function Files({ cursor, onCursor }: Props) {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(reportsQuery(cursor));
  const [deleting, setDeleting] = useState<Report | null>(null);
  return (
    <>
      <DataTable
        label={t.reports.title}
        columns={columns(setDeleting, () => client.invalidateQueries({ queryKey: ['reports'] }))}
        rows={data?.items}
        rowId={(report) => report.report_id}
        error={error}
        onRetry={refetch}
        empty={<EmptyState title={t.reports.empty} text={t.reports.emptyText} />}
      />
      <Pager
        shown={data?.items.length ?? 0}
        isFirst={!cursor}
        next={data?.next_cursor}
        onFirst={() => onCursor(null)}
        onNext={onCursor}
      />
      <Confirm
        opened={deleting !== null}
        onClose={() => setDeleting(null)}
        title={t.reports.deleteTitle(deleting?.report_name ?? '')}
        button={t.reports.deleteButton}
        onConfirm={async () => {
          if (deleting) await deleteReport(deleting.report_id);
          await client.invalidateQueries({ queryKey: ['reports'] });
        }}
      >
        {t.reports.deleteText}
      </Confirm>
    </>
  );
}

function columns(
  onDelete: (report: Report) => void,
  onChanged: () => Promise<void>,
): Column<Report>[] {
  return [
    {
      id: 'name',
      header: t.reports.columns.name,
      cell: ({ row: { original: report } }) => (
        <div>
          <Text fw={600} dir="auto" className="breakable">
            {report.report_name}
          </Text>
          <Text size="sm" c="dimmed">
            {t.reports.formats[report.format as keyof typeof t.reports.formats] ?? report.format}
            {report.requested_by && ` · ${t.reports.by(report.requested_by)}`}
          </Text>
        </div>
      ),
    },
    {
      id: 'status',
      header: t.reports.columns.status,
      cell: ({ row }) => <Status report={row.original} />,
    },
    {
      id: 'rows',
      header: t.reports.columns.rows,
      cell: ({ row: { original: report } }) =>
        report.status === 'done' ? number(report.record_count ?? 0) : t.none,
      meta: { end: true, from: 'md' },
    },
    {
      id: 'size',
      header: t.reports.columns.size,
      cell: ({ row }) =>
        row.original.size_bytes == null ? t.none : bytes(row.original.size_bytes),
      meta: { end: true, from: 'md' },
    },
    {
      id: 'asked',
      header: t.reports.columns.asked,
      cell: ({ row }) => <When at={row.original.requested_at} />,
      meta: { end: true, from: 'sm' },
    },
    {
      id: 'actions',
      header: () => <span className="visually-hidden">{t.actions}</span>,
      cell: ({ row }) => <Actions report={row.original} {...{ onDelete, onChanged }} />,
      meta: { end: true },
    },
  ];
}

const KINDS: Record<Report['status'], StateKind> = {
  queued: 'idle',
  running: 'busy',
  done: 'good',
  failed: 'bad',
};

function Status({ report }: { report: Report }) {
  return (
    <div>
      <StateText kind={KINDS[report.status]}>{t.reports.statuses[report.status]}</StateText>
      {report.status === 'running' && (
        <>
          <Progress value={100} animated size="xs" my={4} aria-hidden="true" />
          <Text size="sm" c="dimmed" className="tabular">
            {t.reports.rowsSoFar(number(report.record_count ?? 0))}
          </Text>
        </>
      )}
      {report.error && (
        <Text size="sm" c="dimmed" maw={320}>
          {report.error}
        </Text>
      )}
    </div>
  );
}

type ActionsProps = {
  report: Report;
  onDelete: (report: Report) => void;
  onChanged: () => Promise<void>;
};

function Actions({ report, onDelete, onChanged }: ActionsProps) {
  const mayChange = useMayChange();
  return (
    <div className="row-actions">
      {report.status === 'done' && report.file_path && mayChange && (
        <Button
          component="a"
          href={downloadUrl(report.report_id)}
          download
          variant="default"
          size="xs"
          aria-label={`${t.reports.download}: ${report.report_name}`}
        >
          {t.reports.download}
        </Button>
      )}
      {isUnderWay(report) && (
        <ChangeButton
          variant="default"
          size="xs"
          onClick={() => cancelReport(report.report_id).then(onChanged, tellError)}
        >
          {t.reports.cancel}
        </ChangeButton>
      )}
      <ChangeButton
        variant="subtle"
        color="danger"
        size="xs"
        aria-label={`${t.reports.delete}: ${report.report_name}`}
        onClick={() => onDelete(report)}
      >
        {t.reports.delete}
      </ChangeButton>
    </div>
  );
}
