import { expect, test } from 'vitest';
import { check } from './bad-example.js';

/** The file with the import, what it imports, and the message after `file:2: `. */
const refused: [from: string, specifier: string, message: string][] = [
  ['src/domain/a.ts', 'zod', 'domain must not import zod'],
  ['src/domain/a.ts', 'node:fs', 'domain must not import node:fs'],
  ['src/domain/a.ts', '../contract/b.js', 'domain must not import contract (src/contract/b.ts)'],
  ['src/contract/a.ts', '@temporalio/client', 'contract must not import @temporalio/client'],
  ['src/contract/a.ts', '../workflows/b.js', 'contract must not import workflows (src/workflows/b.ts)'],
  ['src/workflows/a.ts', '@temporalio/common', 'workflows must not import @temporalio/common'],
  ['src/workflows/phases/a.ts', '../../activities/b.js', 'workflows must not import activities (src/activities/b.ts)'],
  ['src/workflows/a.ts', '../plan/b.js', 'workflows must not import plan (src/plan/b.ts)'],
  ['src/activities/a.ts', '../workflows/b.js', 'activities must not import workflows (src/workflows/b.ts)'],
  ['src/activities/a.ts', '../client/b.js', 'activities must not import client (src/client/b.ts)'],
  ['src/activities/a.ts', '@temporalio/workflow', 'activities must not import @temporalio/workflow'],
  ['src/activities/a.ts', '../../sandbox/local/b.js', 'activities must not import sandbox (sandbox/local/b.ts)'],
  ['src/adapters/a.ts', '../activities/b.js', 'adapters must not import activities (src/activities/b.ts)'],
  ['src/adapters/a.ts', '../workflows/b.js', 'adapters must not import workflows (src/workflows/b.ts)'],
  ['src/adapters/a.ts', '../client/b.js', 'adapters must not import client (src/client/b.ts)'],
  ['src/plan/a.ts', '../adapters/b.js', 'plan must not import adapters (src/adapters/b.ts)'],
  ['src/plan/a.ts', 'execa', 'plan must not import execa'],
  ['src/client/a.ts', '../activities/b.js', 'client must not import activities (src/activities/b.ts)'],
  ['src/worker.ts', './client/b.js', 'worker must not import client (src/client/b.ts)'],
  ['src/rehearsal/a.ts', '../client/b.js', 'rehearsal must not import client (src/client/b.ts)'],
  ['sandbox/local/a.ts', '../../src/client/b.js', 'sandbox must not import client (src/client/b.ts)'],
  ['src/helpers/a.ts', 'zod', '"helpers" is no known layer: add it to scripts/checks/layers.js'],
  ['src/domain/a.ts', './absent.js', './absent.js does not exist'],
];

const imported = Object.fromEntries(
  ['domain', 'contract', 'workflows', 'activities', 'adapters', 'plan', 'client']
    .map((layer) => `src/${layer}/b.ts`)
    .concat('sandbox/local/b.ts')
    .map((path) => [path, 'export type B = 1;\n']),
);

test.each(refused)('%s must not import %s', (from, specifier, message) => {
  const result = check('imports', { ...imported, [from]: `// first line\nimport type { B } from '${specifier}';\n` });
  expect(result.problems).toBe(`${from}:2: ${message}`);
  expect(result.status).toBe(1);
});

test.each([
  ['a re-export', `export * from '../contract/b.js';`],
  ['a re-exported type', `export type { B } from '../contract/b.js';`],
  ['an import for its effect', `import '../contract/b.js';`],
  ['a type in place', `export let b: import('../contract/b.js').B;`],
  ['a dynamic import', `export const b = () => import('../contract/b.js');`],
  ['an import over lines', `import type {\n  B,\n} from '../contract/b.js';`],
])('%s counts as an import', (_, text) => {
  const result = check('imports', { ...imported, 'src/domain/a.ts': text });
  expect(result.problems).toBe('src/domain/a.ts:1: domain must not import contract (src/contract/b.ts)');
});

test('a comment or a text that looks like an import is none', () => {
  const text = `// import type { B } from '../contract/b.js';\nexport const help = "import x from 'zod'";\n`;
  expect(check('imports', { ...imported, 'src/domain/a.ts': text })).toMatchObject({ status: 0, problems: '' });
});

test('the client loads the worker only by import()', () => {
  const worker = { 'src/worker.ts': 'export const run = 1;\n' };
  const later = `import type { run } from '../worker.js';\nexport const f = () => import('../worker.js');\n`;
  expect(check('imports', { ...worker, 'src/client/a.ts': later }).problems).toBe('');
  const now = `import { run } from '../worker.js';\n`;
  expect(check('imports', { ...worker, 'src/client/a.ts': now }).problems).toBe(
    'src/client/a.ts:1: client may import worker only by import(): src/worker.ts',
  );
});

test('a cycle is told with every file on it', () => {
  const result = check('imports', {
    'src/domain/a.ts': `import './b.js';\n`,
    'src/domain/b.ts': `import './c.js';\n`,
    'src/domain/c.ts': `import type { A } from './a.js';\n`,
  });
  expect(result.problems).toBe(
    'src/domain/a.ts:1: a cycle of imports: src/domain/a.ts → src/domain/b.ts → src/domain/c.ts → src/domain/a.ts',
  );
  expect(result.status).toBe(1);
});
