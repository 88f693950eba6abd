import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';
import { t } from '../i18n/console';
import { directionOf, pageLanguage } from '../i18n/language';

type Props = { opened: boolean; onClose: () => void; title: string; children: ReactNode };

/** What one row is about, beside the list. */
export function Panel({ opened, onClose, title, children }: Props) {
  const end = directionOf(pageLanguage()) === 'rtl' ? 'left' : 'right';
  return (
    <Drawer.Root opened={opened} onClose={onClose} position={end}>
      <Drawer.Overlay />
      <Drawer.Content>
        {/* Not the page's banner, which a header would be. */}
        <Drawer.Header role="presentation">
          <Drawer.Title fw={600} className="breakable">
            {title}
          </Drawer.Title>
          <Drawer.CloseButton aria-label={t.close} />
        </Drawer.Header>
        <Drawer.Body>{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}
