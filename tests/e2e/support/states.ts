import { expect, type Page } from '@playwright/test';
import { type Guard, SERVER_GONE } from './guard.ts';
import type { MailServer } from './mail-server.ts';
import { fill, heading, register, somebody, step } from './page.ts';
import type { System } from './system.ts';

/** All that a person may come to see. */
export type State = {
  name: string;
  /** Whether the page's script runs on the way there; with it unless told. */
  script?: false;
  /** Goes there from an empty page. */
  reach(at: Place): Promise<unknown>;
};

export type Place = {
  page: Page;
  system: System;
  guard: Guard;
  startSystem: (settings?: Record<string, string>) => Promise<System>;
  mailServer: MailServer;
};

const MISTAKES = { name: '', surname: 'see www.example.com', email: 'ada@example' };
const WORDY = {
  name: 'Pablo Diego José Francisco de Paula Juan Nepomuceno María de los Remedios',
  surname: 'Wolfeschlegelsteinhausenbergerdorff',
  email: `${'a.very.long.address'.repeat(3)}@a-long-subdomain.of-a-long-domain.example.com`,
};

/** Where somebody who has just confirmed may leave. */
async function leaveLink(system: System): Promise<string> {
  const ada = somebody();
  await system.register(ada);
  await fetch(await system.linkTo(ada.email), { method: 'POST' });
  return system.linkTo(ada.email, 'leave');
}

export const STATES: State[] = [
  {
    name: 'form',
    reach: ({ page }) => page.goto('/'),
  },
  {
    name: 'form-suggestion',
    async reach({ page }) {
      await page.goto('/');
      await fill(page, { name: 'Ada', surname: 'x'.repeat(101), email: 'ada@gmial.com' });
      await page.getByLabel('E-mail').blur();
      await expect(page.getByText('Looks like “gmial.com”')).toBeVisible();
    },
  },
  {
    name: 'form-mistakes',
    async reach({ page }) {
      await page.goto('/');
      await fill(page, MISTAKES);
      await register(page);
      await expect(page.getByLabel('First name')).toBeFocused();
    },
  },
  {
    name: 'form-sending',
    async reach({ page }) {
      await page.goto('/');
      await fill(page, somebody());
      // The answer takes for ever.
      await page.route('/api/registrations', () => {});
      await register(page);
      await expect(page.getByRole('button', { name: 'Sending…' })).toBeVisible();
    },
  },
  {
    name: 'form-unreachable',
    async reach({ page, system, guard }) {
      guard.tolerate(SERVER_GONE);
      await page.goto('/');
      await fill(page, somebody());
      await system.kill();
      await register(page);
      await expect(page.getByText('We could not be reached.')).toBeVisible();
      await system.launch();
    },
  },
  {
    name: 'form-too-many',
    async reach({ page, guard, startSystem }) {
      guard.tolerate(/status of 429/);
      const system = await startSystem({ RATE_LIMIT_PER_MINUTE: '1' });
      await system.register(somebody());
      await page.goto(system.url);
      await fill(page, somebody());
      await register(page);
      await expect(page.getByText('Too many registrations just now.')).toBeVisible();
    },
  },
  {
    name: 'registered-in-progress',
    async reach({ page, startSystem, mailServer }) {
      const system = await startSystem(mailServer.settings);
      await page.goto(system.url);
      await fill(page, somebody());
      await register(page);
      await expect(step(page, 'E-mail sent, under way')).toBeVisible();
    },
  },
  {
    name: 'registered-slow',
    async reach({ page, startSystem, mailServer }) {
      const system = await startSystem(mailServer.settings);
      await page.clock.install();
      await page.goto(system.url);
      await fill(page, somebody());
      await register(page);
      await expect(heading(page, 'Thank you, we have it.')).toBeVisible();
      await page.clock.runFor(1_000);
      await expect(step(page, 'E-mail sent, under way')).toBeVisible();
      await page.clock.runFor(21_000);
      await expect(page.getByText('This takes longer than usual.')).toBeVisible();
    },
  },
  {
    name: 'registered-email-sent',
    async reach({ page }) {
      await page.goto('/');
      await fill(page, somebody());
      await register(page);
      await expect(step(page, 'E-mail sent, done')).toBeVisible();
    },
  },
  {
    name: 'registered-long-address',
    async reach({ page }) {
      await page.goto('/');
      await fill(page, WORDY);
      await register(page);
      await expect(step(page, 'E-mail sent, done')).toBeVisible();
    },
  },
  {
    name: 'registered-disconnected',
    async reach({ page, system, guard }) {
      guard.tolerate(SERVER_GONE);
      await page.goto('/');
      await fill(page, somebody());
      await register(page);
      await expect(step(page, 'E-mail sent, done')).toBeVisible();
      await system.kill();
      await expect(page.getByText('No connection just now.')).toBeVisible();
      // Shown as it is: the page would go on by itself.
      await page.clock.install();
      await system.launch();
    },
  },
  {
    name: 'registered-email-failed',
    async reach({ page, startSystem, mailServer }) {
      const system = await startSystem(mailServer.settings);
      await page.goto(system.url);
      await fill(page, somebody());
      await register(page);
      mailServer.refuse();
      await expect(heading(page, 'E-mail not delivered')).toBeVisible();
    },
  },
  {
    name: 'registered-confirmed',
    async reach({ page, system }) {
      const ada = somebody();
      await page.goto('/');
      await fill(page, ada);
      await register(page);
      await fetch(await system.linkTo(ada.email), { method: 'POST' });
      await expect(step(page, 'Confirmed, done')).toBeVisible();
    },
  },
  {
    name: 'plain-form',
    script: false,
    reach: ({ page }) => page.goto('/'),
  },
  {
    name: 'plain-form-mistakes',
    script: false,
    async reach({ page, guard }) {
      guard.tolerate(/status of 422/);
      await page.goto('/');
      await fill(page, MISTAKES);
      await register(page);
      await expect(page.locator('.field__error')).toHaveCount(3);
    },
  },
  {
    name: 'plain-form-too-many',
    script: false,
    async reach({ page, guard, startSystem }) {
      guard.tolerate(/status of 429/);
      const system = await startSystem({ RATE_LIMIT_PER_MINUTE: '1' });
      await system.register(somebody());
      await page.goto(system.url);
      await fill(page, somebody());
      await register(page);
      await expect(page.getByText('Too many registrations')).toBeVisible();
    },
  },
  {
    name: 'plain-registered',
    script: false,
    async reach({ page }) {
      await page.goto('/');
      await fill(page, somebody());
      await register(page);
      await expect(heading(page, 'Thank you, we have it.')).toBeVisible();
    },
  },
  {
    name: 'plain-status-email-sent',
    script: false,
    async reach({ page, system }) {
      const id = await system.register(somebody());
      await system.reaches(id, 'email_sent');
      await page.goto(`/registered/${id}`);
    },
  },
  {
    name: 'plain-status-email-failed',
    script: false,
    async reach({ page, startSystem, mailServer }) {
      const system = await startSystem(mailServer.settings);
      const id = await system.register(somebody());
      mailServer.refuse();
      await system.reaches(id, 'email_failed');
      await page.goto(`${system.url}/registered/${id}`);
      await expect(heading(page, 'E-mail not delivered')).toBeVisible();
    },
  },
  {
    name: 'plain-status-confirmed',
    script: false,
    async reach({ page, system }) {
      const ada = somebody();
      const id = await system.register(ada);
      await fetch(await system.linkTo(ada.email), { method: 'POST' });
      await page.goto(`/registered/${id}`);
      await expect(heading(page, 'You are on the list.')).toBeVisible();
    },
  },
  {
    name: 'confirm',
    async reach({ page, system }) {
      const ada = somebody();
      await system.register(ada);
      await page.goto(await system.linkTo(ada.email));
      await expect(heading(page, 'Confirm your address')).toBeVisible();
    },
  },
  {
    name: 'confirmed',
    async reach({ page, system }) {
      const ada = somebody();
      await system.register(ada);
      await page.goto(await system.linkTo(ada.email));
      await page.getByRole('button', { name: 'Confirm my address' }).click();
      await expect(heading(page, 'You are on the list.')).toBeVisible();
    },
  },
  {
    name: 'leave',
    async reach({ page, system }) {
      await page.goto(await leaveLink(system));
      await expect(heading(page, 'Leave the list')).toBeVisible();
    },
  },
  {
    name: 'left',
    async reach({ page, system }) {
      await page.goto(await leaveLink(system));
      await page.getByRole('button', { name: 'Leave the list' }).click();
      await expect(heading(page, 'You are off the list')).toBeVisible();
    },
  },
  {
    name: 'link-forged',
    async reach({ page, guard }) {
      guard.tolerate(/status of 404/);
      await page.goto(`/confirm/${'0'.repeat(80)}`);
      await expect(heading(page, 'This link is not complete')).toBeVisible();
    },
  },
  {
    name: 'link-expired',
    async reach({ page, system, guard }) {
      guard.tolerate(/status of 410/);
      await page.goto(system.expiredLink(await system.register(somebody())));
      await expect(heading(page, 'This link has expired')).toBeVisible();
    },
  },
  {
    name: 'not-found',
    async reach({ page, guard }) {
      guard.tolerate(/status of 404/);
      await page.goto('/nowhere');
      await expect(heading(page, 'There is no such page')).toBeVisible();
    },
  },
];

/** What every state is looked at in. */
export const LOOKS = (['light', 'dark'] as const).flatMap((theme) =>
  ([360, 1280] as const).map((width) => ({ theme, width, name: `${theme}-${width}` })),
);

export type Look = (typeof LOOKS)[number];

export async function takeLook(page: Page, { theme, width }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme: theme });
  await page.setViewportSize({ width, height: width === 360 ? 740 : 800 });
  await page.mouse.move(0, 0);
}

/** Goes to a state, without script if it says so, and leaves a page that can be examined by script. */
export async function goTo(state: State, place: Place): Promise<void> {
  const { page } = place;
  // What is half-way between two looks is neither.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  if (state.script !== false) {
    await state.reach(place);
    return;
  }
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setScriptExecutionDisabled', { value: true });
  await state.reach(place);
  // Not by `javaScriptEnabled`, which is for good. What the page has loaded is not run any more.
  await session.send('Emulation.setScriptExecutionDisabled', { value: false });
}
