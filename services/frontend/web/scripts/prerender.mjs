// Runs after both builds: puts the rendered markup into the pages that the first one wrote, and each page
// into every language.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { fillPage, inLanguage, LANGUAGES } from '../node_modules/.prerender/prerender.js';

const dist = (name) => new URL(`../dist/${name}`, import.meta.url);

for (const page of ['index', 'page', 'admin']) {
  const html = await readFile(dist(`${page}.html`), 'utf8');
  for (const language of LANGUAGES) {
    const filled = await fillPage(page, inLanguage(html, language), language);
    await writeFile(dist(`${page}.${language}.html`), filled);
  }
  await rm(dist(`${page}.html`));
}
