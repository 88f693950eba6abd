// Runs last: writes every text of the build once more for each encoding, as small as it gets, so
// that the server compresses nothing while people wait.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const TEXT = /\.(?:html|css|js|svg)$/;
const dist = fileURLToPath(new URL('../dist/', import.meta.url));

const brotli = (text) =>
  promisify(brotliCompress)(text, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
    },
  });
const gz = (text) => promisify(gzip)(text, { level: constants.Z_BEST_COMPRESSION });

const names = await readdir(dist, { recursive: true });
await Promise.all(
  names
    .filter((name) => TEXT.test(name))
    .map(async (name) => {
      const text = await readFile(dist + name);
      await writeFile(`${dist}${name}.br`, await brotli(text));
      await writeFile(`${dist}${name}.gz`, await gz(text));
    }),
);
