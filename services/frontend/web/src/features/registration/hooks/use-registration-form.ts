import { type FocusEvent, type FormEvent, useEffect, useRef, useState } from 'react';
import { flushSync } from 'react-dom';
import { useCountdown } from '@/shared/hooks/use-countdown';
import { text } from '@/shared/i18n/text';
import { submitRegistration } from '../api/submit-registration';
import { draft } from '../model/draft';
import { type Failure, failureOf } from '../model/failure';
import { IdempotencyKeys } from '../model/idempotency';
import type { Receipt } from '../model/receipt';
import { FIELDS, type Field, type FieldErrors, type Values } from '../model/values';
import { fieldError, formErrors } from '../validation/validate';
import { readValues, springTrap } from './form-values';
import { useDomainSuggestion } from './use-domain-suggestion';

/**
 * The form's behaviour. The inputs keep their own values, so that what is typed before the script
 * has loaded counts too; only errors and answers are state.
 */
export function useRegistrationForm(onAccepted: (receipt: Receipt) => void) {
  const form = useRef<HTMLFormElement>(null);
  const keys = useRef<IdempotencyKeys>(null);
  const inFlight = useRef(false);
  const pressing = useRef(false);
  const [errors, setErrors] = useState<FieldErrors>({});
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [spoken, speak] = useState('');
  const [alarm, setAlarm] = useState('');
  const suggestion = useDomainSuggestion(form, speak);
  const secondsLeft = useCountdown(failure?.until ?? null);

  useEffect(() => restoreDraft(form.current), []);

  function setError(field: Field, error: string | undefined) {
    setErrors(({ [field]: _, ...rest }) => (error ? { ...rest, [field]: error } : rest));
  }

  function onInput(event: FormEvent<HTMLFormElement>) {
    const input = event.target as HTMLInputElement;
    const field = input.name as Field;
    draft.write(readValues(event.currentTarget));
    if (errors[field] && !fieldError(field, input.value)) setError(field, undefined);
    if (field === 'email') suggestion.reconsider(input.value);
  }

  function onBlur(event: FocusEvent<HTMLFormElement>) {
    const input = event.target as unknown as HTMLInputElement;
    const field = FIELDS.find((known) => known === input.name);
    // While the button is being pressed nothing may move under the pointer; it checks everything.
    if (!field || pressing.current) return;
    const error = fieldError(field, input.value);
    setError(field, error);
    if (error) speak(`${text.form.fields[field]}: ${error}`);
    if (field === 'email') suggestion.offer(error ? '' : input.value);
  }

  /** Shows what is wrong and goes to the first place of it. */
  function refuse(found: FieldErrors) {
    const bad = FIELDS.filter((field) => found[field]);
    flushSync(() => {
      setErrors(found);
      // Emptied first: the same words again would not be read again.
      setAlarm('');
    });
    setAlarm(text.form.errorSummary(bad.map((field) => text.form.fields[field])));
    focusField(form.current, bad[0]);
  }

  async function send(values: Values) {
    keys.current ??= new IdempotencyKeys();
    inFlight.current = true;
    setSending(true);
    setFailure(null);
    setErrors({});
    const outcome = await submitRegistration(values, keys.current.keyFor(values));
    inFlight.current = false;
    setSending(false);
    if (outcome.kind === 'invalid') return refuse(outcome.errors);
    if (outcome.kind !== 'accepted') return setFailure(failureOf(outcome));

    keys.current.forget();
    draft.clear();
    onAccepted({ id: outcome.id, statusUrl: outcome.statusUrl, values, sentAt: Date.now() });
  }

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (inFlight.current || secondsLeft > 0) return;
    if (springTrap(event.currentTarget)) {
      return setFailure({ kind: 'trapped', until: null, requestId: null });
    }
    const values = readValues(event.currentTarget);
    const found = formErrors(values);
    if (Object.keys(found).length > 0) return refuse(found);
    if (suggestion.holds(values.email)) return focusField(form.current, 'email');
    void send(values);
  }

  return {
    form,
    errors,
    suggestion,
    sending,
    blocked: secondsLeft > 0,
    failure,
    secondsLeft,
    spoken,
    alarm,
    handlers: { onInput, onBlur, onSubmit },
    setPressing: (value: boolean) => {
      pressing.current = value;
    },
  };
}

function focusField(form: HTMLFormElement | null, field: Field | undefined) {
  const input = field && form?.elements.namedItem(field);
  if (input instanceof HTMLInputElement) input.focus();
}

/** Fills empty fields only: the browser or the person may have been first. */
function restoreDraft(form: HTMLFormElement | null) {
  const values = draft.read();
  if (!form || !values) return;
  for (const field of FIELDS) {
    const input = form.elements.namedItem(field);
    if (input instanceof HTMLInputElement && input.value === '') input.value = values[field];
  }
}
