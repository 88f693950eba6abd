/** Readers of the address bar: what does not fit is as if it were not there. */

type Raw = Record<string, unknown>;

export function asText<K extends string>(raw: Raw, key: K): Partial<Record<K, string>> {
  const value = raw[key];
  // A search for digits comes back as a number.
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && text !== '' ? only(key, text) : {};
}

export function asOneOf<K extends string, V extends string>(
  raw: Raw,
  key: K,
  values: readonly V[],
): Partial<Record<K, V>> {
  const value = values.find((value) => value === raw[key]);
  return value ? only(key, value) : {};
}

export function asFlag<K extends string>(raw: Raw, key: K): Partial<Record<K, boolean>> {
  const value = raw[key];
  return typeof value === 'boolean' ? only(key, value) : {};
}

export function asWhole<K extends string>(raw: Raw, key: K): Partial<Record<K, number>> {
  const value = raw[key];
  return Number.isSafeInteger(value) ? only(key, value as number) : {};
}

export function asDate<K extends string>(raw: Raw, key: K): Partial<Record<K, string>> {
  const value = raw[key];
  const fits = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value);
  return fits && !Number.isNaN(Date.parse(value)) ? only(key, value) : {};
}

export function asCursor(raw: Raw): { cursor?: string } {
  return asText(raw, 'cursor');
}

function only<K extends string, V>(key: K, value: V): Partial<Record<K, V>> {
  return { [key]: value } as Partial<Record<K, V>>;
}
