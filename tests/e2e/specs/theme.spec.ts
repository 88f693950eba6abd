import type { Page } from '@playwright/test';
import { expect, test } from '../support/test.ts';

const PAPER = { light: 'rgb(246, 246, 245)', dark: 'rgb(16, 17, 19)' };

const paper = (page: Page) => page.locator('body');
const choice = (page: Page) => page.getByLabel('Theme');

/** Milliseconds after the start at which the theme was known, and the page first drawn. */
async function times(page: Page): Promise<{ known: number; drawn: number }> {
  return page.evaluate(async () => {
    while (performance.getEntriesByName('first-paint').length === 0) {
      await new Promise(requestAnimationFrame);
    }
    const known = Number(sessionStorage.getItem('known'));
    return { known, drawn: performance.getEntriesByName('first-paint')[0]?.startTime ?? 0 };
  });
}

test('the page follows the system until told otherwise, and remembers that', async ({
  page,
  guard,
}) => {
  guard.tolerate(/status of 404/);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/');
  await expect(paper(page)).toHaveCSS('background-color', PAPER.light);
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect(paper(page)).toHaveCSS('background-color', PAPER.dark);

  await choice(page).selectOption('Light');
  await expect(paper(page)).toHaveCSS('background-color', PAPER.light);
  for (const address of ['/', '/nowhere']) {
    await page.goto(address);
    await expect(choice(page)).toHaveValue('light');
    await expect(paper(page)).toHaveCSS('background-color', PAPER.light);
  }

  await choice(page).selectOption('System');
  await page.reload();
  await expect(paper(page)).toHaveCSS('background-color', PAPER.dark);
});

test('the remembered theme is there before anything is drawn', async ({ page, guard }) => {
  guard.tolerate(/status of 404/);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/');
  await choice(page).selectOption('Dark');
  await page.addInitScript(() => {
    sessionStorage.removeItem('known');
    new MutationObserver((_, observer) => {
      observer.disconnect();
      sessionStorage.setItem('known', String(performance.now()));
    }).observe(document, { attributes: true, attributeFilter: ['data-theme'], subtree: true });
  });
  for (const address of ['/', '/nowhere']) {
    await page.goto(address);
    const { known, drawn } = await times(page);
    expect(known, address).toBeGreaterThan(0);
    expect(known, address).toBeLessThan(drawn);
    await expect(paper(page)).toHaveCSS('background-color', PAPER.dark);
  }
});
