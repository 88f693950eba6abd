import { Button, Group, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, asApiError } from '@/shared/api/errors';
import type { User } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { ChangeButton } from '@/shared/session/change-button';
import { Confirm } from '@/shared/ui/confirm';
import { Facts } from '@/shared/ui/facts';
import { tell, tellError } from '@/shared/ui/notify';
import { Panel } from '@/shared/ui/panel';
import { EmptyState, Failure } from '@/shared/ui/states';
import { When } from '@/shared/ui/when';
import {
  type Change,
  changePerson,
  deletePerson,
  type Person,
  personQuery,
  sendConfirmation,
} from './api';
import { Trace } from './trace';

type Props = { id: number | undefined; onClose: () => void };

/** One person: who they are, what happened, and what can be done. */
export function PersonPanel({ id, onClose }: Props) {
  return (
    <Panel opened={id !== undefined} onClose={onClose} title={t.people.details}>
      {id !== undefined && <Details key={id} id={id} onClose={onClose} />}
    </Panel>
  );
}

function Details({ id, onClose }: { id: number; onClose: () => void }) {
  const { data, error, refetch } = useQuery(personQuery(id));
  const [editing, setEditing] = useState(false);
  if (error instanceof ApiError && error.status === 404) {
    return <EmptyState title={t.people.nothing} text={t.people.notFound} />;
  }
  if (error && !data) return <Failure error={error} onRetry={refetch} />;
  if (!data) return <Skeleton height={180} />;
  const { user } = data;
  return (
    <Stack gap="lg">
      {editing ? (
        <EditForm person={data} onDone={() => setEditing(false)} />
      ) : (
        <>
          <Title order={2} size="h3" dir="auto">
            {user.name} {user.surname}
          </Title>
          <Facts
            items={[
              [t.people.email, user.email],
              [t.people.columns.registered, <When key="at" at={user.created_at} />],
              [
                t.people.confirmed,
                user.confirmed_at ? <When key="at" at={user.confirmed_at} /> : t.people.waiting,
              ],
              [t.people.updated, <When key="at" at={user.updated_at} />],
              [t.people.id, number(user.id)],
            ]}
          />
          <Actions user={user} onEdit={() => setEditing(true)} onDeleted={onClose} />
        </>
      )}
      <section>
        <Title order={3} size="h5" mb="sm">
          {t.people.history}
        </Title>
        {user.registration_id ? (
          <Trace registrationId={user.registration_id} />
        ) : (
          <Text c="dimmed">{t.people.historyNone}</Text>
        )}
      </section>
    </Stack>
  );
}

type ActionsProps = { user: User; onEdit: () => void; onDeleted: () => void };

function Actions({ user, onEdit, onDeleted }: ActionsProps) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const name = `${user.name} ${user.surname}`;

  async function sendAgain() {
    try {
      await sendConfirmation(user.id);
      tell(t.people.sentAgain);
      await client.invalidateQueries({ queryKey: ['history'] });
    } catch (error) {
      tellError(error);
    }
  }

  async function remove() {
    await deletePerson(user.id);
    tell(t.people.deleted(name));
    onDeleted();
    // Whoever comes back to it asks again; the panel, which is still there for a moment, does not.
    await client.invalidateQueries({ queryKey: ['person', user.id], refetchType: 'none' });
    await client.invalidateQueries({ queryKey: ['people'] });
  }

  return (
    <Group gap="sm">
      <ChangeButton variant="default" onClick={onEdit}>
        {t.people.edit}
      </ChangeButton>
      {!user.confirmed_at && user.registration_id && (
        <ChangeButton variant="default" onClick={sendAgain}>
          {t.people.sendAgain}
        </ChangeButton>
      )}
      <ChangeButton variant="subtle" color="danger" onClick={() => setAsking(true)}>
        {t.people.delete}
      </ChangeButton>
      <Confirm
        opened={asking}
        onClose={() => setAsking(false)}
        title={t.people.deleteTitle(name)}
        button={t.people.deleteButton}
        onConfirm={remove}
      >
        {t.people.deleteText}
      </Confirm>
    </Group>
  );
}

const valuesOf = ({ name, surname, email }: User): Change => ({ name, surname, email });

function EditForm({ person, onDone }: { person: Person; onDone: () => void }) {
  const client = useQueryClient();
  // What is changed is what was seen, whatever is stored meanwhile.
  const [{ user, tag }, setBase] = useState(person);
  const [values, setValues] = useState(() => valuesOf(user));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const refused = asApiError(error);
  const conflict = refused.status === 412;

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await save();
      tell(t.saved);
      onDone();
      await client.invalidateQueries({ queryKey: ['person', user.id] });
      await client.invalidateQueries({ queryKey: ['people'] });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  }

  async function save() {
    try {
      await changePerson(user.id, tag, values);
    } catch (caught) {
      if (asApiError(caught).status === 412) await startAnew();
      throw caught;
    }
  }

  /** Goes on from what is stored now, as someone else left it. */
  async function startAnew() {
    const stored = await client.fetchQuery({ ...personQuery(user.id), staleTime: 0 });
    setBase(stored);
    setValues(valuesOf(stored.user));
  }

  const field = (name: keyof Change) => ({
    value: values[name],
    error: name === 'email' && refused.status === 409 ? t.people.taken : refused.about(name),
    onChange: ({ currentTarget: { value } }: React.ChangeEvent<HTMLInputElement>) =>
      setValues((old) => ({ ...old, [name]: value })),
  });

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Title order={2} size="h3" dir="auto">
          {t.people.editTitle(`${user.name} ${user.surname}`)}
        </Title>
        <TextInput label={t.people.name} data-autofocus {...field('name')} />
        <TextInput label={t.people.surname} {...field('surname')} />
        <TextInput
          label={t.people.email}
          type="email"
          description={t.people.addressNote}
          {...field('email')}
        />
        {conflict && (
          <div role="alert">
            <Text size="sm" c="var(--danger)">
              {t.people.conflict}
            </Text>
          </div>
        )}
        {error !== null && !conflict && refused.status !== 409 && refused.fields.length === 0 && (
          <Failure error={error} />
        )}
        <Group gap="sm">
          <Button type="submit" loading={busy}>
            {t.save}
          </Button>
          <Button variant="default" onClick={onDone}>
            {t.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
