import {
  Button,
  Checkbox,
  Fieldset,
  Group,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { asApiError } from '@/shared/api/errors';
import type { ReportBody, Schedule } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { DayFilter, type FilterChange, StatusFilter } from '@/shared/people/filter-fields';
import { asFilters, asQuery, type PeopleFilters } from '@/shared/people/filters';
import { tell } from '@/shared/ui/notify';
import { Failure } from '@/shared/ui/states';
import { changeSchedule, createReport, createSchedule } from './api';
import { ColumnPicker, choicesOf } from './column-picker';
import { CronField } from './cron-field';

const FORMATS = ['csv', 'xlsx', 'ndjson', 'pdf'] as const;

type Format = (typeof FORMATS)[number];
type Kind = 'report' | 'schedule';

type Props = {
  kind: Kind;
  filters?: PeopleFilters;
  /** The schedule to change, where there is one. */
  schedule?: Schedule;
  onDone: (kind: Kind) => void;
};

const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A report to make now or again and again, or a schedule to change. */
export function ReportForm({ kind: asked, filters: given = {}, schedule, onDone }: Props) {
  const client = useQueryClient();
  const kept = schedule?.report as Partial<ReportBody> | undefined;
  const [kind, setKind] = useState<Kind>(schedule ? 'schedule' : asked);
  const [name, setName] = useState(schedule?.report_name ?? '');
  const [format, setFormat] = useState<Format>((kept?.format as Format) ?? 'csv');
  const [columns, setColumns] = useState(() => choicesOf(kept?.columns));
  const [filters, setFilters] = useState<PeopleFilters>(() =>
    kept ? asFilters(kept.filters) : given,
  );
  const [excel, setExcel] = useState(kept?.options?.excel ?? false);
  const [zone, setZone] = useState(schedule?.timezone ?? kept?.options?.timezone ?? HERE);
  const [cron, setCron] = useState(schedule?.cron ?? '0 7 * * *');
  const [deliverTo, setDeliverTo] = useState((schedule?.deliver_to ?? []).join('\n'));
  const [enabled, setEnabled] = useState(schedule?.enabled ?? true);
  const [missed, setMissed] = useState(schedule?.missed ?? 'once');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const refused = asApiError(error);
  const about = (field: string) => refused.about(field) ?? refused.about(`report.${field}`);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(null);
    // What this form does not show, and what was not touched, stays as it is.
    const report: ReportBody = {
      format,
      ...(name.trim() ? { report_name: name.trim() } : {}),
      columns: columns.filter(({ chosen }) => chosen).map(({ name: column }) => column),
      filters: asQuery(filters, kept?.filters),
      options: {
        header: true,
        ...kept?.options,
        timezone: zone === schedule?.timezone ? (kept?.options?.timezone ?? null) : zone,
        excel: format === 'csv' && excel,
      },
    };
    try {
      if (kind === 'report') {
        await createReport(report);
        tell(t.reports.asked);
      } else {
        const body = {
          ...(name.trim() ? { report_name: name.trim() } : {}),
          cron,
          timezone: zone,
          report,
          deliver_to: deliverTo.split(/[\s,;]+/).filter(Boolean),
          enabled,
          missed,
        };
        if (schedule) await changeSchedule(schedule.schedule_id, body);
        else await createSchedule(body);
        tell(t.reports.scheduleSaved);
      }
      onDone(kind);
      await client.invalidateQueries({ queryKey: [kind === 'report' ? 'reports' : 'schedules'] });
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="lg">
        <TextInput
          label={t.reports.name}
          description={t.reports.nameHint}
          data-autofocus
          value={name}
          error={about('report_name')}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <div>
          <Text size="sm" fw={600} id="format-label" mb={4}>
            {t.reports.format}
          </Text>
          <SegmentedControl
            fullWidth
            aria-labelledby="format-label"
            value={format}
            onChange={(value) => setFormat(FORMATS.find((known) => known === value) ?? format)}
            data={FORMATS.map((value) => ({ value, label: t.reports.formats[value] }))}
          />
        </div>
        {format === 'csv' && (
          <Checkbox
            label={t.reports.excel}
            checked={excel}
            onChange={(event) => setExcel(event.currentTarget.checked)}
          />
        )}
        <FiltersField value={filters} onChange={setFilters} />
        <ColumnPicker value={columns} onChange={setColumns} error={about('columns')} />
        <Select
          label={t.reports.timezone}
          searchable
          allowDeselect={false}
          value={zone}
          error={refused.about('timezone') ?? about('options.timezone')}
          data={zones()}
          onChange={(value) => value && setZone(value)}
        />
        {!schedule && (
          <div>
            <Text size="sm" fw={600} id="when-label" mb={4}>
              {t.reports.when}
            </Text>
            <SegmentedControl
              fullWidth
              aria-labelledby="when-label"
              value={kind}
              onChange={(value) => setKind(value as Kind)}
              data={[
                { value: 'report', label: t.reports.now },
                { value: 'schedule', label: t.reports.onSchedule },
              ]}
            />
          </div>
        )}
        {kind === 'schedule' && (
          <>
            <CronField value={cron} onChange={setCron} error={refused.about('cron')} />
            <Textarea
              label={t.reports.deliverTo}
              description={t.reports.deliverToHint}
              autosize
              minRows={2}
              value={deliverTo}
              error={refused.fields.find(({ field }) => field.startsWith('deliver_to'))?.message}
              onChange={(event) => setDeliverTo(event.currentTarget.value)}
            />
            <Select
              label={t.reports.missed}
              allowDeselect={false}
              value={missed}
              data={[
                { value: 'once', label: t.reports.missedOnce },
                { value: 'skip', label: t.reports.missedSkip },
              ]}
              onChange={(value) => setMissed(value === 'skip' ? 'skip' : 'once')}
            />
            <Checkbox
              label={t.reports.enabled}
              checked={enabled}
              onChange={(event) => setEnabled(event.currentTarget.checked)}
            />
          </>
        )}
        {error !== null && <Failure error={error} />}
        <Group gap="sm">
          <Button type="submit" loading={busy}>
            {kind === 'schedule' ? t.reports.submitSchedule : t.reports.submit}
          </Button>
          <Button variant="default" onClick={() => onDone(kind)}>
            {t.cancel}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function zones(): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return ['UTC', ...known.filter((zone) => zone !== 'UTC')];
}

type FiltersProps = { value: PeopleFilters; onChange: (value: PeopleFilters) => void };

function FiltersField({ value, onChange }: FiltersProps) {
  const set = (change: FilterChange) => {
    const entries = Object.entries({ ...value, ...change });
    onChange(Object.fromEntries(entries.filter(([, v]) => v !== undefined && v !== '')));
  };
  return (
    <Fieldset legend={t.reports.filters}>
      <Stack gap="sm">
        <TextInput
          label={t.reports.q}
          value={value.q ?? ''}
          onChange={(event) => set({ q: event.currentTarget.value })}
        />
        <StatusFilter value={value} onChange={set} />
        <Group grow>
          <DayFilter end="from" value={value} onChange={set} />
          <DayFilter end="to" value={value} onChange={set} />
        </Group>
      </Stack>
    </Fieldset>
  );
}
