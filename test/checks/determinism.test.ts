import { expect, test } from 'vitest';
import { check } from './bad-example.js';

const refused: [text: string, message: string][] = [
  [`export const home = process.env.HOME;`, 'process: a workflow has no process: pass the value in with the input'],
  [`export const f = new Intl.NumberFormat();`, 'Intl: time zones and languages differ between builds of Node'],
  [`export const t = Temporal.Now;`, 'Temporal: only some versions of Node have it'],
  [`export const s = (n: number) => n.toLocaleString();`, 'toLocaleString(): the result depends on the machine'],
  [`import { join } from 'node:path';`, 'node:path: a workflow has no Node modules'],
  [`export const g = () => fetch('http://example.com');`, 'fetch: a workflow reaches nothing outside'],
  [`setInterval(() => {}, 1000);`, 'setInterval: use sleep() of @temporalio/workflow'],
  [`globalThis.setInterval(() => {}, 1000);`, 'globalThis.setInterval: use sleep() of @temporalio/workflow'],
  [`setTimeout(() => {}, 1000);`, 'setTimeout: use sleep() of @temporalio/workflow'],
  [`export const r = () => Math.random();`, 'Math.random: use uuid4() of @temporalio/workflow'],
  [`export const u = () => crypto.randomUUID();`, 'crypto: use uuid4() of @temporalio/workflow'],
  [`export const p = () => performance.now();`, 'performance: use Date.now()'],
  [`export const d = () => new Date();`, 'the current time by Date(): use Date.now()'],
  [`let count = 0;`, 'a module-level let is shared by every workflow of a worker'],
  [`export let count = 0;`, 'a module-level let is shared by every workflow of a worker'],
  [`var count = 0;`, 'a module-level var is shared by every workflow of a worker'],
  [`const seen = new Map();`, 'what a module keeps is shared by every workflow of a worker'],
  [`export const seen = new WeakSet();`, 'what a module keeps is shared by every workflow of a worker'],
  [`const found = [];`, 'what a module keeps is shared by every workflow of a worker'],
  [`export const WORD = /\\w+/g;`, 'what is exported is frozen, and this pattern writes down where it is'],
  [`export const byName = {};`, 'what a module keeps is shared by every workflow of a worker'],
  [`export const m = () => import('./b.js');`, 'import(): the bundle must be the same at every replay'],
];

test.each(refused)('workflow code must not say %s', (text, message) => {
  const result = check('determinism', { 'src/workflows/phases/a.ts': `// first line\n${text}\n` });
  expect(result.problems).toContain(`src/workflows/phases/a.ts:2: ${message}`);
  expect(result.problems.split('\n')).toHaveLength(1);
  expect(result.status).toBe(1);
});

test.each(['src/domain/a.ts', 'src/contract/a.ts'])('%s is read as well', (file) => {
  expect(check('determinism', { [file]: 'let count = 0;\n' }).problems).toMatch(`${file}:1: `);
});

test.each([
  ['a time that is given', `export const d = (at: number) => new Date(at).toISOString();`],
  ['the workflow clock', `export const now = () => Date.now();`],
  ['let inside a function', `export function f() { let n = 0; n += 1; return n; }`],
  [
    'a list inside a function',
    `export const f = () => { const found: string[] = []; found.push('a'); return found; };`,
  ],
  ['a table', `export const TABLE: ReadonlyMap<string, number> = new Map([['a', 1]]);`],
  ['a comment or a text', `// Math.random()\nexport const help = 'process.env.HOME, fetch()';`],
  ['a key with the same name', `export const phases = { process: 1, fetch: 2 }; export const p = phases.process;`],
  ['a name of its own', `export const f = (process: string) => process.length;`],
  ['a type', `export interface Job { process: string; fetch(): void }`],
  ['the type of a Node module', `import type { Socket } from 'node:net';`],
])('%s is fine', (_, text) => {
  expect(check('determinism', { 'src/workflows/a.ts': `${text}\n` })).toMatchObject({ status: 0, problems: '' });
});

test('code outside the workflow bundle is free', () => {
  expect(check('determinism', { 'src/activities/a.ts': 'let count = process.pid;\n' }).status).toBe(0);
});
