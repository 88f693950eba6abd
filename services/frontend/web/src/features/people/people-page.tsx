import { Anchor, Button, Group, Kbd, TextInput } from '@mantine/core';
import { useDebouncedCallback, useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import type { User } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { DayFilter, type FilterChange, StatusFilter } from '@/shared/people/filter-fields';
import { ChangeButton } from '@/shared/session/change-button';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Page } from '@/shared/ui/page';
import { Pager } from '@/shared/ui/pager';
import { StateText } from '@/shared/ui/state-text';
import { EmptyState, NothingMatches } from '@/shared/ui/states';
import { When } from '@/shared/ui/when';
import { peopleQuery } from './api';
import { PersonPanel } from './person-panel';
import type { PeopleSearch } from './search';

type Props = {
  search: PeopleSearch;
  /** Whether one comes for the search. */
  finding?: boolean;
  onSearch: (search: PeopleSearch, how?: { replace: boolean }) => void;
  onExport: (search: PeopleSearch) => void;
};

export function PeoplePage({ search, finding = false, onSearch, onExport }: Props) {
  const { open, ...list } = search;
  const { data, error, refetch, isPlaceholderData } = useQuery(peopleQuery(list));
  const filtered = Object.keys(list).some((key) => key !== 'cursor');
  // Another filter is another list: it begins on its first page.
  const filter = (change: FilterChange, how?: { replace: boolean }) => {
    const { cursor: _, open: __, ...rest } = { ...search, ...change };
    onSearch(rest as PeopleSearch, how);
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
      <Filters {...{ search, finding, filtered }} onFilter={filter} onClear={() => onSearch({})} />
      <div aria-busy={isPlaceholderData} className="listing">
        <DataTable
          label={t.people.title}
          columns={columns(search)}
          rows={data?.items}
          rowId={(user) => String(user.id)}
          open={open === undefined ? undefined : String(open)}
          error={error}
          onRetry={refetch}
          empty={
            filtered ? (
              <NothingMatches
                title={t.people.nothing}
                text={t.people.nothingText}
                onClear={() => onSearch({})}
              />
            ) : (
              <Nobody />
            )
          }
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
  finding: boolean;
  filtered: boolean;
  onFilter: (change: FilterChange, how?: { replace: boolean }) => void;
  onClear: () => void;
};

function Filters({ search, finding, filtered, onFilter, onClear }: FiltersProps) {
  const input = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState(search.q ?? '');
  const find = useDebouncedCallback(
    (q: string) => onFilter({ q: q || undefined }, { replace: true }),
    200,
  );
  useHotkeys([['/', () => input.current?.focus()]]);
  useEffect(() => {
    if (finding) input.current?.focus();
  }, [finding]);
  // The way back, a link and "Clear filters" change what is looked for, too; a row that is opened
  // comes before what was typed last.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the panel and the filters change it, too.
  useEffect(() => {
    if (document.activeElement === input.current) return;
    find.cancel();
    setTyped(search.q ?? '');
  }, [find, search.q, search.open, filtered]);
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
      <StatusFilter w={170} value={search} onChange={onFilter} />
      {(['from', 'to'] as const).map((end) => (
        <DayFilter
          key={end}
          end={end}
          value={search}
          // A date comes digit by digit: only the last one is a place to go back to.
          onChange={(change) => onFilter(change, { replace: true })}
        />
      ))}
      {filtered && (
        <Button
          variant="subtle"
          color="gray"
          onClick={() => {
            find.cancel();
            onClear();
          }}
        >
          {t.people.clear}
        </Button>
      )}
    </Group>
  );
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
