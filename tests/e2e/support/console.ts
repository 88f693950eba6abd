import { expect, type Page } from '@playwright/test';
import type { Guard } from './guard.ts';
import { ADMINISTRATOR } from './system.ts';

/** Comes in by the login, as the administrator unless told. */
export async function logIn(page: Page, guard: Guard, who = ADMINISTRATOR): Promise<void> {
  guard.cookies.push('userstream_session');
  await page.goto('/admin');
  await enter(page, who);
  await expect(page.getByRole('heading', { level: 1, name: 'Overview' })).toBeVisible();
}

export async function enter(page: Page, { email, password } = ADMINISTRATOR): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

/** Goes to a page by the navigation. */
export async function visit(page: Page, name: string): Promise<void> {
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
}

/** What lies beside the list. */
export const panel = (page: Page) => page.getByRole('dialog').first();

/** The question before something that cannot be taken back. */
export const question = (page: Page) => page.getByRole('dialog').last();

/** The table's row with a text. */
export const row = (page: Page, text: string | RegExp) =>
  page.getByRole('row').filter({ hasText: text });

/** What was done, as it is told. */
export const told = (page: Page, text: string | RegExp) =>
  page.getByRole('alert').filter({ hasText: text });
