/** What a person fills in. */
export const FIELDS = ['name', 'surname', 'email'] as const;

export type Field = (typeof FIELDS)[number];
export type Values = Record<Field, string>;
export type FieldErrors = Partial<Record<Field, string>>;

export const NO_VALUES: Values = { name: '', surname: '', email: '' };

export function sameValues(a: Values, b: Values): boolean {
  return FIELDS.every((field) => a[field] === b[field]);
}
