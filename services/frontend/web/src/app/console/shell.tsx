import { AppShell, Burger, Button, Group, ScrollArea, Skeleton, Stack, Text } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useRouter } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';
import { FIND } from '@/features/people/search';
import { useOnline } from '@/shared/hooks/use-online';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { onRefusal, useLive } from '@/shared/live/overview';
import { hasEnded, meQuery, useLogOut } from '@/shared/session/session';
import { discardUnsaved, hasUnsaved } from '@/shared/session/unsaved';
import { tellError } from '@/shared/ui/notify';
import { Sign } from '@/shared/ui/sign';
import { Failure } from '@/shared/ui/states';

/** What stands around every page of who is logged in; who is not is led to the login, and back. */
export function Shell() {
  const me = useQuery(meQuery);
  const router = useRouter();
  const isOut = me.data === null;
  useEffect(() => {
    if (!isOut) return;
    const { href, pathname } = router.latestLocation;
    const search = {
      ...(pathname === '/' ? {} : { next: href }),
      ...(hasEnded() ? { ended: true } : {}),
    };
    router.navigate({ to: '/login', search, replace: true });
  }, [isOut, router]);
  if (isOut) return null;
  return (
    <Frame isIn={me.data !== undefined}>
      {me.error && !me.data ? <Broken /> : me.data ? <Outlet /> : <Waiting />}
    </Frame>
  );
}

function Frame({ isIn, children }: { isIn: boolean; children: ReactNode }) {
  const [opened, { open, close }] = useDisclosure();
  const { pathname } = useLocation();
  const opener = useRef<HTMLButtonElement>(null);
  const closer = useRef<HTMLButtonElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page is another view.
  useEffect(close, [pathname]);
  // The menu covers what opens it.
  useEffect(() => {
    if (opened) closer.current?.focus();
  }, [opened]);
  useHotkeys([['Escape', () => opened && shut(), { preventDefault: false }]]);
  useSearchKey(pathname);

  function shut() {
    close();
    opener.current?.focus();
  }

  return (
    <AppShell
      layout="alt"
      header={{ height: { base: 56, md: 0 } }}
      navbar={{ width: 240, breakpoint: 'md', collapsed: { mobile: !opened } }}
      padding={{ base: 'md', md: 'xl' }}
      transitionDuration={0}
    >
      <a className="skip-link" href="#main">
        {t.skip}
      </a>
      <AppShell.Header hiddenFrom="md">
        <Group h="100%" px="md" justify="space-between">
          <Brand />
          <Burger
            ref={opener}
            opened={opened}
            onClick={open}
            aria-label={t.menu}
            aria-expanded={opened}
            size="sm"
          />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar
        p="md"
        aria-label={t.main}
        className="console-nav"
        data-closed={!opened || undefined}
      >
        <Group justify="space-between" h={40} mb="md" px={12}>
          <Brand />
          <Burger
            ref={closer}
            hiddenFrom="md"
            opened={opened}
            onClick={shut}
            aria-label={t.menu}
            aria-expanded={opened}
            size="sm"
          />
        </Group>
        <AppShell.Section grow component={ScrollArea} type="auto">
          {isIn && <Navigation />}
        </AppShell.Section>
        <AppShell.Section>
          <Person />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1} className="console-main">
        {isIn && <Connection />}
        {children}
      </AppShell.Main>
    </AppShell>
  );
}

/** `/` leads to the search among the registrations; there it is theirs. */
function useSearchKey(pathname: string) {
  const router = useRouter();
  useHotkeys([
    [
      '/',
      ({ target }) => {
        const isAsked = target instanceof Element && target.closest('[role="dialog"]');
        if (isAsked || pathname === '/registrations') return;
        router.navigate({ to: '/registrations', hash: FIND });
      },
    ],
  ]);
}

function Brand() {
  return (
    <Link to="/" className="wordmark">
      <Sign />
      {t.brand}
    </Link>
  );
}

function Navigation() {
  const { overview } = useLive();
  const dead = overview?.queues?.reduce((sum, queue) => sum + queue.dead_letters, 0) ?? 0;
  const administrator = useQuery(meQuery).data?.role === 'administrator';
  return (
    <Stack component="ul" gap={2} className="plain-list">
      <Entry to="/" exact label={t.nav.overview} />
      <Entry to="/registrations" label={t.nav.people} />
      <Entry to="/emails" label={t.nav.emails} />
      <Entry to="/reports" label={t.nav.reports} />
      <Entry to="/dead-letters" label={t.nav.deadLetters} count={dead} />
      <Entry to="/templates" label={t.nav.templates} />
      {administrator && <Entry to="/team" label={t.nav.team} />}
    </Stack>
  );
}

type EntryProps = { to: string; label: string; exact?: boolean; count?: number };

function Entry({ to, label, exact = false, count = 0 }: EntryProps) {
  return (
    <li>
      <Link to={to} activeOptions={{ exact, includeSearch: false }} className="console-nav__link">
        {label}
        {count > 0 && <span className="count tabular">{number(count)}</span>}
      </Link>
    </li>
  );
}

function Person() {
  const me = useQuery(meQuery).data;
  const logOut = useLogOut();
  if (!me) return <Skeleton height={64} />;

  async function leave() {
    if (hasUnsaved() && !window.confirm(t.session.unsaved)) return;
    discardUnsaved();
    await logOut().catch(tellError);
  }

  return (
    <Stack gap={2}>
      <Link to="/account" className="console-nav__link person">
        <span className="cell-clip">
          <span className="visually-hidden">{t.nav.account}: </span>
          {me.email}
          <Text component="span" size="xs" c="dimmed" display="block">
            {t.session.roles[me.role]}
          </Text>
        </span>
      </Link>
      <Button variant="subtle" color="gray" justify="flex-start" px={12} onClick={leave}>
        {t.session.logout}
      </Button>
    </Stack>
  );
}

/** Tells when what is seen may be old, and keeps watch over the session. */
function Connection() {
  const client = useQueryClient();
  const online = useOnline();
  const { connected } = useLive();
  useEffect(
    () => onRefusal(() => client.invalidateQueries({ queryKey: meQuery.queryKey })),
    [client],
  );
  return (
    <div role="status" className="connection">
      {!(online && connected) && (
        <p className="connection__note">{online ? t.live.off : t.live.offline}</p>
      )}
    </div>
  );
}

/** The shape of a page whose person is not known yet. */
function Waiting() {
  return (
    <Stack className="console-page" aria-busy="true">
      <Skeleton height={32} width={220} />
      <Skeleton height={320} />
    </Stack>
  );
}

function Broken() {
  const router = useRouter();
  const me = useQuery(meQuery);
  return (
    <div className="console-page">
      <Failure
        error={me.error}
        onRetry={() => {
          me.refetch();
          router.invalidate();
        }}
      />
    </div>
  );
}
