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
import { changePerson, deletePerson, type Person, personQuery, sendConfirmation } from './api';
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
  if (error && !data) {
    const gone = error instanceof ApiError && error.status === 404;
    return gone ? (
      <EmptyState title={t.people.nothing} text={t.people.notFound} />
    ) : (
      <Failure error={error} onRetry={refetch} />
    );
  }
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
    client.removeQueries({ queryKey: ['person', user.id] });
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

function EditForm({ person: { user, tag }, onDone }: { person: Person; onDone: () => void }) {
  const client = useQueryClient();
  const [values, setValues] = useState({
    name: user.name,
    surname: user.surname,
    email: user.email,
  });
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const refused = asApiError(error);
  const conflict = refused.status === 412;

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await changePerson(user.id, tag, values);
      tell(t.saved);
      onDone();
      await client.invalidateQueries({ queryKey: ['people'] });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
      // What is stored now, whoever changed it.
      await client.invalidateQueries({ queryKey: ['person', user.id] });
    }
  }

  const field = (name: keyof typeof values) => ({
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
            <Text size="sm" dir="auto">
              {user.name} {user.surname}, {user.email}
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
