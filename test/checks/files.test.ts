import { expect, test } from 'vitest';
import { check } from './bad-example.js';

const REASON = 'reads a file to any length: use src/files/bounded-files.ts';

const REFUSED = [
  [`import { readFile } from 'node:fs/promises';`, `readFile ${REASON}`],
  [`import { existsSync, readFileSync as read } from 'fs';`, `readFileSync ${REASON}`],
  [`import { createReadStream } from 'node:fs';`, `createReadStream ${REASON}`],
  [`import * as files from 'node:fs';`, `node:fs ${REASON}`],
  [`import fs from 'node:fs/promises';`, `node:fs/promises ${REASON}`],
  [`export { readFile as a } from 'node:fs/promises';`, `readFile ${REASON}`],
  [`export * from 'node:fs';`, `node:fs ${REASON}`],
  [`export const b = () => import('node:fs');`, `node:fs ${REASON}`],
  [`export const c = require('node:fs');`, `require ${REASON}`],
  [`export const d = (handle) => handle.readFile();`, `readFile ${REASON}`],
  [`export const e = (handle) => handle['createReadStream']();`, `createReadStream ${REASON}`],
];

test('nobody but the reader of files reads one whole, or streams it', () => {
  const text = REFUSED.map(([line]) => `${line}\n`).join('');
  const places = ['src/activities/a.ts', 'src/adapters/a.mjs', 'src/worker.ts'];
  const { status, problems } = check('files', Object.fromEntries(places.map((file) => [file, text])));
  const expected = places.flatMap((file) => REFUSED.map(([, message], at) => `${file}:${at + 1}: ${message}`));
  expect(problems.split('\n')).toEqual(expected);
  expect(status).toBe(1);
});

test('the reader itself, this machine’s sandbox, types, and what writes or looks are fine', () => {
  const files = {
    'src/files/a.ts': `import { open } from 'node:fs/promises';\nexport const a = (handle) => handle.createReadStream();\n`,
    'src/local/a.ts': `import { readFile } from 'node:fs/promises';\n`,
    'src/adapters/a.ts': `import type { ReadStream } from 'node:fs';\nimport { stat, writeFile } from 'node:fs/promises';\n`,
    'src/adapters/b.ts': `import { createWriteStream } from 'node:fs';\nexport const b = (stream) => stream.read();\n`,
  };
  expect(check('files', files)).toMatchObject({ status: 0, problems: '' });
});
