import { Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { DeadLetter } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Pager } from '@/shared/ui/pager';
import { When } from '@/shared/ui/when';
import { lettersQuery } from './api';
import { NoLetters } from './no-letters';
import type { DeadLettersSearch } from './search';

type Props = {
  search: DeadLettersSearch;
  open: string | undefined;
  onSearch: (search: DeadLettersSearch) => void;
};

export function Letters({ search, open, onSearch }: Props) {
  const { cursor, queue, cause } = search;
  const which = { ...(queue ? { queue } : {}), ...(cause ? { cause } : {}) };
  const { data, error, refetch } = useQuery(lettersQuery(which, cursor));
  const first: DeadLettersSearch = { ...which, view: 'messages' };
  return (
    <>
      {cause && (
        <Text dir="ltr" className="breakable">
          <Text span c="dimmed">
            {t.deadLetters.cause}:{' '}
          </Text>
          {cause}
        </Text>
      )}
      <DataTable
        label={t.deadLetters.title}
        columns={columns(search)}
        rows={data?.items}
        rowId={(letter) => letter.id}
        open={open}
        error={error}
        onRetry={refetch}
        empty={
          <NoLetters
            {...(queue || cause ? { onClear: () => onSearch({ view: 'messages' }) } : {})}
          />
        }
      />
      <Pager
        shown={data?.items.length ?? 0}
        isFirst={!cursor}
        next={data?.next_cursor}
        onFirst={() => onSearch(first)}
        onNext={(next) => onSearch({ ...first, cursor: next })}
      />
    </>
  );
}

function columns(search: DeadLettersSearch): Column<DeadLetter>[] {
  return [
    {
      id: 'message',
      header: t.deadLetters.message,
      cell: ({ row: { original: letter } }) => (
        <Link to="." search={{ ...search, open: letter.id }} className="row-link">
          <div className="cell-clip" dir="ltr">
            {letter.message_id || letter.id}
          </div>
          <Text size="sm" c="dimmed" dir="ltr" ta="start">
            {letter.queue}
          </Text>
        </Link>
      ),
    },
    {
      id: 'cause',
      header: t.deadLetters.cause,
      cell: ({ row }) => (
        <Text size="sm" dir="ltr" className="breakable" lineClamp={2}>
          {row.original.cause}
        </Text>
      ),
      meta: { from: 'sm' },
    },
    {
      id: 'attempts',
      header: t.deadLetters.attempts,
      cell: ({ row }) => number(row.original.attempts),
      meta: { end: true, from: 'md' },
    },
    {
      id: 'died',
      header: t.deadLetters.died,
      cell: ({ row }) => <When at={row.original.dead_at} />,
      meta: { end: true },
    },
  ];
}
