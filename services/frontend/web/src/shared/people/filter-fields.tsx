import { Select, type SelectProps, TextInput } from '@mantine/core';
import { t } from '../i18n/console';
import type { PeopleFilters } from './filters';

export type FilterChange = { [K in keyof PeopleFilters]?: PeopleFilters[K] | undefined };
type Props = { value: PeopleFilters; onChange: (change: FilterChange) => void };

/** Whose address is confirmed, or not, or both. */
export function StatusFilter({ value, onChange, ...rest }: Props & Pick<SelectProps, 'w'>) {
  const { confirmed } = value;
  return (
    <Select
      {...rest}
      label={t.people.status}
      allowDeselect={false}
      value={confirmed === undefined ? 'all' : confirmed ? 'confirmed' : 'unconfirmed'}
      data={Object.entries(t.people.statuses).map(([key, label]) => ({ value: key, label }))}
      onChange={(key) => onChange({ confirmed: key === 'all' ? undefined : key === 'confirmed' })}
    />
  );
}

type DayProps = Props & { end: 'from' | 'to' };

/** The first or the last day of registering. */
export function DayFilter({ value, onChange, end }: DayProps) {
  return (
    <TextInput
      type="date"
      label={t.people[end]}
      value={value[end] ?? ''}
      onChange={(event) => onChange({ [end]: event.currentTarget.value || undefined })}
    />
  );
}
