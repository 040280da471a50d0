/** Something goes wrong in production, and production is proven to be back: by its database and its /health. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { summary } from '../../src/client/commands/demo.js';
import { demo, newHome } from './demo.js';

const BEFORE = '8c1f0a2d4b6e';
const AFTER = '5403edb1d087';

let home: string;
beforeAll(async () => {
  home = await newHome();
});

/** One run after the other in the same sandbox: each begins at the checklist's starting point. */
async function rolledBack(fault: string, signal: AbortSignal) {
  const run = await demo(home, { fault, signal });
  const operations = await readFile(join(home, 'environments', 'production', 'operations.log'), 'utf8');
  const { production } = run;
  await run.stop();
  return { document: summary(run), production, operations };
}

test('errors in the first five minutes: code and migration go back', async ({ signal }) => {
  const { document, production, operations } = await rolledBack('errors@watch-5m', signal);
  expect(document).toMatchObject({ outcome: 'rolled-back', rollback: { option: 'full', succeeded: true } });
  expect(production).toEqual({ version: 'v1.2.3', revision: BEFORE, indexes: [] });
  // The downgrade runs from the new code: the previous release does not know the new revision.
  expect(operations).toMatch(/alembic downgrade 8c1f0a2d4b6e[\s\S]*deploy production v1\.2\.3/);
}, 300_000);

test('deadlocks that the migration brought: only the migration goes back', async ({ signal }) => {
  const { document, production, operations } = await rolledBack('deadlocks@watch-1h', signal);
  expect(document).toMatchObject({ outcome: 'rolled-back', rollback: { option: 'migration', succeeded: true } });
  expect(production).toEqual({ version: 'main', revision: BEFORE, indexes: [] });
  expect(operations).not.toMatch(/deploy production v1/);
}, 300_000);

test('latency that the new code brought: only the code goes back', async ({ signal }) => {
  const { document, production, operations } = await rolledBack('latency@watch-5m', signal);
  expect(document).toMatchObject({ outcome: 'rolled-back', rollback: { option: 'code', succeeded: true } });
  expect(production.version).toBe('v1.2.3');
  expect(production.revision).toBe(AFTER);
  expect(production.indexes).toHaveLength(4);
  expect(operations).not.toMatch(/alembic downgrade/);
}, 300_000);
