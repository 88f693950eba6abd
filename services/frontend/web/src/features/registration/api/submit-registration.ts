import { type Answer, asText, call, type Json } from '@/shared/http/answer';
import { pageLanguage } from '@/shared/i18n/language';
import { sentence } from '@/shared/i18n/sentence';
import { text } from '@/shared/i18n/text';
import { FIELDS, type Field, type FieldErrors, type Values } from '../model/values';

export type SubmitOutcome =
  | { kind: 'accepted'; id: string; statusUrl: string }
  | { kind: 'invalid'; errors: FieldErrors }
  | { kind: 'limited' | 'unavailable'; retryAfter: number }
  | { kind: 'unreachable' }
  | { kind: 'failed'; requestId: string | null };

/** `POST /api/registrations`. Every way in which it can end is a value; it never throws. */
export async function submitRegistration(values: Values, key: string): Promise<SubmitOutcome> {
  return read(
    await call('/api/registrations', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': key },
      body: JSON.stringify(values),
    }),
  );
}

function read(answer: Answer): SubmitOutcome {
  if (answer.kind === 'unreachable') return answer;
  if (answer.kind === 'ok') {
    const id = asText(answer.body.id);
    if (!id) return { kind: 'failed', requestId: null };
    const statusUrl = asText(answer.body.status_url) ?? `/api/registrations/${id}`;
    return { kind: 'accepted', id, statusUrl };
  }

  const { status, body, requestId, retryAfter } = answer;
  if (status === 429) return { kind: 'limited', retryAfter };
  if (status === 503) return { kind: 'unavailable', retryAfter };
  const errors = status === 422 ? readErrors(body) : {};
  return Object.keys(errors).length > 0
    ? { kind: 'invalid', errors }
    : { kind: 'failed', requestId };
}

/** The first error of each field that the form has. */
function readErrors(body: Json): FieldErrors {
  const errors: FieldErrors = {};
  for (const item of Array.isArray(body.errors) ? body.errors : []) {
    const field = FIELDS.find((known): known is Field => known === item?.field);
    const message = translated(field, item?.code) ?? asText(item?.message);
    if (field && message) errors[field] ??= message;
  }
  return errors;
}

/** The API speaks English; a page in another language says the same in its own. */
function translated(field: Field | undefined, code: unknown): string | undefined {
  if (pageLanguage() === 'en' || !field) return undefined;
  return sentence(text, field, String(code));
}
