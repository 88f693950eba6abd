import { chromium } from '@playwright/test';
import { freePorts } from './support/ports.ts';
import { expect, test } from './support/test.ts';

/** What each category must reach, of 100. */
const MUST = 95;
const CATEGORIES = ['performance', 'accessibility', 'best-practices'] as const;

type Lighthouse = (
  url: string,
  flags: object,
) => Promise<{ lhr: { categories: Record<string, { score: number }> } }>;

// Apart from the tests, since they can do without its two hundred packages.
const LIGHTHOUSE = new URL('../lighthouse/node_modules/lighthouse/core/index.js', import.meta.url);

for (const form of ['mobile', 'desktop'] as const) {
  test(`the public page as Lighthouse sees it: ${form}`, async ({ system }) => {
    const { default: lighthouse }: { default: Lighthouse } = await import(LIGHTHOUSE.href);
    const [port] = await freePorts(1);
    const browser = await chromium.launch({
      executablePath: process.env.CHROMIUM_BINARY ?? '/usr/bin/chromium',
      args: ['--no-sandbox', `--remote-debugging-port=${port}`],
    });
    // As Lighthouse's own settings for a desk have it.
    const throttling = { rttMs: 40, throughputKbps: 10_240, cpuSlowdownMultiplier: 1 };
    const desk = {
      throttling,
      formFactor: form,
      screenEmulation: { mobile: false, width: 1350, height: 940 },
    };
    const result = await lighthouse(`${system.url}/`, {
      port,
      onlyCategories: CATEGORIES,
      ...(form === 'desktop' ? desk : {}),
    });
    await browser.close();
    const scores = CATEGORIES.map((name) => {
      return `${name} ${Math.round((result.lhr.categories[name]?.score ?? 0) * 100)}`;
    });
    process.stdout.write(`${form}: ${scores.join(', ')}\n`);
    for (const score of scores)
      expect(Number(score.split(' ').at(-1)), score).toBeGreaterThanOrEqual(MUST);
  });
}
