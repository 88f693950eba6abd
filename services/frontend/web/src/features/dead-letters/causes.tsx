import { Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import type { Cause } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { ChangeButton } from '@/shared/session/change-button';
import { Confirm } from '@/shared/ui/confirm';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { tell, tellError } from '@/shared/ui/notify';
import { EmptyState } from '@/shared/ui/states';
import { When } from '@/shared/ui/when';
import { causesQuery, deleteMany, replayMany, type Which } from './api';

/** What is about to be done to many, after a dry run. */
type Plan = { act: 'replay' | 'delete'; which: Which; matched: number; acceptable: number };

export function Causes({ queue }: { queue: string | undefined }) {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(causesQuery(queue));
  const [plan, setPlan] = useState<Plan | null>(null);

  async function consider(act: Plan['act'], which: Which) {
    try {
      if (act === 'replay') {
        const { matched, acceptable } = await replayMany(which, true);
        setPlan({ act, which, matched, acceptable: acceptable ?? 0 });
      } else {
        const { matched } = await deleteMany(which, true);
        setPlan({ act, which, matched, acceptable: 0 });
      }
    } catch (caught) {
      tellError(caught);
    }
  }

  async function carryOut({ act, which }: Plan) {
    if (act === 'replay') {
      const { replayed } = await replayMany(which, false);
      tell(t.deadLetters.replayed(replayed, number(replayed)));
    } else {
      const { deleted } = await deleteMany(which, false);
      tell(t.deadLetters.deleted(deleted, number(deleted)));
    }
    await client.invalidateQueries({ queryKey: ['dead-letters'] });
  }

  const n = number(plan?.matched ?? 0);
  return (
    <>
      <DataTable
        label={t.deadLetters.title}
        columns={columns(consider)}
        rows={data?.items}
        rowId={({ queue: from, cause }) => `${from} ${cause}`}
        error={data ? null : error}
        onRetry={refetch}
        empty={<EmptyState title={t.deadLetters.empty} text={t.deadLetters.emptyText} />}
      />
      {data && data.further > 0 && (
        <Text c="dimmed">{t.deadLetters.more(number(data.further))}</Text>
      )}
      <Confirm
        opened={plan?.act === 'replay'}
        onClose={() => setPlan(null)}
        title={t.deadLetters.replayTitle(plan?.matched ?? 0, n)}
        button={t.deadLetters.replayButton(n)}
        danger={false}
        disabled={plan?.matched === 0}
        onConfirm={async () => plan && carryOut(plan)}
      >
        {t.deadLetters.replayText(number(plan?.acceptable ?? 0), n)}
      </Confirm>
      <Confirm
        opened={plan?.act === 'delete'}
        onClose={() => setPlan(null)}
        title={t.deadLetters.deleteTitle(plan?.matched ?? 0, n)}
        button={t.deadLetters.deleteButton(n)}
        disabled={plan?.matched === 0}
        onConfirm={async () => plan && carryOut(plan)}
      >
        {t.deadLetters.deleteText}
      </Confirm>
    </>
  );
}

function columns(consider: (act: Plan['act'], which: Which) => void): Column<Cause>[] {
  return [
    {
      id: 'cause',
      header: t.deadLetters.cause,
      cell: ({ row: { original: cause } }) => (
        <div>
          <Link
            to="."
            search={{ queue: cause.queue, cause: cause.cause, view: 'messages' }}
            className="row-link breakable"
            dir="ltr"
          >
            {cause.cause}
          </Link>
          <Text size="sm" c="dimmed" dir="ltr" ta="start">
            {cause.queue}
          </Text>
        </div>
      ),
    },
    {
      id: 'count',
      header: t.deadLetters.count,
      cell: ({ row }) => number(row.original.count),
      meta: { end: true },
    },
    {
      id: 'newest',
      header: t.deadLetters.newest,
      cell: ({ row }) => <When at={row.original.newest} />,
      meta: { end: true, from: 'sm' },
    },
    {
      id: 'actions',
      header: () => <span className="visually-hidden">{t.actions}</span>,
      cell: ({ row: { original: cause } }) => {
        const which = { queue: cause.queue, cause: cause.cause };
        const n = number(cause.count);
        return (
          <div className="row-actions">
            <ChangeButton variant="default" size="xs" onClick={() => consider('replay', which)}>
              {t.deadLetters.replayAll(n)}
            </ChangeButton>
            <ChangeButton
              variant="subtle"
              color="danger"
              size="xs"
              onClick={() => consider('delete', which)}
            >
              {t.deadLetters.deleteAll(n)}
            </ChangeButton>
          </div>
        );
      },
      meta: { end: true },
    },
  ];
}
