import { expect } from '@playwright/test';
import { enter, panel, row } from './console.ts';
import { SERVER_GONE } from './guard.ts';
import { heading } from './page.ts';
import type { Place, State } from './states.ts';
import type { System } from './system.ts';

const PEOPLE = [
  ['Ada', 'Lovelace', 'ada@example.com'],
  ['Grace', 'Hopper', 'grace.hopper@navy.example'],
  ['عائشة', 'الباعونية', 'aisha@example.com'],
  ['李', '小龍', 'bruce@example.com'],
  ['Юлия', 'Иванова', 'julia@example.com'],
  ['Pablo Diego José Francisco de Paula', 'Ruiz y Picasso', 'pablo@a-long-name.example.com'],
  ['Zoë', "O'Brien-Müller", 'zoe@example.com'],
  ['Katherine', 'Johnson', 'katherine@example.com'],
  ['Edsger', 'Dijkstra', 'edsger@example.com'],
  ['Barbara', 'Liskov', 'barbara@example.com'],
] as const;

const EVENT = {
  specversion: '1.0',
  id: '7',
  source: '/foreign',
  type: 'userstream.registration.submitted.v1',
  data: {
    registration_id: '0190a000-0000-7000-8000-000000000000',
    name: 'Ada',
    surname: 'see www.example.com',
    email: 'ada@example.org',
    submitted_at: '2026-01-02T03:04:05Z',
  },
};

/** A system in which something has happened. */
async function lived(at: Place, settings: Record<string, string> = {}): Promise<System> {
  const system = await at.startSystem(settings);
  const ids: string[] = [];
  for (const [name, surname, email] of PEOPLE) {
    ids.push(await system.register({ name, surname, email }));
  }
  const stage = settings.SMTP_HOST ? 'email_failed' : 'email_sent';
  for (const id of ids) await system.reaches(id, stage);
  return system;
}

async function confirmSome(system: System): Promise<void> {
  for (const [, , email] of PEOPLE.slice(0, 6)) {
    await fetch(await system.linkTo(email), { method: 'POST' });
  }
}

/** Opens a page of the console of a system, by its login. */
async function open({ page, guard }: Place, system: System, path: string): Promise<void> {
  guard.cookies.push('userstream_session');
  await page.goto(`${system.url}/admin${path}`);
  await enter(page);
  await expect(heading(page, 'Log in')).toHaveCount(0);
}

/** Calls a service as the person who is logged in. */
async function call({ page }: Place, system: System, path: string, data: object): Promise<void> {
  const answer = await page.request.post(`${system.url}/api/admin${path}`, { data });
  expect(answer.ok(), await answer.text()).toBe(true);
}

/** All that a person who runs the list may come to see. */
export const CONSOLE_STATES: State[] = [
  {
    name: 'console-login',
    async reach({ page }) {
      await page.goto('/admin');
      await expect(heading(page, 'Log in')).toBeVisible();
    },
  },
  {
    name: 'console-login-wrong',
    async reach({ page, guard }) {
      guard.tolerate(/status of 401/);
      await page.goto('/admin');
      await enter(page, { email: 'nobody@example.com', password: 'not this one' });
      await expect(page.getByText('The address or the password is not right.')).toBeVisible();
    },
  },
  {
    name: 'console-overview-empty',
    async reach(at) {
      await open(at, await at.startSystem(), '');
      await expect(at.page.getByText('Nothing. All is well.')).toBeVisible();
    },
  },
  {
    name: 'console-overview',
    async reach(at) {
      const system = await lived(at);
      await confirmSome(system);
      system.publish('user.registration', ['no JSON', 'no JSON']);
      await open(at, system, '');
      await expect(at.page.getByText('2 messages could not be processed')).toBeVisible();
      await expect(at.page.getByText('60%')).toBeVisible();
    },
  },
  {
    name: 'console-registrations-empty',
    async reach(at) {
      await open(at, await at.startSystem(), '/registrations');
      await expect(at.page.getByText('Nobody yet')).toBeVisible();
    },
  },
  {
    name: 'console-registrations',
    async reach(at) {
      const system = await lived(at);
      await confirmSome(system);
      await open(at, system, '/registrations');
      await expect(row(at.page, 'Grace Hopper')).toBeVisible();
    },
  },
  {
    name: 'console-registrations-nothing',
    async reach(at) {
      await open(at, at.system, '/registrations?q=nobody.at.all&confirmed=true');
      await expect(at.page.getByText('Nobody matches')).toBeVisible();
    },
  },
  {
    name: 'console-registration',
    async reach(at) {
      const system = await lived(at);
      await confirmSome(system);
      await open(at, system, '/registrations?open=1');
      await expect(panel(at.page).getByText('Address confirmed')).toBeVisible();
    },
  },
  {
    name: 'console-registration-edit',
    async reach(at) {
      at.guard.tolerate(/status of 422/);
      await open(at, await lived(at), '/registrations?open=1');
      const aside = panel(at.page);
      await aside.getByRole('button', { name: 'Edit' }).click();
      await aside.getByLabel('First name').fill('');
      await aside.getByRole('button', { name: 'Save' }).click();
      await expect(aside.getByText('Enter your first name.')).toBeVisible();
    },
  },
  {
    name: 'console-registration-delete',
    async reach(at) {
      await open(at, await lived(at), '/registrations?open=1');
      await panel(at.page).getByRole('button', { name: 'Delete' }).click();
      await expect(at.page.getByText('Delete Ada Lovelace?')).toBeVisible();
    },
  },
  {
    name: 'console-emails',
    async reach(at) {
      await open(at, await lived(at), '/emails');
      await expect(row(at.page, 'ada@example.com')).toBeVisible();
    },
  },
  {
    name: 'console-email-failed',
    async reach(at) {
      at.mailServer.refuse();
      const system = await lived(at, at.mailServer.settings);
      await open(at, system, '/emails?status=failed');
      await row(at.page, 'grace.hopper').getByRole('link').click();
      await expect(panel(at.page).getByText('550 5.1.1 no such mailbox')).toBeVisible();
    },
  },
  {
    name: 'console-reports-empty',
    async reach(at) {
      await open(at, await at.startSystem(), '/reports');
      await expect(at.page.getByText('No reports yet')).toBeVisible();
    },
  },
  {
    name: 'console-reports',
    async reach(at) {
      const system = await lived(at);
      await open(at, system, '/reports');
      await call(at, system, '/reports', { format: 'csv', report_name: 'Everybody' });
      await call(at, system, '/reports', { format: 'xlsx', report_name: 'For the board' });
      await expect(row(at.page, 'Everybody')).toContainText('Done');
      await expect(row(at.page, 'For the board')).toContainText('Done');
    },
  },
  {
    name: 'console-report-new',
    async reach(at) {
      await open(at, at.system, '/reports?panel=report&q=ada&confirmed=true');
      await expect(panel(at.page).getByLabel('Name or e-mail contains')).toHaveValue('ada');
    },
  },
  {
    name: 'console-schedules',
    async reach(at) {
      const system = await at.startSystem();
      await open(at, system, '/reports?tab=schedules');
      await call(at, system, '/schedules', {
        report_name: 'Every working day',
        cron: '30 7 * * MON-FRI',
        timezone: 'Europe/Berlin',
        report: { format: 'xlsx' },
        deliver_to: ['board@example.com'],
      });
      await expect(at.page.getByText('Every working day')).toBeVisible({ timeout: 15_000 });
    },
  },
  {
    name: 'console-dead-letters',
    async reach(at) {
      const system = await at.startSystem();
      system.publish('user.registration', ['no JSON', 'no JSON', JSON.stringify(EVENT)]);
      system.publish('email.notifications', ['{}']);
      await open(at, system, '/dead-letters');
      await expect(at.page.getByRole('row')).toHaveCount(4);
    },
  },
  {
    name: 'console-dead-letter',
    async reach(at) {
      const system = await at.startSystem();
      system.publish('user.registration', [JSON.stringify(EVENT)]);
      await open(at, system, '/dead-letters?view=messages');
      await at.page.getByRole('row').nth(1).getByRole('link').click();
      await panel(at.page).getByRole('button', { name: 'Dry run' }).click();
      await expect(panel(at.page).getByText('It still cannot be read')).toBeVisible();
    },
  },
  {
    name: 'console-dead-letters-empty',
    async reach(at) {
      await open(at, await at.startSystem(), '/dead-letters');
      await expect(at.page.getByText('No dead letters')).toBeVisible();
    },
  },
  {
    name: 'console-templates',
    async reach(at) {
      await open(at, at.system, '/templates');
      await expect(row(at.page, 'Welcome').first()).toBeVisible();
    },
  },
  {
    name: 'console-template',
    async reach(at) {
      await open(at, at.system, '/templates/confirmation?locale=en');
      const frame = at.page.frameLocator('iframe');
      await expect(frame.getByText('Hello Ada')).toBeVisible();
    },
  },
  {
    name: 'console-template-mistake',
    async reach(at) {
      at.guard.tolerate(/status of 422/);
      await open(at, at.system, '/templates/confirmation?locale=en');
      await at.page.getByLabel('Subject').fill('{{ confirm');
      await expect(at.page.getByText('There is a mistake in the text')).toBeVisible();
    },
  },
  {
    name: 'console-team',
    async reach(at) {
      const system = await at.startSystem();
      await open(at, system, '/team');
      const vera = { email: 'vera@example.com', password: 'a first password', role: 'viewer' };
      await call(at, system, '/team', vera);
      await at.page.reload();
      await expect(row(at.page, 'vera@example.com')).toBeVisible();
    },
  },
  {
    name: 'console-team-new',
    async reach(at) {
      await open(at, at.system, '/team');
      await at.page.getByRole('button', { name: 'New account' }).click();
      await expect(panel(at.page).getByLabel('First password')).toBeVisible();
    },
  },
  {
    name: 'console-account',
    async reach(at) {
      await open(at, at.system, '/account');
      await expect(heading(at.page, 'Account')).toBeVisible();
    },
  },
  {
    name: 'console-nowhere',
    async reach({ page }) {
      await page.goto('/admin/nowhere');
      await expect(page.getByText('There is no such page')).toBeVisible();
    },
  },
  {
    name: 'console-away',
    async reach(at) {
      at.guard.tolerate(SERVER_GONE, /ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_NETWORK/);
      const system = await lived(at);
      await open(at, system, '/emails');
      await expect(row(at.page, 'ada@example.com')).toBeVisible();
      await system.kill();
      await at.page.getByRole('link', { name: 'Templates' }).click();
      await expect(at.page.getByText('The server cannot be reached.')).toBeVisible({
        timeout: 20_000,
      });
      await expect(at.page.getByText('Not live: no connection')).toBeVisible();
    },
  },
  {
    name: 'console-arabic',
    async reach(at) {
      at.guard.cookies.push('userstream_language');
      const system = await lived(at);
      await confirmSome(system);
      await at.page
        .context()
        .addCookies([{ name: 'userstream_language', value: 'ar', url: system.url }]);
      at.guard.cookies.push('userstream_session');
      await at.page.goto(`${system.url}/admin/registrations?open=1`);
      await at.page.locator('input[type=email]').fill('admin@example.com');
      await at.page.locator('input[type=password]').fill('correct horse battery');
      await at.page.keyboard.press('Enter');
      await expect(panel(at.page).getByText('تأكد العنوان')).toBeVisible();
    },
  },
];
