import { text } from '@/shared/i18n/text';
import type { Connection } from '../api/follow-registration';
import type { Receipt } from '../model/receipt';
import type { RegistrationStatus } from '../model/stages';
import { SendAgain } from './send-again';

type Props = {
  registration: RegistrationStatus;
  connection: Connection;
  slow: boolean;
  lookAgain: () => void;
  receipt: Receipt;
  onAccepted: (receipt: Receipt) => void;
};

/** The line below the timeline: what the person can do, or why to wait. */
export function NextStep(props: Props) {
  return <div className="next-step">{content(props)}</div>;
}

function content({ registration, connection, slow, lookAgain, receipt, onAccepted }: Props) {
  const { status, timeline } = registration;
  if (status === 'confirmed') return null;
  if (status === 'email_failed') return <p className="hint">{text.sent.advice}</p>;
  if (connection === 'lost') return <p className="hint">{text.sent.disconnected}</p>;
  if (connection === 'stopped') {
    return (
      <p className="hint">
        {text.sent.stopped}{' '}
        <button type="button" className="link-button" onClick={lookAgain}>
          {text.sent.lookAgain}
        </button>
      </p>
    );
  }
  if (status === 'email_sent') {
    const at = timeline.find(({ stage }) => stage === 'email_sent')?.at;
    const mailedAt = at ? Date.parse(at) : receipt.sentAt;
    return <SendAgain {...{ receipt, mailedAt, onAccepted }} />;
  }
  if (slow) return <p className="hint">{text.sent.slow}</p>;
  return receipt.again ? <p className="hint">{text.sent.sentAgain}</p> : null;
}
