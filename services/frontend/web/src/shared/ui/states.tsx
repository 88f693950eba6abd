import {
  Alert,
  Anchor,
  Button,
  Group,
  Skeleton,
  Stack,
  Table,
  type TableTdProps,
  Text,
  Title,
} from '@mantine/core';
import type { ReactNode } from 'react';
import { type ApiError, asApiError } from '../api/errors';
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

type Nothing = { title: string; text: string; onClear: () => void };

/** Nothing of what is looked for, where there may be something else. */
export function NothingMatches({ onClear, ...what }: Nothing) {
  const clear = (
    <Button variant="default" onClick={onClear}>
      {t.people.clear}
    </Button>
  );
  return <EmptyState {...what} action={clear} />;
}

/** What went wrong, what to do, and the number to tell. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const refused = asApiError(error);
  const { status, message, retryAfter, fields } = refused;
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
        <RequestNumber error={refused} />
        {onRetry && (
          <Button variant="default" size="xs" onClick={onRetry}>
            {t.tryAgain}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}

/** The number to tell, where it is the system's fault. */
export function RequestNumber({ error: { status, requestId } }: { error: ApiError }) {
  if (status < 500 || !requestId) return null;
  return (
    <Text size="sm">
      {t.errors.number} <code>{requestId}</code>
    </Text>
  );
}

/** Tells quietly that what is seen is from before. */
export function Stale({ onRetry }: { onRetry: () => void }) {
  return (
    <Text size="sm" c="dimmed" role="status">
      {t.errors.stale}{' '}
      <Anchor component="button" type="button" size="sm" onClick={onRetry}>
        {t.tryAgain}
      </Anchor>
    </Text>
  );
}

/** Rows of the shape that is to come: the columns as their cells stand. */
export function SkeletonRows({ columns }: { columns: TableTdProps[] }) {
  return Array.from({ length: 8 }, (_, row) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike.
    <Table.Tr key={row} aria-hidden="true">
      {columns.map((look, column) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike.
        <Table.Td key={column} {...look}>
          <Skeleton height={12} my={4} width={`${55 + ((row * 17 + column * 29) % 40)}%`} />
        </Table.Td>
      ))}
    </Table.Tr>
  ));
}
