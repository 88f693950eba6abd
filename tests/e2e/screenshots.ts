import { join, resolve } from 'node:path';
import { CONSOLE_STATES } from './support/console-states.ts';
import { somebody } from './support/page.ts';
import { goTo, LOOKS, STATES, takeLook } from './support/states.ts';
import { test } from './support/test.ts';

const FOLDER = resolve(
  import.meta.dirname,
  process.env.SCREENSHOTS_DIR ?? 'test-results/screenshots',
);

for (const state of [...STATES, ...CONSOLE_STATES]) {
  test(state.name, async ({ page, system, guard, startSystem, mailServer }) => {
    await goTo(state, { page, system, guard, startSystem, mailServer });
    for (const look of LOOKS) {
      await takeLook(page, look);
      const path = join(FOLDER, `${state.name}-${look.name}.png`);
      await page.screenshot({ path, fullPage: true });
    }
  });
}

test('e-mails', async ({ page, system }) => {
  const ada = somebody();
  await system.reaches(await system.register(ada), 'email_sent');
  await system.reaches(await system.register(ada), 'email_sent');
  for (const { subject, html } of system.mailsTo(ada.email)) {
    await page.setContent(html);
    const name = subject.toLowerCase().replace(/\W+/g, '-');
    for (const theme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme: theme });
      for (const width of [360, 800]) {
        await page.setViewportSize({ width, height: 600 });
        const path = join(FOLDER, `e-mail-${name}-${theme}-${width}.png`);
        await page.screenshot({ path, fullPage: true });
      }
    }
  }
});
