import { SERVER_GONE } from '../support/guard.ts';
import { fill, heading, register, somebody, step } from '../support/page.ts';
import { expect, test } from '../support/test.ts';

test('while the server is away what was typed is kept, and goes out once it is back', async ({
  page,
  system,
  guard,
}) => {
  guard.tolerate(SERVER_GONE);
  const ada = somebody();
  await page.goto('/');
  await fill(page, ada);
  await system.kill();
  await register(page);

  const notice = page.getByRole('alert').filter({ hasText: 'We could not be reached.' });
  await expect(notice).toContainText('What you typed is kept.');
  await expect(page.getByLabel('First name')).toHaveValue(ada.name);
  await expect(page.getByLabel('Surname')).toHaveValue(ada.surname);
  await expect(page.getByLabel('E-mail')).toHaveValue(ada.email);

  await system.launch();
  await register(page);
  await expect(step(page, 'E-mail sent, done')).toBeVisible();
  expect(await system.rows(ada.email)).toMatchObject([ada]);
});

test('an answer lost on the way registers nobody twice, not even over a restart', async ({
  page,
  system,
  guard,
}) => {
  guard.tolerate(SERVER_GONE);
  const ada = somebody();
  await page.goto('/');
  await fill(page, ada);
  // The server takes it; only its answer never arrives.
  let taken = '';
  await page.route(
    '/api/registrations',
    async (route) => {
      const answer = await route.fetch();
      ({ id: taken } = await answer.json());
      await route.abort('connectionreset');
    },
    { times: 1 },
  );
  await register(page);
  await expect(page.getByText('We could not be reached.')).toBeVisible();
  // Killed between an e-mail and the note of it, the e-mail would wait for its claim to run out.
  await system.reaches(taken, 'email_sent');

  await system.kill();
  await system.launch();
  await register(page);
  await expect(step(page, 'E-mail sent, done')).toBeVisible();
  expect(await system.rows(ada.email)).toHaveLength(1);
  const subjects = system.mailsTo(ada.email).map(({ subject }) => subject);
  expect(subjects).toEqual(['Please confirm your e-mail address']);
});

test('a page that follows a registration goes on by itself after an outage', async ({
  page,
  context,
  system,
  guard,
}) => {
  guard.tolerate(SERVER_GONE);
  const ada = somebody();
  await page.goto('/');
  await fill(page, ada);
  await register(page);
  await expect(step(page, 'E-mail sent, done')).toBeVisible();
  await system.kill();
  await expect(page.getByText('No connection just now.')).toBeVisible();

  await system.launch();
  const mailed = await context.newPage();
  await mailed.goto(await system.linkTo(ada.email));
  await mailed.getByRole('button', { name: 'Confirm my address' }).click();
  await expect(step(page, 'Confirmed, done')).toBeVisible();
});

test('who is too quick is told when to come back, and can', async ({
  page,
  guard,
  startSystem,
}) => {
  guard.tolerate(/status of 429/);
  const system = await startSystem({ RATE_LIMIT_PER_MINUTE: '12' });
  await page.goto(system.url);
  const ada = somebody();
  await fill(page, ada);
  // Takes up the whole share, at once.
  await Promise.all(Array.from({ length: 12 }, () => system.refusals(somebody({ name: '' }))));
  await register(page);

  const notice = page.getByRole('alert').filter({ hasText: 'Too many registrations just now.' });
  await expect(notice).toContainText(/What you typed is kept\.\s*Try again in \d second/);
  const button = page.getByRole('button', { name: 'Register' });
  await expect(button).toHaveAttribute('aria-disabled', 'true');
  await expect(notice).toContainText('You can try again now.');
  await expect(button).toHaveAttribute('aria-disabled', 'false');
  await button.click();
  await expect(heading(page, 'Thank you, we have it.')).toBeVisible();
});

test('who has no network is told so, and sees when it is back', async ({
  page,
  context,
  guard,
}) => {
  guard.tolerate(/ERR_INTERNET_DISCONNECTED/);
  await page.goto('/');
  await fill(page, somebody());
  await context.setOffline(true);
  await register(page);
  await expect(page.getByText('You are offline.')).toBeVisible();
  await context.setOffline(false);
  await expect(page.getByText('You are connected again.')).toBeVisible();
  await register(page);
  await expect(heading(page, 'Thank you, we have it.')).toBeVisible();
});
