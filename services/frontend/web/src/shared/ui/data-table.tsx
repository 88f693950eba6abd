import { Paper, Stack, Table } from '@mantine/core';
import { type ColumnDef, flexRender, getCoreRowModel, useReactTable } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import { Failure, SkeletonRows, Stale } from './states';

/** How a column stands: numbers at its end, and what a small screen can do without. */
export type Look = { end?: boolean; from?: 'xs' | 'sm' | 'md' | 'lg' };
export type Column<T> = ColumnDef<T, unknown> & { meta?: Look };

type Props<T> = {
  /** What the table lists, for those who listen. */
  label: string;
  columns: Column<T>[];
  rows: T[] | undefined;
  rowId: (row: T) => string;
  error: unknown;
  onRetry: () => void;
  /** Shown in place of no rows at all. */
  empty: ReactNode;
  /** The row whose panel is open. */
  open?: string | undefined;
};

const NONE: never[] = [];

/** A table in its four states: on its way, empty, failed, full; and full of what was there before it failed. */
export function DataTable<T>({
  label,
  columns,
  rows,
  rowId,
  error,
  onRetry,
  empty,
  open,
}: Props<T>) {
  const table = useReactTable({
    data: rows ?? NONE,
    columns,
    getRowId: rowId,
    getCoreRowModel: getCoreRowModel(),
  });
  if (error && !rows) return <Failure error={error} onRetry={onRetry} />;
  return (
    <Stack gap="xs">
      {error ? <Stale onRetry={onRetry} /> : null}
      <Paper withBorder>
        {rows?.length === 0 ? (
          empty
        ) : (
          <Table.ScrollContainer minWidth={0} type="native">
            <Table
              // Its layout is another one on a phone, where the browser would forget what it is.
              role="table"
              className="data-table"
              aria-label={label}
              aria-busy={rows === undefined}
            >
              <Table.Thead role="rowgroup">
                {table.getHeaderGroups().map((group) => (
                  <Table.Tr role="row" key={group.id}>
                    {group.headers.map(({ id, column, getContext }) => (
                      <Table.Th
                        role="columnheader"
                        key={id}
                        {...placed(column.columnDef.meta)}
                        c="dimmed"
                        fw={400}
                        fz="sm"
                      >
                        {flexRender(column.columnDef.header, getContext())}
                      </Table.Th>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Thead>
              <Table.Tbody role="rowgroup">
                {rows === undefined && (
                  <SkeletonRows columns={columns.map(({ meta }) => placed(meta))} />
                )}
                {table.getRowModel().rows.map((row) => (
                  <Table.Tr
                    role="row"
                    key={row.id}
                    className="table-row"
                    data-open={row.id === open || undefined}
                    onClick={openByLink}
                  >
                    {row.getVisibleCells().map(({ id, column, getContext }) => (
                      <Table.Td role="cell" key={id} {...placed(column.columnDef.meta)}>
                        {flexRender(column.columnDef.cell, getContext())}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        )}
      </Paper>
    </Stack>
  );
}

function placed(look: Look | undefined) {
  return {
    ta: look?.end ? ('end' as const) : ('start' as const),
    ...(look?.end ? { className: 'tabular' } : {}),
    ...(look?.from ? { visibleFrom: look.from } : {}),
  };
}

/** A click anywhere in a row is one on its link; selecting text, and other controls, are not. */
function openByLink({ target, currentTarget }: React.MouseEvent<HTMLElement>) {
  const control = target instanceof Element && target.closest('a, button, input, label');
  if (control || getSelection()?.toString()) return;
  currentTarget.querySelector<HTMLAnchorElement>('a.row-link')?.click();
}
