import { register, somebody } from '../support/page.ts';
import type { Person } from '../support/system.ts';
import { expect, test } from '../support/test.ts';

const LABELS = { name: 'First name', surname: 'Surname', email: 'E-mail' };

test('a field speaks after it is left, not while it is typed, and is quiet once it is right', async ({
  page,
}) => {
  await page.goto('/');
  const email = page.getByLabel('E-mail');
  await email.pressSequentially('ada');
  await expect(email).toHaveAttribute('aria-invalid', 'false');
  await email.blur();
  await expect(email).toHaveAttribute('aria-invalid', 'true');
  await expect(email).toHaveAccessibleDescription(/^Error: Enter an e-mail address with one @/);
  await expect(page.getByRole('status')).toContainText('E-mail: Enter an e-mail address');

  await email.pressSequentially('@example');
  await expect(email, 'still wrong, still marked').toHaveAttribute('aria-invalid', 'true');
  await email.pressSequentially('.com');
  await expect(email).toHaveAttribute('aria-invalid', 'false');
});

test('sending a form with mistakes names them and goes to the first', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('First name').fill('Ada');
  await register(page);
  await expect(page.getByLabel('Surname')).toBeFocused();
  await expect(page.getByLabel('First name')).toHaveAttribute('aria-invalid', 'false');
  await expect(page.getByRole('alert')).toHaveText(
    'Not sent: please correct 2 fields: Surname, E-mail.',
  );

  await page.getByLabel('Surname').fill('Lovelace');
  await register(page);
  await expect(page.getByLabel('E-mail')).toBeFocused();
  await expect(page.getByRole('alert')).toHaveText('Not sent: please correct the field E-mail.');
});

const INPUTS: [keyof Person, string][] = [
  ['name', ''],
  ['name', ' \u00a0\u3000 '],
  ['name', 'x'.repeat(101)],
  ['name', '👩‍🚀'.repeat(33)],
  ['name', 'see www.example.com'],
  ['name', 'Ph.D'],
  ['name', 'O’Brien-Smith <b>'],
  ['surname', ''],
  ['surname', 'محمد\u202e'],
  ['surname', 'می‌خواهم'],
  ['surname', 'https://x'],
  ['email', ''],
  ['email', 'ada'],
  ['email', 'ada@lovelace@example.com'],
  ['email', 'ada lovelace@example.com'],
  ['email', '.ada@example.com'],
  ['email', 'ada@localhost'],
  ['email', 'ada@192.0.2.1'],
  ['email', 'ada@-example.com'],
  ['email', 'ada@bücher.example'],
  ['email', `${'a'.repeat(64)}@${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}.example`],
  ['email', `${'a'.repeat(65)}@example.com`],
];

test('page and server judge alike, word for word', async ({ page, system }) => {
  await page.goto('/');
  const shown: string[] = [];
  const answered: string[] = [];
  for (const [field, input] of INPUTS) {
    const row = (message = 'fine') => `${field} ${JSON.stringify(input)}: ${message}`;
    const refusals = await system.refusals(somebody({ [field]: input }));
    answered.push(row(refusals[field]));

    const box = page.getByLabel(LABELS[field]);
    await box.fill(input);
    await box.blur();
    const error = page.locator(`#${field}-error`);
    await expect(error).toHaveCount(refusals[field] ? 1 : 0);
    const words = refusals[field] ? await error.innerText() : undefined;
    shown.push(row(words?.replace(/^Error:\s*/, '')));
  }
  expect(shown).toEqual(answered);
  expect(answered.filter((row) => row.endsWith(': fine'))).toHaveLength(5);
});
