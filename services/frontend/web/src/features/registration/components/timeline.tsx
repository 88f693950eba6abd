import { exactTime } from '@/shared/i18n/exact-time';
import { clockTime } from '@/shared/i18n/format';
import { text } from '@/shared/i18n/text';
import type { Stage, Step } from '../model/stages';

type Props = { steps: Step[]; address: string };

/** What has happened to a registration, what is under way and what is to come. */
export function Timeline({ steps, address }: Props) {
  const failed = steps.some(({ state }) => state === 'failed');
  return (
    <ol className="timeline" aria-label={text.sent.timelineLabel}>
      {steps.map(({ stage, state, at }) => (
        <li key={stage} className="timeline__step" data-state={state}>
          <span className="timeline__marker" aria-hidden="true" />
          <span className="timeline__label">
            {text.sent.stages[stage]}
            <span className="visually-hidden">, {text.sent.states[state]}</span>
          </span>
          {at && (
            <time className="timeline__time" dateTime={at} title={exactTime(at)}>
              {clockTime(at)}
            </time>
          )}
          <span className="timeline__detail">
            {detail(stage, address, state !== 'done' && !failed)}
          </span>
        </li>
      ))}
    </ol>
  );
}

function detail(stage: Stage, address: string, open: boolean): string | null {
  if (stage === 'email_sent') return text.sent.to(address);
  if (stage === 'email_failed') return text.sent.refused(address);
  if (stage === 'confirmed' && open) return text.sent.confirmHint;
  return null;
}
