import { screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { afterEach, expect, it, vi } from 'vitest';
import { clear, later, showConsole } from '../testing/console';
import { ChangeButton } from './change-button';

afterEach(clear);

it('does once what is pressed twice', async () => {
  const { answer, release } = later();
  const send = vi.fn(answer);
  await showConsole(<ChangeButton onClick={send}>Send</ChangeButton>);
  const button = screen.getByRole('button', { name: 'Send' });
  await userEvent.dblClick(button);
  expect(send).toHaveBeenCalledTimes(1);
  expect(button.hasAttribute('data-loading')).toBe(true);
  expect(button).toHaveProperty('disabled', false);
  expect(document.activeElement).toBe(button);
  await release(undefined);
  await userEvent.click(button);
  expect(send).toHaveBeenCalledTimes(2);
});

it('tells who may only look why, by keyboard too', async () => {
  await showConsole(<ChangeButton onClick={() => {}}>Send</ChangeButton>, 'viewer');
  await userEvent.tab();
  expect(document.activeElement).toBe(screen.getByRole('button', { name: 'Send' }));
  await waitFor(() => expect(screen.getByRole('tooltip').textContent).toContain('may look'));
});
