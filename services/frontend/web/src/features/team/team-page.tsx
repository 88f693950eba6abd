import { Button, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Account } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { meQuery } from '@/shared/session/session';
import { Confirm } from '@/shared/ui/confirm';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { tell } from '@/shared/ui/notify';
import { Page } from '@/shared/ui/page';
import { Panel } from '@/shared/ui/panel';
import { When } from '@/shared/ui/when';
import { deleteMember, teamQuery } from './api';
import { MemberForm } from './member-form';

type Open = { kind: 'none' } | { kind: 'new' } | { kind: 'change' | 'delete'; account: Account };

export function TeamPage() {
  const client = useQueryClient();
  const me = useQuery(meQuery).data;
  const { data, error, refetch } = useQuery(teamQuery);
  const [open, setOpen] = useState<Open>({ kind: 'none' });
  const close = () => setOpen({ kind: 'none' });
  const account = 'account' in open ? open.account : null;

  const columns: Column<Account>[] = [
    {
      id: 'email',
      header: t.team.columns.email,
      cell: ({ row: { original } }) => (
        <span className="breakable">
          {original.email}
          {original.email === me?.email && (
            <Text span c="dimmed">
              {' '}
              ({t.team.you})
            </Text>
          )}
        </span>
      ),
    },
    {
      id: 'role',
      header: t.team.columns.role,
      cell: ({ row }) => t.session.roles[row.original.role],
    },
    {
      id: 'login',
      header: t.team.columns.lastLogin,
      cell: ({ row }) => <When at={row.original.last_login_at} />,
      meta: { end: true, from: 'md' },
    },
    {
      id: 'actions',
      header: () => <span className="visually-hidden">{t.actions}</span>,
      cell: ({ row: { original } }) => (
        <div className="row-actions">
          <Button
            variant="default"
            size="xs"
            aria-label={t.team.changeTitle(original.email)}
            onClick={() => setOpen({ kind: 'change', account: original })}
          >
            {t.team.change}
          </Button>
          <Button
            variant="subtle"
            color="danger"
            size="xs"
            aria-label={`${t.team.delete}: ${original.email}`}
            onClick={() => setOpen({ kind: 'delete', account: original })}
          >
            {t.team.delete}
          </Button>
        </div>
      ),
      meta: { end: true },
    },
  ];

  return (
    <Page
      title={t.team.title}
      lede={t.team.lede}
      actions={<Button onClick={() => setOpen({ kind: 'new' })}>{t.team.invite}</Button>}
    >
      <DataTable
        label={t.team.title}
        columns={columns}
        rows={data?.items}
        rowId={(account) => String(account.id)}
        error={error}
        onRetry={refetch}
        empty={null}
      />
      <Panel
        opened={open.kind === 'new' || open.kind === 'change'}
        onClose={close}
        title={account ? t.team.changeTitle(account.email) : t.team.invite}
      >
        <MemberForm key={account?.id ?? 'new'} account={account} onDone={close} />
      </Panel>
      <Confirm
        opened={open.kind === 'delete'}
        onClose={close}
        title={t.team.deleteTitle(account?.email ?? '')}
        button={t.team.deleteButton}
        onConfirm={async () => {
          if (!account) return;
          await deleteMember(account.id);
          tell(t.team.deleted(account.email));
          await client.invalidateQueries({ queryKey: teamQuery.queryKey });
        }}
      >
        {t.team.deleteText}
      </Confirm>
    </Page>
  );
}
