import { Drawer } from '@mantine/core';
import type { ReactNode } from 'react';
import { t } from '../i18n/console';
import { directionOf, pageLanguage } from '../i18n/language';

type Props = { opened: boolean; onClose: () => void; title: string; children: ReactNode };

/** What one row is about, beside the list. */
export function Panel({ opened, onClose, title, children }: Props) {
  const end = directionOf(pageLanguage()) === 'rtl' ? 'left' : 'right';
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position={end}
      title={title}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
      closeButtonProps={{ 'aria-label': t.close }}
    >
      {children}
    </Drawer>
  );
}
