import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Template } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { languageName, number } from '@/shared/i18n/console/format';
import { type Column, DataTable } from '@/shared/ui/data-table';
import { Page } from '@/shared/ui/page';
import { When } from '@/shared/ui/when';
import { templatesQuery } from './api';

export function TemplatesPage() {
  const { data, error, refetch } = useQuery(templatesQuery);
  return (
    <Page title={t.templates.title} lede={t.templates.lede}>
      <DataTable
        label={t.templates.title}
        columns={COLUMNS()}
        rows={data?.items}
        rowId={({ name, locale }) => `${name} ${locale}`}
        error={error}
        onRetry={refetch}
        empty={null}
      />
    </Page>
  );
}

const COLUMNS = (): Column<Template>[] => [
  {
    id: 'name',
    header: t.templates.columns.name,
    cell: ({ row: { original } }) => (
      <Link
        to="/templates/$name"
        params={{ name: original.name }}
        search={{ locale: original.locale }}
        className="row-link"
      >
        {t.emails.names[original.name] ?? original.name}
      </Link>
    ),
  },
  {
    id: 'language',
    header: t.templates.columns.language,
    cell: ({ row }) => languageName(row.original.locale),
  },
  {
    id: 'version',
    header: t.templates.columns.version,
    cell: ({ row }) => number(row.original.version),
    meta: { end: true, from: 'sm' },
  },
  {
    id: 'changed',
    header: t.templates.columns.changed,
    cell: ({ row: { original } }) =>
      original.updated_at ? <When at={original.updated_at} /> : t.templates.builtIn,
    meta: { end: true, from: 'sm' },
  },
];
