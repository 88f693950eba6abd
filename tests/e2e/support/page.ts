import { randomUUID } from 'node:crypto';
import type { Locator, Page } from '@playwright/test';
import type { Person } from './system.ts';

/** A person whom nobody registered before. */
export function somebody(changes: Partial<Person> = {}): Person {
  const email = `ada.${randomUUID().slice(0, 8)}@example.com`;
  return { name: 'Ada', surname: 'Lovelace', email, ...changes };
}

export async function fill(page: Page, { name, surname, email }: Person): Promise<void> {
  await page.getByLabel('First name').fill(name);
  await page.getByLabel('Surname').fill(surname);
  await page.getByLabel('E-mail').fill(email);
}

export const register = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Register' }).click();

export const heading = (page: Page, name: string): Locator =>
  page.getByRole('heading', { level: 1, name });

/** A line of the timeline, as it is read out: `Saved, done`. */
export const step = (page: Page, spoken: string): Locator =>
  page.getByRole('listitem').filter({ hasText: spoken });
