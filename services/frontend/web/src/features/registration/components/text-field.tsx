import type { InputHTMLAttributes, ReactNode } from 'react';
import { text } from '@/shared/i18n/text';
import type { Field } from '../model/values';

type Props = InputHTMLAttributes<HTMLInputElement> & {
  name: Field;
  error: string | undefined;
  /** Stands where the error would, if there is none. */
  hint?: ReactNode;
};

/** A label, its input and a line below, which is there before there is anything to say. */
export function TextField({ name, error, hint, ...input }: Props) {
  const describedBy = error ? `${name}-error` : hint ? `${name}-hint` : undefined;
  return (
    <div className="field">
      <label className="field__label" htmlFor={name}>
        {text.form.fields[name]}
      </label>
      <input
        {...input}
        className="field__input"
        id={name}
        name={name}
        required
        dir="auto"
        aria-invalid={error !== undefined}
        aria-describedby={describedBy}
      />
      <div className="field__message">
        {error ? (
          <p className="field__error" id={`${name}-error`}>
            <span className="visually-hidden">{text.form.errorPrefix} </span>
            {error}
          </p>
        ) : (
          hint && (
            <p className="field__hint" id={`${name}-hint`}>
              {hint}
            </p>
          )
        )}
      </div>
    </div>
  );
}
