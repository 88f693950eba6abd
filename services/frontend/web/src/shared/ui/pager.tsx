import { Button, Group, Text } from '@mantine/core';
import { t } from '../i18n/console';
import { number } from '../i18n/console/format';
import { blocked } from './blocked';

type Props = {
  shown: number;
  isFirst: boolean;
  next: string | null | undefined;
  onFirst: () => void;
  onNext: (cursor: string) => void;
};

/** The way through a list of unknown length; the browser's own way leads back. */
export function Pager({ shown, isFirst, next, onFirst, onNext }: Props) {
  if (isFirst && !next) return null;
  return (
    <Group component="nav" aria-label={t.paging.label} justify="space-between">
      <Text size="sm" c="dimmed" className="tabular">
        {t.paging.shown(shown, number(shown))}
      </Text>
      <Group gap="sm">
        <Button variant="default" {...blocked(isFirst)} onClick={() => isFirst || onFirst()}>
          {t.paging.first}
        </Button>
        <Button variant="default" {...blocked(!next)} onClick={() => next && onNext(next)}>
          {t.paging.next}
        </Button>
      </Group>
    </Group>
  );
}
