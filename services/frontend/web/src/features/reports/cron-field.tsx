import { Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { t } from '@/shared/i18n/console';
import { inWords } from './cron';

const PRESETS = { daily: '0 7 * * *', weekly: '0 7 * * MON', monthly: '0 7 1 * *' } as const;

type Preset = keyof typeof PRESETS;

const isPreset = (value: string | null): value is Preset =>
  value !== null && Object.hasOwn(PRESETS, value);

type Props = { value: string; onChange: (cron: string) => void; error?: string | undefined };

/** When a schedule runs: one of the usual ways, or any cron expression, said in words. */
export function CronField({ value, onChange, error }: Props) {
  const preset = Object.keys(PRESETS).find((name) => PRESETS[name as Preset] === value);
  // What is typed may be a usual way for a moment, on its way to another.
  const [custom, setCustom] = useState(!preset);
  return (
    <Stack gap="sm">
      <Select
        label={t.reports.presets.label}
        allowDeselect={false}
        value={custom ? 'custom' : (preset ?? null)}
        data={(['daily', 'weekly', 'monthly', 'custom'] as const).map((name) => ({
          value: name,
          label: t.reports.presets[name],
        }))}
        onChange={(name) => {
          setCustom(!isPreset(name));
          onChange(isPreset(name) ? PRESETS[name] : '30 7 * * MON-FRI');
        }}
      />
      {custom && (
        <TextInput
          className="code-input"
          dir="ltr"
          label={t.reports.cron}
          description={t.reports.cronHint}
          value={value}
          error={error}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      )}
      <div role="status">{inWords(value)}</div>
    </Stack>
  );
}
