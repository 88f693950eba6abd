import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { asApiError } from '@/shared/api/errors';
import { t } from '@/shared/i18n/console';
import { changePassword, meQuery } from '@/shared/session/session';
import { tell } from '@/shared/ui/notify';
import { Page } from '@/shared/ui/page';
import { PasswordField } from '@/shared/ui/password-field';
import { Preferences } from '@/shared/ui/preferences';
import { Failure } from '@/shared/ui/states';

export function AccountPage() {
  const me = useQuery(meQuery).data;
  return (
    <Page
      title={t.account.title}
      lede={me ? `${me.email} · ${t.session.roles[me.role]}` : t.account.title}
    >
      <PasswordForm />
      <Paper withBorder p="lg">
        <Stack>
          <div>
            <Title order={2} size="h4">
              {t.account.appearance}
            </Title>
            <Text c="dimmed">{t.account.appearanceText}</Text>
          </div>
          <Preferences />
        </Stack>
      </Paper>
    </Page>
  );
}

function PasswordForm() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const refused = asApiError(error);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await changePassword(current, next);
      setCurrent('');
      setNext('');
      tell(t.account.changed);
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Paper withBorder p="lg" component="form" onSubmit={submit}>
      <Stack maw={420}>
        <div>
          <Title order={2} size="h4">
            {t.account.password}
          </Title>
          <Text c="dimmed">{t.account.passwordText}</Text>
        </div>
        <PasswordField
          label={t.account.current}
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={current}
          error={refused.about('current')}
          onChange={(event) => setCurrent(event.currentTarget.value)}
        />
        <PasswordField
          label={t.account.next}
          description={t.account.nextHint}
          autoComplete="new-password"
          required
          withAsterisk={false}
          value={next}
          error={refused.about('new')}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        {error !== null && refused.fields.length === 0 && <Failure error={error} />}
        <Group>
          <Button type="submit" loading={busy}>
            {t.account.change}
          </Button>
        </Group>
      </Stack>
    </Paper>
  );
}
