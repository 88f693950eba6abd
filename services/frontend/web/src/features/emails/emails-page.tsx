import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Notification, NotificationStatus } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Page } from '@/shared/ui/page';
import { Pager } from '@/shared/ui/pager';
import { type StateKind, StateText } from '@/shared/ui/state-text';
import { EmptyState } from '@/shared/ui/states';
import { When } from '@/shared/ui/when';
import { emailsQuery } from './api';
import { EmailPanel } from './email-panel';
import { type EmailsSearch, STATUSES } from './search';

type Props = { search: EmailsSearch; onSearch: (search: EmailsSearch) => void };

export function EmailsPage({ search, onSearch }: Props) {
  const { open, ...list } = search;
  const { data, error, refetch } = useQuery(emailsQuery(list));
  const statuses = ['all', ...STATUSES] as const;
  return (
    <Page title={t.emails.title}>
      <Select
        label={t.people.status}
        maw={280}
        allowDeselect={false}
        value={search.status ?? 'all'}
        data={statuses.map((value) => ({ value, label: t.emails.statuses[value] }))}
        onChange={(value) =>
          onSearch(value && value !== 'all' ? { status: value as NotificationStatus } : {})
        }
      />
      <DataTable
        label={t.emails.title}
        columns={columns(search)}
        rows={data?.items}
        rowId={(mail) => mail.notification_id}
        open={open}
        error={error}
        onRetry={refetch}
        empty={
          search.status ? (
            <EmptyState title={t.emails.nothing} text={t.emails.nothingText} />
          ) : (
            <EmptyState title={t.emails.empty} text={t.emails.emptyText} />
          )
        }
      />
      <Pager
        shown={data?.items.length ?? 0}
        isFirst={!search.cursor}
        next={data?.next_cursor}
        onFirst={() => onSearch(search.status ? { status: search.status } : {})}
        onNext={(cursor) => onSearch({ ...list, cursor })}
      />
      <EmailPanel id={open} onClose={() => onSearch(list)} />
    </Page>
  );
}

function columns(search: EmailsSearch): Column<Notification>[] {
  return [
    {
      id: 'to',
      header: t.emails.columns.to,
      cell: ({ row: { original: mail } }) => (
        <Link to="." search={{ ...search, open: mail.notification_id }} className="row-link">
          <div className="cell-clip">{mail.recipient}</div>
        </Link>
      ),
    },
    {
      id: 'what',
      header: t.emails.columns.what,
      cell: ({ row }) => emailName(row.original.notification_type),
      meta: { from: 'sm' },
    },
    {
      id: 'status',
      header: t.emails.columns.status,
      cell: ({ row }) => <EmailStatus status={row.original.status} />,
    },
    {
      id: 'attempts',
      header: t.emails.columns.attempts,
      cell: ({ row }) => number(row.original.attempts),
      meta: { end: true, from: 'md' },
    },
    {
      id: 'asked',
      header: t.emails.columns.asked,
      cell: ({ row }) => <When at={row.original.created_at} />,
      meta: { end: true, from: 'xs' },
    },
  ];
}

export const emailName = (template: string): string => t.emails.names[template] ?? template;

const KINDS: Record<NotificationStatus, StateKind> = {
  queued: 'idle',
  sending: 'busy',
  sent: 'good',
  retrying: 'busy',
  failed: 'bad',
};

export function EmailStatus({ status }: { status: NotificationStatus }) {
  return <StateText kind={KINDS[status]}>{t.emails.statuses[status]}</StateText>;
}
