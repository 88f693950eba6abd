import { sentence } from '@/shared/i18n/sentence';
import { text } from '@/shared/i18n/text';
import { FIELDS, type Field, type FieldErrors, type Values } from '../model/values';
import { parseEmail } from './email';
import { parseName } from './name';
import type { Verdict } from './verdict';

const PARSERS: Record<Field, (raw: string) => Verdict> = {
  name: parseName,
  surname: parseName,
  email: parseEmail,
};

export function parseField(field: Field, raw: string): Verdict {
  return PARSERS[field](raw);
}

/** The sentence that says what is wrong with a field, if anything is. */
export function fieldError(field: Field, raw: string): string | undefined {
  const { code } = parseField(field, raw);
  return code && sentence(text, field, code);
}

export function formErrors(values: Values): FieldErrors {
  const errors: FieldErrors = {};
  for (const field of FIELDS) {
    const error = fieldError(field, values[field]);
    if (error) errors[field] = error;
  }
  return errors;
}
