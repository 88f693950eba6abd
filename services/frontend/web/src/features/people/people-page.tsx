import { Anchor, Button, Group, Kbd, Select, TextInput } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import type { User } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { ChangeButton } from '@/shared/session/change-button';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Page } from '@/shared/ui/page';
import { Pager } from '@/shared/ui/pager';
import { StateText } from '@/shared/ui/state-text';
import { EmptyState } from '@/shared/ui/states';
import { When } from '@/shared/ui/when';
import { peopleQuery } from './api';
import { PersonPanel } from './person-panel';
import type { PeopleSearch } from './search';

type Props = {
  search: PeopleSearch;
  onSearch: (search: PeopleSearch, how?: { replace: boolean }) => void;
  onExport: (search: PeopleSearch) => void;
};

export function PeoplePage({ search, onSearch, onExport }: Props) {
  const { open, ...list } = search;
  const { data, error, refetch, isPlaceholderData } = useQuery(peopleQuery(list));
  const filtered = Object.keys(list).some((key) => key !== 'cursor');
  // Another filter is another list: it begins on its first page.
  const filter = (change: PeopleSearch, how?: { replace: boolean }) => {
    const { cursor: _, open: __, ...rest } = { ...search, ...change };
    onSearch(rest, how);
  };
  return (
    <Page
      title={t.people.title}
      actions={
        <ChangeButton variant="default" onClick={() => onExport(list)}>
          {t.people.export}
        </ChangeButton>
      }
    >
      <Filters search={search} onFilter={filter} filtered={filtered} onClear={() => onSearch({})} />
      <div aria-busy={isPlaceholderData} className="listing">
        <DataTable
          label={t.people.title}
          columns={columns(search)}
          rows={data?.items}
          rowId={(user) => String(user.id)}
          open={open === undefined ? undefined : String(open)}
          error={data ? null : error}
          onRetry={refetch}
          empty={filtered ? <Nothing onClear={() => onSearch({})} /> : <Nobody />}
        />
      </div>
      <Pager
        shown={data?.items.length ?? 0}
        isFirst={!search.cursor}
        next={data?.next_cursor}
        onFirst={() => filter({})}
        onNext={(cursor) => onSearch({ ...list, cursor })}
      />
      <PersonPanel id={open} onClose={() => onSearch(list)} />
    </Page>
  );
}

function columns(search: PeopleSearch): Column<User>[] {
  return [
    {
      id: 'name',
      header: t.people.columns.name,
      cell: ({ row: { original: user } }) => (
        <Link to="." search={{ ...search, open: user.id }} className="row-link" dir="auto">
          {user.name} {user.surname}
        </Link>
      ),
    },
    {
      id: 'email',
      header: t.people.columns.email,
      cell: ({ row }) => <div className="cell-clip">{row.original.email}</div>,
      meta: { from: 'sm' },
    },
    {
      id: 'status',
      header: t.people.columns.status,
      cell: ({ row }) => <Confirmed user={row.original} />,
    },
    {
      id: 'registered',
      header: t.people.columns.registered,
      cell: ({ row }) => <When at={row.original.created_at} />,
      meta: { end: true, from: 'xs' },
    },
  ];
}

export function Confirmed({ user }: { user: User }) {
  return user.confirmed_at ? (
    <StateText kind="good">{t.people.confirmed}</StateText>
  ) : (
    <StateText kind="idle">{t.people.waiting}</StateText>
  );
}

type FiltersProps = {
  search: PeopleSearch;
  filtered: boolean;
  onFilter: (change: PeopleSearch, how?: { replace: boolean }) => void;
  onClear: () => void;
};

function Filters({ search, filtered, onFilter, onClear }: FiltersProps) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(search.q ?? '');
  const find = useDebouncedCallback((q: string) => onFilter(maybe('q', q), { replace: true }), 200);
  useHotkeys([['/', () => input.current?.focus()]]);
  // The way back, a link and "Clear filters" change what is looked for, too.
  useEffect(() => {
    if (document.activeElement !== input.current) setTyped(search.q ?? '');
  }, [search.q]);
  const status = search.confirmed === undefined ? 'all' : confirmedName(search.confirmed);
  return (
    <Group align="flex-end" gap="sm">
      <TextInput
        ref={input}
        type="search"
        className="grow"
        label={t.people.search}
        aria-keyshortcuts="/"
        rightSection={
          <Kbd size="xs" title={t.people.searchHint} visibleFrom="sm">
            /
          </Kbd>
        }
        value={typed}
        onChange={({ currentTarget: { value } }) => {
          setTyped(value);
          find(value.trim());
        }}
        onKeyDown={(event) => event.key === 'Escape' && input.current?.blur()}
      />
      <Select
        label={t.people.status}
        w={170}
        allowDeselect={false}
        value={status}
        data={Object.entries(t.people.statuses).map(([value, label]) => ({ value, label }))}
        onChange={(value) =>
          onFilter({
            confirmed: value === 'all' ? undefined : value === 'confirmed',
          } as PeopleSearch)
        }
      />
      <TextInput
        type="date"
        label={t.people.from}
        value={search.from ?? ''}
        onChange={(event) => onFilter(maybe('from', event.currentTarget.value))}
      />
      <TextInput
        type="date"
        label={t.people.to}
        value={search.to ?? ''}
        onChange={(event) => onFilter(maybe('to', event.currentTarget.value))}
      />
      {filtered && (
        <Button
          variant="subtle"
          color="gray"
          onClick={() => {
            setTyped('');
            onClear();
          }}
        >
          {t.people.clear}
        </Button>
      )}
    </Group>
  );
}

function maybe(key: 'q' | 'from' | 'to', value: string): PeopleSearch {
  return { [key]: value === '' ? undefined : value };
}

function confirmedName(confirmed: boolean): string {
  return confirmed ? 'confirmed' : 'unconfirmed';
}

function Nobody() {
  return (
    <EmptyState
      title={t.people.empty}
      text={t.people.emptyText}
      action={
        <Anchor href="/" target="_blank">
          {t.people.openPublic}
        </Anchor>
      }
    />
  );
}

function Nothing({ onClear }: { onClear: () => void }) {
  return (
    <EmptyState
      title={t.people.nothing}
      text={t.people.nothingText}
      action={
        <Button variant="default" onClick={onClear}>
          {t.people.clear}
        </Button>
      }
    />
  );
}
