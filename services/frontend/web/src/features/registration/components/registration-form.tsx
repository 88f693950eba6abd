import { useEffect } from 'react';
import { text } from '@/shared/i18n/text';
import { useRegistrationForm } from '../hooks/use-registration-form';
import type { Receipt } from '../model/receipt';
import type { Field, Values } from '../model/values';
import { BusyButton } from './busy-button';
import { DomainSuggestion } from './domain-suggestion';
import { FailureNotice } from './failure-notice';
import { TextField } from './text-field';
import { Trap } from './trap';

type Props = {
  onAccepted: (receipt: Receipt) => void;
  initial?: Values | undefined;
  /** Where to go at once, when the form comes back on the person's wish. */
  focus?: Field | undefined;
};

/** Without JavaScript the same form posts and gets a page back. */
export function RegistrationForm({ onAccepted, initial, focus }: Props) {
  const { form, errors, suggestion, sending, blocked, failure, secondsLeft, ...rest } =
    useRegistrationForm(onAccepted);

  useEffect(() => {
    document.title = text.form.documentTitle;
    if (focus) document.getElementById(focus)?.focus();
  }, [focus]);

  return (
    <form
      ref={form}
      className={focus ? 'view view--turned' : 'view'}
      method="post"
      action="/api/registrations"
      encType="application/x-www-form-urlencoded"
      noValidate
      {...rest.handlers}
    >
      <h1 className="heading">{text.form.heading}</h1>
      <p className="lede">{text.form.lede}</p>
      <div className="fields">
        <TextField
          name="name"
          autoComplete="given-name"
          defaultValue={initial?.name}
          error={errors.name}
        />
        <TextField
          name="surname"
          autoComplete="family-name"
          defaultValue={initial?.surname}
          error={errors.surname}
        />
        <TextField
          name="email"
          type="email"
          autoComplete="email"
          autoCapitalize="none"
          spellCheck={false}
          defaultValue={initial?.email}
          error={errors.email}
          hint={
            suggestion.current && (
              <DomainSuggestion {...suggestion.current} onApply={suggestion.apply} />
            )
          }
        />
      </div>
      <Trap />
      <div className="actions">
        <BusyButton
          label={text.form.submit}
          busyLabel={text.form.sending}
          busy={sending}
          blocked={blocked}
          onPointerDown={() => rest.setPressing(true)}
          onPointerUp={() => rest.setPressing(false)}
          onPointerCancel={() => rest.setPressing(false)}
          onPointerLeave={() => rest.setPressing(false)}
        />
      </div>
      {failure && <FailureNotice failure={failure} secondsLeft={secondsLeft} />}
      <p className="visually-hidden" role="alert">
        {rest.alarm}
      </p>
      <p className="visually-hidden" role="status">
        {sending ? text.form.sending : rest.spoken}
      </p>
    </form>
  );
}
