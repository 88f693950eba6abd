import { screen, waitFor } from '@testing-library/react';
import { userEvent } from '@testing-library/user-event';
import { useState } from 'react';
import { afterEach, expect, it } from 'vitest';
import type { Schedule } from '@/shared/api/types';
import { clear, serve, showConsole } from '@/shared/testing/console';
import { CronField } from './cron-field';
import { ReportForm } from './report-form';

const report = {
  format: 'csv',
  columns: ['email'],
  filters: { created_from: '2026-01-02T03:04:05Z', created_to: '2026-02-03T04:05:06Z' },
  options: { delimiter: ';', header: false, excel: false, timezone: 'Asia/Tokyo' },
};
const schedule = {
  schedule_id: '7',
  report_name: 'Weekly',
  cron: '0 7 * * *',
  timezone: 'Europe/Berlin',
  enabled: true,
  missed: 'once',
  deliver_to: [],
  report,
} as unknown as Schedule;

afterEach(clear);

it('what the form does not show, and what is not touched, stays as it is', async () => {
  const saved: { report: object; enabled: boolean }[] = [];
  serve({
    'PUT /schedules/7': async (request) => {
      saved.push((await request.json()) as (typeof saved)[number]);
      return schedule;
    },
  });
  await showConsole(<ReportForm kind="schedule" schedule={schedule} onDone={() => {}} />);
  await userEvent.click(screen.getByLabelText('Switched on'));
  await userEvent.click(screen.getByText('Save the schedule'));
  await waitFor(() => expect(saved).toHaveLength(1));
  expect(saved[0]).toMatchObject({ enabled: false, report });
});

it('an expression that is a usual one for a moment can be typed to its end', async () => {
  function Field() {
    const [cron, setCron] = useState('0 7 * * *');
    return <CronField value={cron} onChange={setCron} />;
  }
  await showConsole(<Field />);
  await userEvent.click(screen.getByRole('combobox', { name: 'How often' }));
  await userEvent.click(await screen.findByText('Another cron expression'));
  const input = screen.getByLabelText<HTMLInputElement>('When, as a cron expression');
  await userEvent.clear(input);
  await userEvent.type(input, '0 7 * * MON-FRI');
  expect(input.isConnected).toBe(true);
  expect(input.value).toBe('0 7 * * MON-FRI');
});
