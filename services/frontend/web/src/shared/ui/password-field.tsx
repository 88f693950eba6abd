import { PasswordInput, type PasswordInputProps } from '@mantine/core';
import { t } from '../i18n/console';

export function PasswordField(props: PasswordInputProps) {
  return (
    <PasswordInput
      visibilityToggleButtonProps={{ 'aria-label': t.session.showPassword }}
      {...props}
    />
  );
}
