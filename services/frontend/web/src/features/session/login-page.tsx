import { Button, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError } from '@/shared/api/errors';
import { useCountdown } from '@/shared/hooks/use-countdown';
import { t } from '@/shared/i18n/console';
import { duration } from '@/shared/i18n/console/format';
import { logIn, meQuery } from '@/shared/session/session';
import { useTitle } from '@/shared/ui/page';
import { PasswordField } from '@/shared/ui/password-field';
import { Failure } from '@/shared/ui/states';

type Props = {
  /** Whether there was a session, which the person did not end. */
  ended: boolean;
  onLoggedIn: () => void;
};

export function LoginPage({ ended, onLoggedIn }: Props) {
  useTitle(t.session.title);
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [waitUntil, setWaitUntil] = useState(0);
  const secondsLeft = useCountdown(waitUntil);
  const wrong = error instanceof ApiError && error.status === 401;
  const slowed = error instanceof ApiError && error.status === 429;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy || secondsLeft > 0) return;
    setBusy(true);
    setError(null);
    try {
      await logIn(email, password);
      await client.fetchQuery({ ...meQuery, staleTime: 0 });
      onLoggedIn();
    } catch (caught) {
      setError(caught);
      if (caught instanceof ApiError && caught.status === 429) {
        setWaitUntil(Date.now() + (caught.retryAfter ?? 5) * 1000);
      }
    } finally {
      setBusy(false);
    }
  }

  return (
    <Paper component="form" withBorder radius="lg" p={32} w="100%" maw={400} onSubmit={submit}>
      <Stack>
        <div>
          <Title order={1}>{t.session.title}</Title>
          <Text c="dimmed">{ended ? t.session.ended : t.session.lede}</Text>
        </div>
        <TextInput
          label={t.session.email}
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          required
          withAsterisk={false}
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordField
          label={t.session.password}
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <div role="alert">
          {wrong && (
            <Text c="var(--danger)" size="sm">
              {t.session.wrong}
            </Text>
          )}
          {slowed && secondsLeft > 0 && (
            <Text c="var(--danger)" size="sm" className="tabular">
              {t.session.wait(duration(secondsLeft))}
            </Text>
          )}
          {error !== null && !wrong && !slowed && <Failure error={error} />}
        </div>
        <Button type="submit" size="md" loading={busy} disabled={secondsLeft > 0}>
          {busy ? t.session.submitting : t.session.submit}
        </Button>
        <Text size="sm" c="dimmed">
          {t.session.hint}
        </Text>
      </Stack>
    </Paper>
  );
}
