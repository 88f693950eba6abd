// Runs after both builds: puts the rendered markup into the pages that the first one wrote.
import { readFile, writeFile } from 'node:fs/promises';
import { fillPage } from '../node_modules/.prerender/prerender.js';

for (const page of ['index', 'page']) {
  const file = new URL(`../dist/${page}.html`, import.meta.url);
  await writeFile(file, fillPage(page, await readFile(file, 'utf8')));
}
