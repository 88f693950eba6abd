import { Alert, Button, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { asApiError } from '../api/errors';
import { t } from '../i18n/console';
import { duration } from '../i18n/console/format';

type Empty = { title: string; text: string; action?: ReactNode; order?: 1 | 2 };

/** What a view without anything in it is, and what to do first. */
export function EmptyState({ title, text, action, order = 2 }: Empty) {
  return (
    <Stack align="center" gap="xs" py={64} px="md" ta="center">
      <Title order={order} size="h4">
        {title}
      </Title>
      <Text c="dimmed" maw={420}>
        {text}
      </Text>
      {action && <Group mt="sm">{action}</Group>}
    </Stack>
  );
}

/** What went wrong, what to do, and the number to tell. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { status, message, requestId, retryAfter, fields } = asApiError(error);
  const sentences = fields.length > 1 ? fields.map((field) => field.message) : [message];
  return (
    <Alert color="danger" variant="light" role="alert" title={t.errors.title}>
      <Stack gap="xs" align="flex-start">
        {status === 0 ? (
          <Text size="sm">{t.errors.unreachable}</Text>
        ) : (
          sentences.map((sentence) => (
            <Text size="sm" key={sentence}>
              {sentence}
            </Text>
          ))
        )}
        {status === 429 && retryAfter && (
          <Text size="sm">{t.session.wait(duration(retryAfter))}</Text>
        )}
        {status >= 500 && requestId && (
          <Text size="sm">
            {t.errors.number} <code>{requestId}</code>
          </Text>
        )}
        {onRetry && (
          <Button variant="default" size="xs" onClick={onRetry}>
            {t.tryAgain}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** Rows of the shape that is to come. */
export function SkeletonRows({ rows = 8, columns }: { rows?: number; columns: number }) {
  return Array.from({ length: rows }, (_, row) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike.
    <Table.Tr key={row} aria-hidden="true">
      {Array.from({ length: columns }, (_, column) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike.
        <Table.Td key={column}>
          <Skeleton height={12} my={4} width={`${55 + ((row * 17 + column * 29) % 40)}%`} />
        </Table.Td>
      ))}
    </Table.Tr>
  ));
}
