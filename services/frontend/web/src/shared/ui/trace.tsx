import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { clockSeconds } from '../i18n/console/format';
import { exactTime } from '../i18n/exact-time';

type Props = {
  at: string;
  kind: 'good' | 'bad' | 'open';
  /** What the mail server said, in its own words. */
  reply?: string | undefined;
  children: ReactNode;
};

/** One thing that happened, with its time; an item of a list of the class `trace`. */
export function TraceItem({ at, kind, reply, children }: Props) {
  return (
    <li className="trace__item" data-kind={kind}>
      <div>{children}</div>
      {reply && (
        <Text size="sm" dir="ltr" className="reply">
          {reply}
        </Text>
      )}
      <Text size="sm" c="dimmed" className="tabular">
        <time dateTime={at} title={exactTime(at)}>
          {clockSeconds(at)}
        </time>
      </Text>
    </li>
  );
}

/** How the outcome of an attempt at an e-mail is shown. */
export const outcomeKind = (outcome: string): Props['kind'] =>
  outcome === 'sent' ? 'good' : outcome === 'failed' ? 'bad' : 'open';
