import type { ButtonHTMLAttributes } from 'react';

type Props = ButtonHTMLAttributes<HTMLButtonElement> & {
  label: string;
  busyLabel: string;
  busy: boolean;
  blocked: boolean;
};

/**
 * The main button. Both labels lie in one place, so that it keeps its size. It is never `disabled`:
 * that would drop the keyboard focus.
 */
export function BusyButton({ label, busyLabel, busy, blocked, ...button }: Props) {
  return (
    <button
      {...button}
      type="submit"
      className="button"
      aria-disabled={busy || blocked}
      data-busy={busy || undefined}
    >
      <span className="button__label" aria-hidden={busy || undefined}>
        {label}
      </span>
      <span className="button__busy" aria-hidden={!busy || undefined}>
        {busyLabel}
      </span>
    </button>
  );
}
