import { useCallback, useEffect, useState } from 'react';
import { type Connection, followRegistration } from '../api/follow-registration';
import { FOLLOW_FOR, type Receipt } from '../model/receipt';
import type { RegistrationStatus } from '../model/stages';

const JUST_ACCEPTED: RegistrationStatus = { status: 'accepted', timeline: [] };
/** After this long without an e-mail a person wants to know whether to wait. */
const SLOW_AFTER = 20_000;

/** What the server says about a registration, followed live. */
export function useRegistrationStatus({ statusUrl, sentAt }: Receipt) {
  const [registration, setRegistration] = useState(JUST_ACCEPTED);
  const [connection, setConnection] = useState<Connection>('live');
  const [followFrom, setFollowFrom] = useState(sentAt);
  const [slow, setSlow] = useState(false);
  const { status } = registration;

  useEffect(() => {
    setConnection('live');
    return followRegistration(statusUrl, followFrom + FOLLOW_FOR, {
      onStatus: setRegistration,
      onConnection: setConnection,
    });
  }, [statusUrl, followFrom]);

  useEffect(() => {
    setSlow(false);
    if (status !== 'accepted' && status !== 'stored') return;
    const timer = setTimeout(() => setSlow(true), SLOW_AFTER);
    return () => clearTimeout(timer);
  }, [status]);

  const lookAgain = useCallback(() => setFollowFrom(Date.now()), []);
  return { registration, connection, slow, lookAgain };
}
