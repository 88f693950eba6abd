import { Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import type { Cause } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { ChangeButton } from '@/shared/session/change-button';
import { Confirm } from '@/shared/ui/confirm';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Facts } from '@/shared/ui/facts';
import { tell, tellError } from '@/shared/ui/notify';
import { When } from '@/shared/ui/when';
import { causesQuery, deleteMany, replayMany } from './api';
import { NoLetters } from './no-letters';

/** What is about to be done to many, after a dry run. */
type Plan = { act: 'replay' | 'delete'; which: Group; matched: number; acceptable: number };
type Group = { queue: string; cause: string };

type Props = { queue: string | undefined; onClear: () => void };

export function Causes({ queue, onClear }: Props) {
  const client = useQueryClient();
  const { data, error, refetch } = useQuery(causesQuery(queue));
  const [plan, setPlan] = useState<Plan | null>(null);
  const asked = useRef(0);

  async function consider(act: Plan['act'], which: Group) {
    asked.current += 1;
    const mine = asked.current;
    try {
      const found = await dryRunOf(act, which);
      // What was asked for later is what is wanted.
      if (mine === asked.current) setPlan({ act, which, ...found });
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
        error={error}
        onRetry={refetch}
        empty={<NoLetters {...(queue ? { onClear } : {})} />}
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
        <About plan={plan} text={t.deadLetters.replayText(number(plan?.acceptable ?? 0), n)} />
      </Confirm>
      <Confirm
        opened={plan?.act === 'delete'}
        onClose={() => setPlan(null)}
        title={t.deadLetters.deleteTitle(plan?.matched ?? 0, n)}
        button={t.deadLetters.deleteButton(n)}
        disabled={plan?.matched === 0}
        onConfirm={async () => plan && carryOut(plan)}
      >
        <About plan={plan} text={t.deadLetters.deleteText} />
      </Confirm>
    </>
  );
}

async function dryRunOf(act: Plan['act'], which: Group) {
  if (act === 'delete') return { matched: (await deleteMany(which, true)).matched, acceptable: 0 };
  const { matched, acceptable } = await replayMany(which, true);
  return { matched, acceptable: acceptable ?? 0 };
}

/** What it is about, and what becomes of it. */
function About({ plan, text }: { plan: Plan | null; text: string }) {
  return (
    <Stack gap="sm">
      {plan && (
        <Facts
          items={[
            [t.deadLetters.queue, <bdi key="queue">{plan.which.queue}</bdi>],
            [t.deadLetters.cause, <bdi key="cause">{plan.which.cause}</bdi>],
          ]}
        />
      )}
      {text}
    </Stack>
  );
}

function columns(consider: (act: Plan['act'], which: Group) => Promise<void>): Column<Cause>[] {
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
