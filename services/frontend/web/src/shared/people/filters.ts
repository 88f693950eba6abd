/** Which registrations, as the address bar says it: days in the person's own zone, both inclusive. */
export type PeopleFilters = { q?: string; confirmed?: boolean; from?: string; to?: string };

/** The filters as the services take and keep them. */
type Query = {
  q?: string | null;
  confirmed?: boolean | null;
  created_from?: string | null;
  created_to?: string | null;
};

/**
 * The filters as the services take them: times in UTC, the end exclusive. A day that is still the one
 * of `kept` is the moment kept there, which another zone or program may have chosen.
 */
export function asQuery({ q, confirmed, from, to }: PeopleFilters, kept?: Query | null) {
  const before = asFilters(kept);
  return {
    ...(q ? { q } : {}),
    ...(confirmed === undefined ? {} : { confirmed }),
    ...(from
      ? { created_from: (from === before.from && kept?.created_from) || startOfDay(from, 0) }
      : {}),
    ...(to ? { created_to: (to === before.to && kept?.created_to) || startOfDay(to, 1) } : {}),
  };
}

/** The moment at which a day begins here, some days later. */
function startOfDay(day: string, later: number): string {
  const start = new Date(`${day}T00:00`);
  start.setDate(start.getDate() + later);
  return start.toISOString();
}

/** The other way round, for a form that shows what is kept. */
export function asFilters(query: Query | null | undefined): PeopleFilters {
  const { q, confirmed, created_from: from, created_to: to } = query ?? {};
  return {
    ...(typeof q === 'string' ? { q } : {}),
    ...(typeof confirmed === 'boolean' ? { confirmed } : {}),
    ...(typeof from === 'string' ? { from: day(from, 0) } : {}),
    ...(typeof to === 'string' ? { to: day(to, -1) } : {}),
  };
}

function day(at: string, later: number): string {
  const date = new Date(Date.parse(at) + later);
  const part = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${part(date.getMonth() + 1)}-${part(date.getDate())}`;
}
