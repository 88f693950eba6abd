import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import { type ReactNode, useRef, useState } from 'react';
import { t } from '../i18n/console';
import { useMayChange } from './session';

type Props = Omit<ButtonProps, 'loading'> & {
  'aria-label'?: string;
  children: ReactNode;
  /** While a promise that it returns is under way the button shows so, and does nothing more. */
  onClick: () => unknown;
};

/** A button that changes or exports something: who may only look is told why it is grey. */
export function ChangeButton({ onClick, ...props }: Props) {
  const mayChange = useMayChange();
  const inFlight = useRef(false);
  const [busy, setBusy] = useState(false);

  async function press() {
    if (inFlight.current) return;
    const done = onClick();
    if (!(done instanceof Promise)) return;
    inFlight.current = true;
    setBusy(true);
    try {
      await done;
    } finally {
      inFlight.current = false;
      setBusy(false);
    }
  }

  if (mayChange) {
    return (
      <Button
        {...props}
        loading={busy}
        onClick={press}
        // Not `disabled` meanwhile: that would drop the keyboard focus.
        renderRoot={(root) => <button {...root} disabled={false} aria-disabled={busy} />}
      />
    );
  }
  return (
    <Tooltip label={t.errors.viewer} events={{ hover: true, focus: true, touch: true }}>
      <Button {...props} data-disabled aria-disabled onClick={(event) => event.preventDefault()} />
    </Tooltip>
  );
}
