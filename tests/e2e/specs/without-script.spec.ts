import { fill, heading, register, somebody, step } from '../support/page.ts';
import { expect, test } from '../support/test.ts';

test.use({ javaScriptEnabled: false });

test('without script what was typed comes back with what to mend, then the way is the same', async ({
  page,
  system,
  guard,
}) => {
  guard.tolerate(/status of 422/);
  const wrong = { name: 'Ada "the first" & only', surname: '', email: 'ada@' };
  const refusals = await system.refusals(wrong);
  await page.goto('/');
  await fill(page, wrong);
  await register(page);

  await expect(page.getByLabel('First name')).toHaveValue(wrong.name);
  await expect(page.getByLabel('E-mail')).toHaveValue(wrong.email);
  await expect(page.getByLabel('First name')).toHaveAccessibleDescription('');
  await expect(page.getByLabel('Surname')).toHaveAccessibleDescription(
    `Error: ${refusals.surname}`,
  );
  await expect(page.getByLabel('E-mail')).toHaveAccessibleDescription(`Error: ${refusals.email}`);

  const ada = somebody();
  await fill(page, ada);
  await register(page);
  await expect(heading(page, 'Thank you, we have it.')).toBeVisible();
  await expect(step(page, 'Received, done')).toBeVisible();
  await expect(step(page, 'E-mail sent, to come')).toContainText('to a…@example.com');

  const link = await system.linkTo(ada.email);
  await expect(async () => {
    await page.getByRole('link', { name: 'Look again' }).click();
    await expect(step(page, 'E-mail sent, done')).toContainText(/\d\d:\d\d:\d\d/, { timeout: 500 });
  }).toPass();
  const status = page.url();

  await page.goto(link);
  await page.getByRole('button', { name: 'Confirm my address' }).click();
  await expect(heading(page, 'You are on the list.')).toBeVisible();

  await page.goto(status);
  await expect(heading(page, 'You are on the list.')).toBeVisible();
  await expect(step(page, 'Confirmed, done')).toBeVisible();
  await expect(page.getByText('Times are in UTC.')).toBeVisible();
});

test('links that are wrong or late, and addresses that are none, say what to do', async ({
  page,
  system,
  guard,
}) => {
  guard.tolerate(/status of (404|410)/);
  const ada = somebody();
  const id = await system.register(ada);
  const link = await system.linkTo(ada.email);

  for (const [address, status, words] of [
    [link.slice(0, -1), 404, 'This link is not complete'],
    [`${link.slice(0, -4)}0000`, 404, 'This link is not complete'],
    [system.expiredLink(id), 410, 'This link has expired'],
    ['/registered/00000000-0000-7000-8000-000000000000', 404, 'There is no such page'],
    ['/nowhere', 404, 'There is no such page'],
  ] as const) {
    const answer = await page.goto(address);
    expect(answer?.status(), address).toBe(status);
    await expect(heading(page, words)).toBeVisible();
    await page.getByRole('link', { name: 'To the start' }).click();
    await expect(heading(page, 'Join the list')).toBeVisible();
  }
  expect(await system.status(id)).toBe('email_sent');
});
