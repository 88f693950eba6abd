import { Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { asApiError } from '../api/errors';
import { t } from '../i18n/console';
import { RequestNumber } from './states';

/** Says that something is done. */
export function tell(message: string): void {
  notifications.show({ message, autoClose: 6000 });
}

/** Says that something was not done. That nobody is logged in is said by the login, which is shown then. */
export function tellError(error: unknown): void {
  const refused = asApiError(error);
  if (refused.status === 401) return;
  notifications.show({
    color: 'danger',
    title: t.errors.title,
    message: (
      <>
        <Text size="sm">{refused.status === 0 ? t.errors.unreachable : refused.message}</Text>
        <RequestNumber error={refused} />
      </>
    ),
    autoClose: 12_000,
  });
}
