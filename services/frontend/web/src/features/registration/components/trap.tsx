import { text } from '@/shared/i18n/text';

/** The name of a field that people neither see nor reach. The server knows it, too. */
export const TRAP = 'website';

/** Programs that fill in every field fill in this one. */
export function Trap() {
  return (
    <div className="visually-hidden" aria-hidden="true">
      <label htmlFor={TRAP}>{text.form.trap}</label>
      <input id={TRAP} name={TRAP} type="text" tabIndex={-1} autoComplete="off" />
    </div>
  );
}
