import type { Page } from '@playwright/test';
import { heading, somebody, step } from '../support/page.ts';
import { expect, test } from '../support/test.ts';

/** Goes on to the next thing that can be used, and sees that it shows where it is. */
async function next(page: Page): Promise<string> {
  await page.keyboard.press('Tab');
  const focused = page.locator(':focus-visible');
  await expect(focused).toBeInViewport();
  await expect(focused).toHaveCSS('outline-style', 'solid');
  await expect(focused).toHaveCSS('outline-width', '2px');
  return focused.evaluate(
    (element) => element.id || element.ariaLabel || element.textContent || element.tagName,
  );
}

test('a registration by keyboard alone', async ({ page }) => {
  const ada = somebody();
  await page.goto('/');
  expect(await next(page)).toBe('Skip to content');
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();

  for (const [field, text] of Object.entries(ada)) {
    expect(await next(page)).toBe(field);
    await page.keyboard.type(text);
  }
  expect(await next(page)).toContain('Register');
  await page.keyboard.press('Enter');

  await expect(heading(page, 'Thank you, we have it.')).toBeFocused();
  await expect(step(page, 'E-mail sent, done')).toBeVisible();
  expect(await next(page)).toBe('Send it again');
  expect(await next(page)).toBe('Register another person');
  await page.keyboard.press('Space');
  await expect(page.getByLabel('First name')).toBeFocused();
});

test('every place of the page is reached in the order in which it is read', async ({ page }) => {
  await page.goto('/');
  const places: string[] = [];
  for (let i = 0; i < 10; i += 1) places.push(await next(page));
  expect(places).toEqual([
    'Skip to content',
    'UserStream',
    'English',
    'Deutsch',
    'العربية',
    'SystemLightDark',
    'name',
    'surname',
    'email',
    expect.stringContaining('Register'),
  ]);
});

test('Enter in a field sends the form, and a mistake takes the focus', async ({ page }) => {
  await page.goto('/');
  await page.getByLabel('First name').focus();
  await page.keyboard.type('Ada');
  await page.keyboard.press('Enter');
  await expect(page.getByLabel('Surname')).toBeFocused();
});
