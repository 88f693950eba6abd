import { readFile } from 'node:fs/promises';
import { enter, logIn, panel, question, row, told, visit } from '../support/console.ts';
import { somebody } from '../support/page.ts';
import { expect, test } from '../support/test.ts';

const link = (name: string) => ({ name, exact: true });

test('logging in, being led back, and out again', async ({ page, guard }) => {
  guard.tolerate(/status of 401/);
  guard.cookies.push('userstream_session');
  await page.goto('/admin/emails?status=failed');
  await expect(page.getByText('For the people who run this list.')).toBeVisible();
  await enter(page, { email: 'admin@example.com', password: 'not this one' });
  await expect(page.getByText('The address or the password is not right.')).toBeVisible();
  await enter(page);
  await expect(page.getByRole('heading', { level: 1, name: 'E-mails' })).toBeVisible();
  expect(new URL(page.url()).search, 'where one wanted to go').toBe('?status=failed');
  await page.getByRole('button', { name: 'Log out' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Log in' })).toBeVisible();
  await expect(page.getByText('Your session has ended.')).toHaveCount(0);
  await page.goto('/admin/emails');
  await expect(page.getByRole('button', { name: 'Log in' })).toBeVisible();
});

test('the overview counts what comes, as it comes', async ({ page, guard, startSystem }) => {
  const system = await startSystem();
  guard.cookies.push('userstream_session');
  await page.goto(`${system.url}/admin`);
  await enter(page);
  const tile = page.getByRole('link', { name: /^Registrations \d/ });
  await expect(tile).toContainText('0');
  await expect(page.getByText('Nothing. All is well.')).toBeVisible();
  for (let n = 0; n < 3; n += 1) await system.register(somebody());
  await expect(tile).toContainText('3');
  await expect(page.getByRole('link', { name: /E-mails sent/ })).toContainText('100%');
  system.publish('user.registration', ['no JSON']);
  await page.getByRole('link', { name: '1 message could not be processed' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Dead letters' })).toBeVisible();
  await expect(row(page, 'user.registration')).toBeVisible();
});

test('finding, following, correcting and deleting a person', async ({ page, system, guard }) => {
  const ada = somebody();
  const id = await system.register(ada);
  await system.register(somebody({ name: 'Grace', surname: 'Hopper' }));
  await system.reaches(id, 'email_sent');
  await logIn(page, guard);
  await visit(page, 'Registrations');
  await page.keyboard.press('/');
  await expect(page.getByLabel('Search name or e-mail')).toBeFocused();
  await page.keyboard.type(ada.email.toUpperCase());
  await expect(page).toHaveURL(/[?&]q=/);
  await expect(page.getByRole('row')).toHaveCount(2);
  await row(page, ada.email).getByRole('link').click();
  await expect(page).toHaveURL(/[?&]open=\d+/);
  const aside = panel(page);
  const steps = aside.getByRole('listitem');
  await expect(steps).toHaveCount(4);
  await expect(steps.nth(0)).toContainText('Accepted');
  await expect(steps.nth(3)).toContainText('written to the outbox');

  // By keyboard: away, and back by the list.
  await page.keyboard.press('Escape');
  await expect(aside).toHaveCount(0);
  await row(page, ada.email).getByRole('link').focus();
  await page.keyboard.press('Enter');

  await aside.getByRole('button', { name: 'Edit' }).click();
  await aside.getByLabel('Surname').fill('see www.example.com');
  await aside.getByRole('button', { name: 'Save' }).click();
  await expect(aside.getByText('looks like it contains a web address')).toBeVisible();
  // Someone else is quicker.
  const userId = new URL(page.url()).searchParams.get('open');
  const other = { ...ada, surname: 'King' };
  const changed = await page.request.put(`/api/admin/users/${userId}`, { data: other });
  expect(changed.status()).toBe(200);
  await aside.getByLabel('Surname').fill('Byron');
  await aside.getByRole('button', { name: 'Save' }).click();
  await expect(aside.getByText('Someone else has changed this person')).toBeVisible();
  await aside.getByLabel('Surname').fill('Byron');
  await aside.getByRole('button', { name: 'Save' }).click();
  await expect(aside.getByRole('heading', { name: 'Ada Byron' })).toBeVisible();
  expect((await system.rows(ada.email)).map(({ surname }) => surname)).toEqual(['Byron']);
  guard.tolerate(/status of (412|422)/);

  await aside.getByRole('button', { name: 'Delete' }).click();
  await expect(question(page)).toContainText('Delete Ada Byron?');
  await question(page).getByRole('button', { name: 'Cancel' }).click();
  expect(await system.rows(ada.email)).toHaveLength(1);
  await aside.getByRole('button', { name: 'Delete' }).click();
  await question(page).getByRole('button', { name: 'Delete this person' }).click();
  await expect(page.getByText('Nobody matches')).toBeVisible();
  expect(await system.rows(ada.email)).toEqual([]);
  await page.getByRole('button', { name: 'Clear filters' }).last().click();
  await expect(row(page, 'Grace Hopper').first()).toBeVisible();
});

test('what the address bar holds: pages, back, and a link to send', async ({
  page,
  guard,
  startSystem,
}) => {
  const system = await startSystem();
  for (let n = 0; n < 53; n += 1) {
    await system.register(somebody({ name: `N${String.fromCharCode(65 + (n % 26))}` }));
  }
  guard.cookies.push('userstream_session');
  await page.goto(`${system.url}/admin/registrations`);
  await enter(page);
  await expect(page.getByRole('row')).toHaveCount(51);
  await page.getByRole('button', { name: 'Next page' }).click();
  await expect(page.getByRole('row')).toHaveCount(4);
  const second = page.url();
  await page.goBack();
  await expect(page.getByRole('row')).toHaveCount(51);
  await page.goto(second);
  await expect(page.getByRole('row')).toHaveCount(4);
  await expect(page.getByRole('button', { name: 'Next page' })).toBeDisabled();
});

test('exporting what is filtered, and the file that comes of it', async ({
  page,
  system,
  guard,
}) => {
  const [ada, bob] = [somebody(), somebody({ name: 'Bob' })];
  for (const person of [ada, bob])
    await system.reaches(await system.register(person), 'email_sent');
  await logIn(page, guard);
  await visit(page, 'Registrations');
  await page.getByLabel('Search name or e-mail').fill(ada.email);
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByRole('button', { name: 'Export these' }).click();
  const aside = panel(page);
  await expect(aside.getByLabel('Name or e-mail contains')).toHaveValue(ada.email);
  await aside.getByLabel('Name', { exact: true }).fill('Only Ada');
  await aside.getByRole('checkbox', { name: 'Number' }).uncheck();
  await aside.getByRole('checkbox', { name: 'Changed' }).uncheck();
  await aside.getByRole('checkbox', { name: 'Registered' }).uncheck();
  await aside.getByRole('button', { name: 'Move E-mail up' }).click();
  await aside.getByRole('button', { name: 'Make the report' }).click();
  const made = row(page, 'Only Ada');
  await expect(made).toContainText('Done');
  const download = page.waitForEvent('download');
  await made.getByRole('link', { name: 'Download' }).click();
  const file = await (await download).path();
  expect(await readFile(file, 'utf8')).toBe(
    `name,email,surname\r\n${ada.name},${ada.email},${ada.surname}\r\n`,
  );
  await made.getByRole('button', { name: 'Delete' }).click();
  await question(page).getByRole('button', { name: 'Delete this report' }).click();
  await expect(made).toHaveCount(0);
});

test('a schedule says in words when it runs, and runs', async ({ page, guard }) => {
  await logIn(page, guard);
  await visit(page, 'Reports');
  await page.getByRole('button', { name: 'New schedule' }).click();
  const aside = panel(page);
  await aside.getByLabel('Name', { exact: true }).fill('Every working day');
  await aside.getByLabel('Time zone').fill('Europe/Berlin');
  await page.getByRole('option', { name: 'Europe/Berlin' }).click();
  await aside.getByLabel('How often').click();
  await page.getByRole('option', { name: 'Another cron expression' }).click();
  await aside.getByLabel('When, as a cron expression').fill('30 7 * * MO-FR');
  await aside.getByRole('button', { name: 'Save the schedule' }).click();
  guard.tolerate(/status of 422/);
  await expect(aside.getByLabel('When, as a cron expression')).toHaveAttribute(
    'aria-invalid',
    'true',
  );
  await aside.getByLabel('When, as a cron expression').fill('30 7 * * MON-FRI');
  await expect(aside.getByText('Monday, Tuesday, Wednesday, Thursday and Friday')).toBeVisible();
  await aside.getByLabel('Send a link to').fill('boss@example.com');
  await aside.getByRole('button', { name: 'Save the schedule' }).click();

  const card = page
    .getByRole('region')
    .or(page.locator('section'))
    .filter({ hasText: 'Every working day' });
  await expect(card.getByText('07:30 in Europe/Berlin')).toBeVisible();
  await expect(card.getByRole('listitem')).toHaveCount(5);
  for (const run of await card.getByRole('listitem').allTextContents())
    expect(run).toContain('07:30');
  await card.getByRole('button', { name: 'Run now' }).click();
  await page.getByRole('tab', { name: 'Files' }).click();
  await expect(row(page, 'Every working day').first()).toContainText('Done');
  await page.getByRole('tab', { name: 'Schedules' }).click();
  await card.getByRole('button', { name: 'Delete' }).click();
  await question(page).getByRole('button', { name: 'Delete this schedule' }).click();
  await expect(page.getByText('No schedules')).toBeVisible();
});

test('a text is written, seen, tried out and put in force', async ({
  page,
  guard,
  startSystem,
}) => {
  const system = await startSystem();
  guard.cookies.push('userstream_session');
  await page.goto(`${system.url}/admin/templates`);
  await enter(page);
  await row(page, /Confirmation.*English/s)
    .getByRole('link')
    .click();
  await expect(
    page.getByRole('heading', { level: 1, name: /Confirmation, .*English/ }),
  ).toBeVisible();
  const subject = page.getByLabel('Subject');
  await subject.fill('Please {{ confirm');
  await expect(subject).toHaveAttribute('aria-invalid', 'true');
  guard.tolerate(/status of 422/);
  await subject.fill('One press, please');
  const preview = page.getByRole('region', { name: 'Preview' });
  await expect(preview.getByText('One press, please')).toBeVisible();
  await expect(preview.frameLocator('iframe').getByRole('link').first()).toBeVisible();
  await page.getByRole('button', { name: 'Send me a test' }).click();
  await expect(told(page, 'Sent to admin@example.com.')).toBeVisible();
  expect((await system.mailTo('admin@example.com')).subject).toBe('One press, please');
  await expect(page.getByText('Not saved')).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(told(page, 'Saved as version 2.')).toBeVisible();
  await expect(page.getByText('Not saved')).toHaveCount(0);
  const ada = somebody();
  await system.register(ada);
  expect((await system.mailTo(ada.email)).subject).toBe('One press, please');
});

test('an e-mail that failed is seen with the reply, and sent again', async ({
  page,
  guard,
  startSystem,
  mailServer,
}) => {
  mailServer.refuse();
  const system = await startSystem(mailServer.settings);
  const ada = somebody();
  await system.register(ada);
  guard.cookies.push('userstream_session');
  await page.goto(`${system.url}/admin/emails`);
  await enter(page);
  const mail = row(page, ada.email);
  await expect(mail).toContainText('Failed');
  await mail.getByRole('link').click();
  const aside = panel(page);
  await expect(aside.getByText('550 5.1.1 no such mailbox')).toBeVisible();
  await expect(aside.frameLocator('iframe').getByText('Hello Ada')).toBeVisible();
  await aside.getByRole('button', { name: 'Send again' }).click();
  await expect(aside.getByRole('listitem')).toHaveCount(2);
});

test('a dead letter is corrected and replayed, others deleted after a dry run', async ({
  page,
  guard,
  startSystem,
}) => {
  const system = await startSystem();
  const ada = somebody();
  const data = {
    registration_id: '0190a000-0000-7000-8000-000000000000',
    ...ada,
    email: 'nobody',
    submitted_at: '2026-01-02T03:04:05Z',
  };
  const type = 'userstream.registration.submitted.v1';
  const event = { specversion: '1.0', id: '1', source: '/foreign', type, data };
  system.publish('user.registration', [JSON.stringify(event), 'no JSON', 'no JSON']);
  guard.cookies.push('userstream_session');
  await page.goto(`${system.url}/admin/dead-letters`);
  await enter(page);
  await expect(page.getByRole('row')).toHaveCount(3);
  await row(page, '@').getByRole('link').click();
  await page.getByRole('row').nth(1).getByRole('link').click();
  const aside = panel(page);
  await expect(aside.getByText('"email": "nobody"')).toBeVisible();
  await aside.getByRole('button', { name: 'Dry run' }).click();
  await expect(aside.getByText('It still cannot be read')).toBeVisible();
  await aside.getByRole('button', { name: 'Correct it' }).click();
  const body = aside.getByLabel('Body');
  await body.fill((await body.inputValue()).replace('"nobody"', `"${ada.email}"`));
  await aside.getByRole('button', { name: 'Replay the correction' }).click();
  await expect(told(page, 'One message is back in its queue.')).toBeVisible();
  await expect.poll(async () => (await system.rows(ada.email)).length).toBe(1);

  await page.goto(`${system.url}/admin/dead-letters`);
  await page.getByRole('button', { name: 'Replay 2' }).click();
  await expect(question(page)).toContainText('0 of 2 can be read now');
  await question(page).getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Delete 2' }).click();
  await expect(question(page)).toContainText('user.registration');
  await question(page).getByRole('button', { name: 'Delete 2 for good' }).click();
  await expect(page.getByText('No dead letters')).toBeVisible();
});

test('who may only look is told so', async ({ page, system, guard, browser }) => {
  await system.register(somebody());
  await logIn(page, guard);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', link('Team')).click();
  await page.getByRole('button', { name: 'New account' }).click();
  const aside = panel(page);
  const vera = { email: `${somebody().email}`, password: 'a first password' };
  await aside.getByLabel('E-mail').fill(vera.email);
  await aside.getByLabel('First password').fill('short');
  await aside.getByRole('button', { name: 'Make the account' }).click();
  guard.tolerate(/status of (422|403)/);
  await expect(aside.getByText('A password has at least 10 characters.')).toBeVisible();
  await aside.getByLabel('First password').fill(vera.password);
  await aside.getByRole('button', { name: 'Make the account' }).click();
  await expect(row(page, vera.email)).toContainText('Viewer');

  const context = await browser.newContext({ baseURL: system.url, locale: 'en-GB' });
  const hers = await context.newPage();
  await hers.goto('/admin/registrations');
  await enter(hers, vera);
  await expect(hers.getByRole('link', link('Team'))).toHaveCount(0);
  const exports = hers.getByRole('button', { name: 'Export these' });
  await expect(exports).toHaveAttribute('aria-disabled', 'true');
  await exports.click({ force: true });
  const asked = await hers.request.post('/api/admin/reports', { data: { format: 'csv' } });
  expect(asked.status(), 'the server refuses it, too').toBe(403);
  await expect(hers.getByRole('heading', { level: 1, name: 'Registrations' })).toBeVisible();
  await hers.goto('/admin/account');
  await hers.getByLabel('Current password').fill(vera.password);
  await hers.getByLabel('New password').fill('a second password');
  await hers.getByRole('button', { name: 'Change password' }).click();
  await expect(told(hers, 'Your password is changed.')).toBeVisible();

  await row(page, vera.email).getByRole('button', { name: 'Delete' }).click();
  await question(page).getByRole('button', { name: 'Delete this account' }).click();
  await expect(row(page, vera.email)).toHaveCount(0);
  await hers.goto('/admin/registrations');
  await expect(hers.getByRole('heading', { level: 1, name: 'Log in' })).toBeVisible();
  await expect(hers.getByText('Your session has ended.')).toBeVisible();
  await context.close();
});

test('a language is chosen once, for all pages', async ({ page, guard }) => {
  guard.cookies.push('userstream_language');
  await logIn(page, guard);
  await page.goto('/admin/account');
  await page.getByRole('combobox', { name: 'Language' }).click();
  await page.getByRole('option', { name: 'العربية' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'الحساب' })).toBeVisible();
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
  await page.goto('/');
  await expect(page.getByRole('heading', { level: 1, name: 'انضم إلى القائمة' })).toBeVisible();
  await page.getByRole('link', { name: 'Deutsch' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Auf die Liste' })).toBeVisible();
  await page.goto('/admin');
  await expect(page.getByRole('heading', { level: 1, name: 'Überblick' })).toBeVisible();
});
