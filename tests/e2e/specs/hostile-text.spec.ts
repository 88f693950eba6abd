import { fill, heading, register, somebody, step } from '../support/page.ts';
import { expect, test } from '../support/test.ts';

const PEOPLE = [
  { name: '<img src=x onerror=alert(1)>', surname: '"><script>alert(2)</script>' },
  { name: "'; DROP TABLE users; --", surname: '{{ 7 * 7 }} {% raw %} #{7*7}' },
  { name: 'محمد <b>', surname: 'الخوارزمي' },
  { name: 'שָׁלוֹם', surname: '𝓐𝓭𝓪 👩‍🚀 O’Brien' },
];

test('whatever a name holds, it is stored, mailed and shown as text', async ({ page, system }) => {
  for (const names of PEOPLE) {
    const person = somebody({ ...names, email: `{{7*7}}.${somebody().email}` });
    await page.goto('/');
    await fill(page, person);
    await register(page);
    await expect(step(page, 'E-mail sent, done')).toContainText('to {…@example.com');
    expect(await system.rows(person.email)).toMatchObject([person]);

    const { text, html } = await system.mailTo(person.email);
    expect(text).toContain(`Hello ${person.name},`);
    await page.getByRole('button', { name: 'Register another person' }).click();
    await page.goto('about:blank');
    await page.setContent(html);
    await expect(page.getByText(`Hello ${person.name},`, { exact: true })).toBeVisible();
    await expect(page.locator('img, script, b')).toHaveCount(0);
  }
});

test.describe('on the pages that the server renders', () => {
  test.use({ javaScriptEnabled: false });

  test('what was typed comes back as it was', async ({ page, guard }) => {
    guard.tolerate(/status of 422/);
    for (const names of PEOPLE) {
      const person = { ...names, email: '"><svg onload=alert(1)>@example.com' };
      await page.goto('/');
      await fill(page, person);
      await register(page);
      await expect(heading(page, 'Join the list')).toBeVisible();
      await expect(page.getByLabel('First name')).toHaveValue(person.name);
      await expect(page.getByLabel('Surname')).toHaveValue(person.surname);
      await expect(page.getByLabel('E-mail')).toHaveValue(person.email);
      await expect(page.locator('[onerror], [onload], .card script, .card b')).toHaveCount(0);
    }
  });

  test('addresses of pages are not repeated as markup', async ({ page, guard }) => {
    guard.tolerate(/status of (400|404)/);
    for (const place of ['nowhere', 'confirm', 'registered']) {
      await page.goto(`/${place}/${encodeURIComponent('<img src=x onerror=alert(1)>')}`);
      await expect(page.locator('h1')).toBeVisible();
      await expect(page.locator('.card img')).toHaveCount(0);
    }
  });
});
