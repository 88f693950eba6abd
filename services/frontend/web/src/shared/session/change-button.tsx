import { Button, type ButtonProps, Tooltip } from '@mantine/core';
import type { MouseEventHandler, ReactNode } from 'react';
import { t } from '../i18n/console';
import { useMayChange } from './session';

type Props = ButtonProps & {
  'aria-label'?: string;
  children: ReactNode;
  onClick?: MouseEventHandler<HTMLButtonElement>;
  type?: 'button' | 'submit';
};

/** A button that changes or exports something: who may only look is told why it is grey. */
export function ChangeButton(props: Props) {
  const mayChange = useMayChange();
  if (mayChange) return <Button {...props} />;
  return (
    <Tooltip label={t.errors.viewer}>
      <Button {...props} data-disabled aria-disabled onClick={(event) => event.preventDefault()} />
    </Tooltip>
  );
}
