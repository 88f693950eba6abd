import { useEffect, useRef, useState } from 'react';
import { useCountdown } from '@/shared/hooks/use-countdown';
import { text } from '@/shared/i18n/text';
import { randomUuid } from '@/shared/lib/uuid';
import { submitRegistration } from '../api/submit-registration';
import type { Receipt } from '../model/receipt';

/** Mail takes its time: an impatient click would only bring a second one. */
const PATIENCE = 45;

type Props = {
  receipt: Receipt;
  /** When the e-mail was sent, in milliseconds since the epoch. */
  mailedAt: number;
  onAccepted: (receipt: Receipt) => void;
};

/**
 * Registers the same values once more: the server stores nobody twice and sends another e-mail,
 * within its limit per address.
 */
export function SendAgain({ receipt: { values }, mailedAt, onAccepted }: Props) {
  // The server's clock may be ahead of ours.
  const [availableAt, setAvailableAt] = useState(() =>
    after(PATIENCE, Math.min(mailedAt, Date.now())),
  );
  const [failed, setFailed] = useState(false);
  const inFlight = useRef(false);
  const gone = useRef(false);
  const secondsLeft = useCountdown(availableAt);

  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
    };
  }, []);

  async function sendAgain() {
    if (secondsLeft > 0 || inFlight.current) return;
    inFlight.current = true;
    const outcome = await submitRegistration(values, randomUuid());
    inFlight.current = false;
    // Whoever went on to something else is not called back.
    if (gone.current) return;
    if (outcome.kind === 'accepted') {
      const { id, statusUrl } = outcome;
      onAccepted({ id, statusUrl, values, sentAt: Date.now(), again: true });
    } else {
      setFailed(true);
      setAvailableAt(after('retryAfter' in outcome ? outcome.retryAfter : 5, Date.now()));
    }
  }

  return (
    <p className="hint">
      <span role="status">{failed ? text.sent.sendAgainFailed : text.sent.noEmail}</span>{' '}
      <button
        type="button"
        className="link-button"
        aria-disabled={secondsLeft > 0}
        onClick={sendAgain}
      >
        {text.sent.sendAgain}
      </button>
      {secondsLeft > 0 && (
        <span className="tabular">
          {' '}
          {text.sent.sendAgainIn(text.sent.secondsShort(secondsLeft))}
        </span>
      )}
    </p>
  );
}

const after = (seconds: number, from: number): number => from + seconds * 1000;
