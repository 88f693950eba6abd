import { notifications } from '@mantine/notifications';
import { asApiError } from '../api/errors';
import { t } from '../i18n/console';

/** Says that something is done. */
export function tell(message: string): void {
  notifications.show({ message, autoClose: 6000 });
}

/** Says that something was not done. */
export function tellError(error: unknown): void {
  const { status, message } = asApiError(error);
  notifications.show({
    color: 'danger',
    title: t.errors.title,
    message: status === 0 ? t.errors.unreachable : message,
    autoClose: 12_000,
  });
}
