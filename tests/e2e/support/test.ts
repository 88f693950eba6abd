import { test as base, expect } from '@playwright/test';
import { Guard } from './guard.ts';
import { MailServer } from './mail-server.ts';
import { System } from './system.ts';

export { expect };

type Fixtures = {
  guard: Guard;
  /** A mail server for a further system; it keeps every e-mail waiting. */
  mailServer: MailServer;
  /** A further system, with settings of its own, for this test only. */
  startSystem: (settings?: Record<string, string>) => Promise<System>;
};

type WorkerFixtures = {
  /** The worker's system. A test that stops it starts it again. */
  system: System;
};

export const test = base.extend<Fixtures, WorkerFixtures>({
  system: [
    // biome-ignore lint/correctness/noEmptyPattern: fixtures are named by destructuring.
    async ({}, use) => {
      const system = await System.start();
      await use(system);
      await system.dispose();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  // biome-ignore lint/correctness/noEmptyPattern: fixtures are named by destructuring.
  mailServer: async ({}, use) => {
    const server = await MailServer.start();
    await use(server);
    server.stop();
  },

  startSystem: async ({ guard }, use) => {
    const started: System[] = [];
    await use(async (settings) => {
      const system = await System.start(settings);
      started.push(system);
      return system;
    });
    // Pages are still open, and may ask it something at this very moment.
    guard.rest();
    await Promise.all(started.map((system) => system.dispose()));
  },

  baseURL: async ({ system }, use) => use(system.url),

  guard: [
    async ({ context }, use) => {
      const guard = new Guard(context);
      await use(guard);
      guard.check();
      const cookies = (await context.cookies()).map(({ name }) => name);
      const unexpected = cookies.filter((name) => !guard.cookies.includes(name));
      expect(unexpected, 'the footer says that there are none').toEqual([]);
    },
    { auto: true },
  ],
});
