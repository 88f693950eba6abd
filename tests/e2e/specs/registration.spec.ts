import { fill, heading, register, somebody, step } from '../support/page.ts';
import { expect, test } from '../support/test.ts';

test('a registration is followed live, from the form to the confirmed address', async ({
  page,
  context,
  system,
}) => {
  const ada = somebody();
  await page.goto('/');
  const card = page.locator('.card');
  const before = await card.boundingBox();
  await fill(page, ada);
  await register(page);

  await expect(heading(page, 'Thank you, we have it.')).toBeFocused();
  await expect(step(page, 'Received, done')).toBeVisible();
  await expect(step(page, 'Saved, done')).toBeVisible();
  await expect(step(page, 'E-mail sent, done')).toContainText(
    /\d\d:\d\d:\d\d\s*to a…@example\.com/,
  );
  await expect(step(page, 'Confirmed, under way')).toContainText('open the e-mail and press');
  expect(await card.boundingBox(), 'the card turns without a jump').toEqual(before);

  const mails = system.mailsTo(ada.email);
  expect(mails.map(({ subject }) => subject)).toEqual(['Please confirm your e-mail address']);

  const mailed = await context.newPage();
  await mailed.goto(await system.linkTo(ada.email));
  await expect(heading(mailed, 'Confirm your address')).toBeVisible();
  await expect(step(page, 'Confirmed, under way'), 'to open a link is no consent').toBeVisible();
  await mailed.getByRole('button', { name: 'Confirm my address' }).click();
  await expect(heading(mailed, 'You are on the list.')).toBeVisible();
  await mailed.close();

  await expect(step(page, 'Confirmed, done')).toContainText(/\d\d:\d\d:\d\d/);
  await expect(heading(page, 'You are on the list.')).toBeVisible();

  await page.reload();
  await expect(step(page, 'Confirmed, done'), 'a reload loses nothing').toBeVisible();
  await page.getByRole('button', { name: 'Register another person' }).click();
  await expect(page.getByLabel('First name')).toBeFocused();
  await expect(page.getByLabel('First name')).toHaveValue('');
});

test('an address that is known already gets the same answers, and a different e-mail', async ({
  page,
  system,
}) => {
  const ada = somebody();
  await system.reaches(await system.register(ada), 'email_sent');
  await page.goto('/');
  await fill(page, { ...ada, name: 'Somebody', surname: 'Else' });
  await register(page);

  await expect(step(page, 'E-mail sent, done')).toBeVisible();
  const subjects = system.mailsTo(ada.email).map(({ subject }) => subject);
  expect(subjects.sort()).toEqual([
    'Please confirm your e-mail address',
    'You are already on the list',
  ]);
  expect(await system.rows(ada.email)).toMatchObject([ada]);
});

test('a mistyped domain is noticed, and corrected at a press', async ({ page }) => {
  const ada = somebody({ email: 'ada@gmial.com' });
  await page.goto('/');
  await fill(page, ada);
  await register(page);
  await expect(page.getByText('Looks like “gmial.com”')).toBeVisible();
  await page.getByRole('button', { name: 'gmail.com' }).click();
  await expect(page.getByLabel('E-mail')).toHaveValue('ada@gmail.com');
  await expect(page.getByLabel('E-mail')).toBeFocused();
});

test('an e-mail that fails for good is told, and its address corrected', async ({
  page,
  startSystem,
  mailServer,
}) => {
  const system = await startSystem(mailServer.settings);
  const ada = somebody();
  await page.goto(system.url);
  await fill(page, ada);
  await register(page);
  await expect(step(page, 'E-mail sent, under way')).toBeVisible();

  mailServer.refuse();
  await expect(heading(page, 'E-mail not delivered')).toBeVisible();
  await expect(step(page, 'E-mail failed, failed')).toContainText('could not be reached');
  await page.getByRole('button', { name: 'Correct the address' }).click();
  await expect(page.getByLabel('E-mail')).toBeFocused();
  await expect(page.getByLabel('E-mail')).toHaveValue(ada.email);
});

test('the public page is light', async ({ page }) => {
  const sizes = new Map<string, Promise<number>>();
  page.on('requestfinished', (request) => {
    if (request.resourceType() !== 'script') return;
    sizes.set(
      request.url(),
      request.sizes().then(({ responseBodySize }) => responseBodySize),
    );
  });
  await page.goto('/', { waitUntil: 'networkidle' });
  const bytes = await Promise.all(sizes.values());
  expect(bytes.length, 'there are scripts').toBeGreaterThan(0);
  const kib = bytes.reduce((sum, size) => sum + size, 0) / 1024;
  expect(kib, 'compressed, as it travels').toBeLessThanOrEqual(100);
});
