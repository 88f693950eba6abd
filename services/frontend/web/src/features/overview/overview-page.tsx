import { Anchor, Paper, SimpleGrid, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Overview, ServiceState } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number, percent } from '@/shared/i18n/console/format';
import { useLive } from '@/shared/live/overview';
import { Page } from '@/shared/ui/page';
import { StateText } from '@/shared/ui/state-text';
import { When } from '@/shared/ui/when';
import { ActivityChart } from './activity-chart';
import { attention } from './attention';

export function OverviewPage() {
  const { overview } = useLive();
  return (
    <Page title={t.overview.title}>
      <Tiles overview={overview} />
      <Paper withBorder p="lg">
        <Title order={2} size="h5" mb="md">
          {t.overview.perMinute}
        </Title>
        {overview ? (
          <Known value={overview.minutes}>
            {(minutes) => <ActivityChart at={overview.at} minutes={minutes} />}
          </Known>
        ) : (
          <Skeleton height={204} />
        )}
      </Paper>
      <div className="overview__halves">
        <Stack gap="lg">
          <Section title={t.overview.attention}>
            {overview ? <Attention overview={overview} /> : <Lines />}
          </Section>
          <Section title={t.overview.queues}>
            {overview ? (
              <Known value={overview.queues}>{(queues) => <Queues queues={queues} />}</Known>
            ) : (
              <Lines />
            )}
          </Section>
        </Stack>
        <Section title={t.overview.services}>
          {overview ? <Services services={overview.services} /> : <Lines />}
        </Section>
      </div>
    </Page>
  );
}

function Tiles({ overview }: { overview: Overview | null }) {
  const users = overview?.stats?.users;
  const mails = overview?.stats?.notifications;
  const tried = (mails?.sent ?? 0) + (mails?.failed ?? 0);
  const waiting = overview?.queues?.reduce(
    (sum, queue) => sum + queue.ready + queue.delayed + queue.unacknowledged,
    0,
  );
  return (
    <SimpleGrid cols={{ base: 2, lg: 4 }} spacing={{ base: 'sm', sm: 'lg' }}>
      <Tile
        to="/registrations"
        label={t.overview.registrations}
        figure={users && number(users.total)}
        note={users && t.overview.today(number(users.today))}
        known={overview !== null}
      />
      <Tile
        to="/registrations"
        search={{ confirmed: true }}
        label={t.overview.confirmed}
        figure={users && percent(users.confirmed, users.total)}
        note={users && t.overview.ofTotal(number(users.confirmed))}
        known={overview !== null}
      />
      <Tile
        to="/emails"
        {...(mails?.failed ? { search: { status: 'failed' } } : {})}
        label={t.overview.emails}
        figure={mails && percent(mails.sent ?? 0, tried)}
        note={mails && t.overview.failed(mails.failed ?? 0, number(mails.failed ?? 0))}
        known={overview !== null}
      />
      <Tile
        to="/dead-letters"
        label={t.overview.waiting}
        figure={waiting === undefined ? undefined : number(waiting)}
        note={t.overview.inQueues}
        known={overview !== null}
      />
    </SimpleGrid>
  );
}

type TileProps = {
  to: string;
  search?: Record<string, unknown>;
  label: string;
  figure: string | undefined;
  note: string | undefined;
  known: boolean;
};

function Tile({ to, search, label, figure, note, known }: TileProps) {
  return (
    <Link to={to} search={search ?? {}} className="tile">
      <Text size="sm" c="dimmed">
        {label}
      </Text>
      {known ? (
        <div className="tile__figure">{figure ?? t.none}</div>
      ) : (
        <Skeleton height={28} width="60%" my={4} />
      )}
      <Text size="sm" c="dimmed" className="tabular">
        {known ? (note ?? t.overview.unknown) : ' '}
      </Text>
    </Link>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="lg" component="section">
      <Title order={2} size="h5" mb="sm">
        {title}
      </Title>
      {children}
    </Paper>
  );
}

function Attention({ overview }: { overview: Overview }) {
  const matters = attention(overview);
  if (matters.length === 0) return <Text c="dimmed">{t.overview.calm}</Text>;
  return (
    <Stack gap="xs" component="ul" className="plain-list">
      {matters.map(({ text, to, search }) => (
        <li key={text}>
          {to === '/' ? (
            <StateText kind="bad">{text}</StateText>
          ) : (
            <Anchor renderRoot={(props) => <Link to={to} search={search ?? {}} {...props} />}>
              <StateText kind="bad">{text}</StateText>
            </Anchor>
          )}
        </li>
      ))}
    </Stack>
  );
}

function Services({ services }: { services: ServiceState[] }) {
  return (
    <Stack gap="sm" component="ul" className="plain-list">
      {services.map(({ name, health }) => (
        <li key={name} className="service">
          <Text span fw={600}>
            {t.overview.names[name] ?? name}
          </Text>
          <StateText kind={health?.status === 'ok' ? 'good' : 'bad'}>
            {t.overview.state[health?.status ?? 'away']}
          </StateText>
          <Text size="sm" c="dimmed" className="service__since">
            {health && (
              <>
                {health.version} · {t.overview.started} <When at={health.started_at} />
              </>
            )}
          </Text>
        </li>
      ))}
    </Stack>
  );
}

function Queues({ queues }: { queues: NonNullable<Overview['queues']> }) {
  return (
    <Table.ScrollContainer minWidth={0} type="native" tabIndex={0}>
      <Table horizontalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.overview.queue}</Table.Th>
            <Table.Th ta="end">{t.overview.ready}</Table.Th>
            <Table.Th ta="end" visibleFrom="sm">
              {t.overview.delayed}
            </Table.Th>
            <Table.Th ta="end" visibleFrom="sm">
              {t.overview.inHand}
            </Table.Th>
            <Table.Th ta="end" visibleFrom="sm">
              {t.overview.consumers}
            </Table.Th>
            <Table.Th ta="end">{t.overview.dead}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody className="tabular">
          {queues.map((queue) => (
            <Table.Tr key={queue.name}>
              <Table.Td dir="ltr">{queue.name}</Table.Td>
              <Table.Td ta="end">{number(queue.ready)}</Table.Td>
              <Table.Td ta="end" visibleFrom="sm">
                {number(queue.delayed)}
              </Table.Td>
              <Table.Td ta="end" visibleFrom="sm">
                {number(queue.unacknowledged)}
              </Table.Td>
              <Table.Td ta="end" visibleFrom="sm">
                {number(queue.consumers)}
              </Table.Td>
              <Table.Td ta="end">
                {queue.dead_letters > 0 ? (
                  <Anchor
                    renderRoot={(props) => (
                      <Link to="/dead-letters" search={{ queue: queue.name }} {...props} />
                    )}
                  >
                    {number(queue.dead_letters)}
                  </Anchor>
                ) : (
                  number(0)
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

type KnownProps<T> = { value: T | null | undefined; children: (value: T) => ReactNode };

function Known<T>({ value, children }: KnownProps<T>) {
  return value ? children(value) : <Text c="dimmed">{t.overview.unknown}</Text>;
}

function Lines() {
  return (
    <Stack gap="sm">
      <Skeleton height={14} width="70%" />
      <Skeleton height={14} width="50%" />
      <Skeleton height={14} width="60%" />
    </Stack>
  );
}
