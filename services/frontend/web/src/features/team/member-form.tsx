import { Button, Group, Radio, Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { asApiError } from '@/shared/api/errors';
import type { Account, Role } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { meQuery } from '@/shared/session/session';
import { tell } from '@/shared/ui/notify';
import { PasswordField } from '@/shared/ui/password-field';
import { Failure } from '@/shared/ui/states';
import { changeMember, createMember, teamQuery } from './api';

const ROLES: Role[] = ['administrator', 'viewer'];

/** An account to make, or to change where there is one. */
export function MemberForm({ account, onDone }: { account: Account | null; onDone: () => void }) {
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<Role>(account?.role ?? 'viewer');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const refused = asApiError(error);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      if (account) {
        await changeMember(account.id, { role, ...(password ? { password } : {}) });
        tell(t.team.changed);
      } else {
        const created = await createMember({ email, password, role });
        tell(t.team.created(created.email));
      }
      onDone();
      await client.invalidateQueries({ queryKey: teamQuery.queryKey });
      await client.invalidateQueries({ queryKey: meQuery.queryKey });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        {!account && (
          <TextInput
            label={t.team.email}
            type="email"
            autoComplete="off"
            data-autofocus
            value={email}
            error={refused.about('email')}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
        )}
        <PasswordField
          label={account ? t.team.newPassword : t.team.password}
          description={account ? t.team.newPasswordHint : t.team.passwordHint}
          autoComplete="new-password"
          value={password}
          error={refused.about('password')}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Radio.Group
          label={t.team.role}
          value={role}
          onChange={(value) => setRole(ROLES.find((known) => known === value) ?? role)}
        >
          <Stack gap="xs" mt="xs">
            {ROLES.map((value) => (
              <Radio
                key={value}
                value={value}
                label={t.session.roles[value]}
                description={t.team.roleHints[value]}
              />
            ))}
          </Stack>
        </Radio.Group>
        {error !== null && refused.fields.length === 0 && <Failure error={error} />}
        <Group gap="sm">
          <Button type="submit" loading={busy}>
            {account ? t.save : t.team.create}
          </Button>
          <Button variant="default" onClick={onDone}>
            {t.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
