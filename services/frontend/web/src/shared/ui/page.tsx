import { Group, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { t } from '../i18n/console';

type Props = { title: string; lede?: string; actions?: ReactNode; children: ReactNode };

/** A page of the console: its title, what can be done here, and what it shows. */
export function Page({ title, lede, actions, children }: Props) {
  useTitle(title);
  return (
    <Stack gap="lg" className="console-page">
      <Group justify="space-between" align="flex-start" gap="md">
        <div>
          <Title order={1}>{title}</Title>
          {lede && <Text c="dimmed">{lede}</Text>}
        </div>
        {actions && <Group gap="sm">{actions}</Group>}
      </Group>
      {children}
    </Stack>
  );
}

/** The name of the tab. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} – ${t.brand}`;
  }, [title]);
}
