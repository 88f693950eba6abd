// Makes the types of the services' calls from the documents that they serve, as kept in docs/openapi.
// A test of the services fails where a document is not what is served.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import openapi, { astToString } from 'openapi-typescript';

const documents = new URL('../../../../docs/openapi/', import.meta.url);
const types = new URL('../src/shared/api/generated/', import.meta.url);

await mkdir(types, { recursive: true });
for (const name of await readdir(documents)) {
  const document = JSON.parse(await readFile(new URL(name, documents), 'utf8'));
  const ast = await openapi(document, {
    // What has a default may be left out.
    defaultNonNullable: false,
  });
  const text = astToString(ast);
  const file = new URL(name.replace('.json', '.d.ts'), types);
  // What is the same keeps its time: nothing is built anew for it.
  if ((await readFile(file, 'utf8').catch(() => '')) !== text) await writeFile(file, text);
}
