import { useEffect, useRef } from 'react';
import { clockTime } from '@/shared/i18n/format';
import { text } from '@/shared/i18n/text';
import { useRegistrationStatus } from '../hooks/use-registration-status';
import { maskEmail } from '../model/mask-email';
import type { Receipt } from '../model/receipt';
import { type RegistrationStatus, type Stage, steps } from '../model/stages';
import { NextStep } from './next-step';
import { Timeline } from './timeline';

type Props = {
  receipt: Receipt;
  onAccepted: (receipt: Receipt) => void;
  onAnother: () => void;
  onCorrect: () => void;
};

/** What the card turns into once the server has the registration. */
export function ThankYou({ receipt, onAccepted, onAnother, onCorrect }: Props) {
  const { registration, ...live } = useRegistrationStatus(receipt);
  const heading = useRef<HTMLHeadingElement>(null);
  const words = text.sent[mood(registration.status)];

  useEffect(() => {
    document.title = text.sent.documentTitle;
    heading.current?.focus();
  }, []);

  return (
    <section className="view view--turned">
      <h1 className="heading" ref={heading} tabIndex={-1}>
        {words.heading}
      </h1>
      <p className="lede">{words.lede}</p>
      <Timeline steps={steps(registration)} address={maskEmail(receipt.values.email)} />
      <NextStep {...live} {...{ registration, receipt, onAccepted }} />
      <div className="actions actions--last">
        {registration.status === 'email_failed' && (
          <button type="button" className="button" onClick={onCorrect}>
            {text.sent.correct}
          </button>
        )}
        <button type="button" className="button button--quiet" onClick={onAnother}>
          {text.sent.another}
        </button>
      </div>
      <p className="visually-hidden" role="status">
        {announcement(registration)}
      </p>
    </section>
  );
}

function mood(status: Stage): 'accepted' | 'confirmed' | 'undeliverable' {
  if (status === 'confirmed') return 'confirmed';
  return status === 'email_failed' ? 'undeliverable' : 'accepted';
}

function announcement({ status, timeline }: RegistrationStatus): string {
  // The heading has the focus and says this much itself.
  if (status === 'accepted') return '';
  const at = timeline.find((entry) => entry.stage === status)?.at ?? null;
  return text.sent.announce(text.sent.stages[status], at && clockTime(at));
}
