import { useOnline } from '@/shared/hooks/use-online';
import { duration } from '@/shared/i18n/format';
import { text } from '@/shared/i18n/text';
import type { Failure } from '../model/failure';

type Props = { failure: Failure; secondsLeft: number };

/** What went wrong, that nothing is lost, and when or how to go on. */
export function FailureNotice({ failure, secondsLeft }: Props) {
  const online = useOnline();
  const words = wordsFor(failure, online);
  const waits = failure.until !== null;
  return (
    <div className="notice" role="alert">
      <p className="notice__title">{words.title}</p>
      <p>
        {words.text}
        {failure.requestId && (
          <>
            {' '}
            <code className="notice__id">{failure.requestId}</code>
          </>
        )}
        {waits && <Wait seconds={secondsLeft} />}
      </p>
    </div>
  );
}

/** Read out with the notice and again at the end; in between the seconds tick silently. */
function Wait({ seconds }: { seconds: number }) {
  return (
    <span className="notice__wait" aria-live={seconds > 0 ? 'off' : undefined}>
      {seconds > 0 ? text.failure.wait(duration(seconds)) : text.failure.ready}
    </span>
  );
}

function wordsFor({ kind, requestId }: Failure, online: boolean) {
  if (kind === 'offline') return online ? text.failure.online : text.failure.offline;
  if (kind === 'failed' && !requestId) {
    return { title: text.failure.failed.title, text: text.failure.failed.textWithoutId };
  }
  return text.failure[kind];
}
