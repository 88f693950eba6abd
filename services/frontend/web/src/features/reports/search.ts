import type { PeopleFilters } from '@/shared/people/filters';
import { asCursor, asDate, asFlag, asOneOf, asText } from '@/shared/router/search';

export type ReportsSearch = {
  tab?: 'schedules';
  cursor?: string;
  /** The panel of a new report or schedule. */
  panel?: 'report' | 'schedule';
} & PeopleFilters;

/** The filters of a new report come from the list of registrations. */
export function validateReportsSearch(raw: Record<string, unknown>): ReportsSearch {
  return {
    ...asOneOf(raw, 'tab', ['schedules'] as const),
    ...asOneOf(raw, 'panel', ['report', 'schedule'] as const),
    ...asCursor(raw),
    ...asText(raw, 'q'),
    ...asFlag(raw, 'confirmed'),
    ...asDate(raw, 'from'),
    ...asDate(raw, 'to'),
  };
}
