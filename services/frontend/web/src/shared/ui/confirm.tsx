import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { t } from '../i18n/console';
import { Failure } from './states';

type Props = {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What goes, and what stays. */
  children: ReactNode;
  /** Says what it does. */
  button: string;
  danger?: boolean;
  disabled?: boolean;
  onConfirm: () => Promise<unknown>;
};

/** Asks once before something that cannot be taken back. */
export function Confirm(props: Props) {
  const { opened, onClose, title, children, button, danger = true, disabled, onConfirm } = props;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  function close() {
    setError(null);
    onClose();
  }

  async function confirm() {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      close();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  }

  /** What is under way is waited for: its end would close another question. */
  function cancel() {
    if (!busy) close();
  }

  return (
    <Modal.Root opened={opened} onClose={cancel}>
      <Modal.Overlay />
      <Modal.Content>
        {/* Not the page's banner, which a header would be. */}
        <Modal.Header role="presentation">
          <Modal.Title fw={600} className="breakable">
            {title}
          </Modal.Title>
          <Modal.CloseButton aria-label={t.close} />
        </Modal.Header>
        <Modal.Body>
          <Stack>
            <Text component="div">{children}</Text>
            {error !== null && <Failure error={error} />}
            <Group justify="flex-end" gap="sm">
              <Button variant="default" onClick={cancel} data-autofocus>
                {t.cancel}
              </Button>
              <Button
                {...(danger ? { color: 'danger' } : {})}
                loading={busy}
                disabled={disabled ?? false}
                onClick={confirm}
              >
                {button}
              </Button>
            </Group>
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
