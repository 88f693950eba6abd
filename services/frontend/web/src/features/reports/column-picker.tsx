import { ActionIcon, Checkbox, Group, Input, Paper } from '@mantine/core';
import { useId, useState } from 'react';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { blocked } from '@/shared/ui/blocked';

export const COLUMNS = [
  'id',
  'name',
  'surname',
  'email',
  'created_at',
  'updated_at',
  'confirmed_at',
  'registration_id',
] as const;

export type ReportColumn = (typeof COLUMNS)[number];
export type Choice = { name: ReportColumn; chosen: boolean };

/** What a report has where nobody says otherwise, and what else it could have. */
export function choicesOf(columns: readonly string[] | null | undefined): Choice[] {
  const chosen = COLUMNS.filter((name) => columns?.includes(name));
  if (!columns || chosen.length === 0) {
    return COLUMNS.map((name, n) => ({ name, chosen: n < 6 }));
  }
  chosen.sort((a, b) => columns.indexOf(a) - columns.indexOf(b));
  const others = COLUMNS.filter((name) => !chosen.includes(name));
  return [
    ...chosen.map((name) => ({ name, chosen: true })),
    ...others.map((name) => ({ name, chosen: false })),
  ];
}

const titleOf = ({ name }: Choice): string => t.reports.columnNames[name] ?? name;

type Props = { value: Choice[]; onChange: (value: Choice[]) => void; error?: string | undefined };

/** Columns to take or leave, in the order they are dragged into, or moved by their arrows. */
export function ColumnPicker({ value, onChange, error }: Props) {
  const label = useId();
  const [dragged, setDragged] = useState<number | null>(null);
  const [moved, setMoved] = useState('');

  function move(from: number, to: number) {
    const choice = value[from];
    if (!choice || to < 0 || to >= value.length) return;
    const rest = value.filter((_, n) => n !== from);
    onChange([...rest.slice(0, to), choice, ...rest.slice(to)]);
    setMoved(t.reports.moved(titleOf(choice), number(to + 1), number(value.length)));
  }

  return (
    <Input.Wrapper
      label={t.reports.columnsLabel}
      description={t.reports.columnsHint}
      error={error}
      labelElement="div"
      labelProps={{ id: label }}
      role="group"
      aria-labelledby={label}
    >
      <Paper withBorder mt="xs" component="ol" className="columns">
        {value.map((choice, n) => {
          const { name, chosen } = choice;
          const title = titleOf(choice);
          return (
            <li
              key={name}
              className="columns__item"
              data-dragged={dragged === n || undefined}
              draggable
              onDragStart={() => setDragged(n)}
              onDragEnd={() => setDragged(null)}
              onDragOver={(event) => {
                event.preventDefault();
                if (dragged === null || dragged === n) return;
                move(dragged, n);
                setDragged(n);
              }}
            >
              <Checkbox
                label={title}
                checked={chosen}
                onChange={({ currentTarget: { checked } }) =>
                  onChange(value.map((c) => (c.name === name ? { ...c, chosen: checked } : c)))
                }
              />
              <Group gap={4} wrap="nowrap">
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={t.reports.moveUp(title)}
                  {...blocked(n === 0)}
                  onClick={() => move(n, n - 1)}
                >
                  ↑
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={t.reports.moveDown(title)}
                  {...blocked(n === value.length - 1)}
                  onClick={() => move(n, n + 1)}
                >
                  ↓
                </ActionIcon>
              </Group>
            </li>
          );
        })}
      </Paper>
      <span role="status" className="visually-hidden">
        {moved}
      </span>
    </Input.Wrapper>
  );
}
