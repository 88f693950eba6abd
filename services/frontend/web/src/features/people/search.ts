import type { PeopleFilters } from '@/shared/people/filters';
import { asCursor, asDate, asFlag, asText, asWhole } from '@/shared/router/search';

/** What the address bar holds of the list: what is looked for, which page, whose panel is open. */
export type PeopleSearch = PeopleFilters & { cursor?: string; open?: number };

/** The end of an address that leads to the search field. */
export const FIND = 'search';

export function validatePeopleSearch(raw: Record<string, unknown>): PeopleSearch {
  return {
    ...asText(raw, 'q'),
    ...asFlag(raw, 'confirmed'),
    ...asDate(raw, 'from'),
    ...asDate(raw, 'to'),
    ...asCursor(raw),
    ...asWhole(raw, 'open'),
  };
}
