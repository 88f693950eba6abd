import { AxeBuilder } from '@axe-core/playwright';
import { CONSOLE_STATES } from '../support/console-states.ts';
import { goTo, LOOKS, STATES, takeLook } from '../support/states.ts';
import { expect, test } from '../support/test.ts';

for (const state of [...STATES, ...CONSOLE_STATES]) {
  test(`nothing is in anyone's way: ${state.name}`, async ({
    page,
    system,
    guard,
    startSystem,
    mailServer,
  }) => {
    await goTo(state, { page, system, guard, startSystem, mailServer });
    for (const look of LOOKS) {
      await takeLook(page, look);
      // Legacy: there are no frames, and without it axe opens a page of its own.
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      const found = violations.map(({ id, impact, nodes }) => {
        return `${impact}: ${id} at ${nodes.map(({ target }) => target).join(', ')}`;
      });
      expect(found, look.name).toEqual([]);
      const overflow = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow, `${look.name}: nothing to scroll sideways`).toBe(0);
    }
  });
}
