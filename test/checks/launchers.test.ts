import { expect, test } from 'vitest';
import { check } from './bad-example.js';

const STARTS = 'starts programs: use runShort or runRecorded of src/adapters/commands';
const WHOLE = 'the whole environment is handed on: give a program the variables of programVariables';

const REFUSED = [
  [`import { spawn } from 'node:child_process';`, `node:child_process ${STARTS}`],
  [`import { execFile } from 'child_process';`, `child_process ${STARTS}`],
  [`import { execa } from 'execa';`, `execa ${STARTS}`],
  [`export { execa as run } from 'execa';`, `execa ${STARTS}`],
  [`export * from 'node:child_process';`, `node:child_process ${STARTS}`],
  [`export const a = () => import('execa');`, `execa ${STARTS}`],
  [`export const b = require('node:child_process');`, `node:child_process ${STARTS}`],
  [`export const c = { ...process.env, A: 'b' };`, WHOLE],
  [`export const d = { env: process.env };`, WHOLE],
  [`export const e = { 'environment': process['env'] };`, WHOLE],
];

test('nobody but the launcher starts programs, and nobody hands on the whole environment', () => {
  const text = REFUSED.map(([line]) => `${line}\n`).join('');
  const places = ['src/activities/a.mjs', 'src/adapters/a.ts', 'src/adapters/commands/a.ts', 'src/worker.ts'];
  const { status, problems } = check('launchers', Object.fromEntries(places.map((file) => [file, text])));
  const expected = places.flatMap((file) => REFUSED.map(([, message], at) => `${file}:${at + 1}: ${message}`));
  expect(problems.split('\n')).toEqual(expected);
  expect(status).toBe(1);
});

test('the launcher, this machine’s sandbox, types and single variables are fine', () => {
  const files = {
    'src/adapters/commands/short-command.ts': `import { spawn } from 'node:child_process';\n`,
    'src/local/a.ts': `import { execa } from 'execa';\n`,
    'src/adapters/a.ts': `import type { ChildProcess } from 'node:child_process';\n// { ...process.env }\n`,
    'src/adapters/b.ts': `export const f = process.env.PATH;\nexport const { HOME } = process.env;\n`,
  };
  expect(check('launchers', files)).toMatchObject({ status: 0, problems: '' });
});
