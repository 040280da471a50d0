/** Something goes wrong in production: its database and its /health say what has gone back. */
import { beforeAll, expect, test } from 'vitest';
import { newHome, rolledBack } from '../demo/demo.js';
import { prepareHome } from '../helpers/target-python.js';

const BEFORE = '8c1f0a2d4b6e';
const AFTER = '5403edb1d087';

let home: string;
beforeAll(async () => {
  home = await newHome();
  await prepareHome(home);
});

test('errors in the first five minutes: code and migration go back', async ({ signal }) => {
  const { document, production, operations } = await rolledBack(home, 'errors@watch-5m', signal);
  expect(document).toMatchObject({ outcome: 'rolled-back', rollback: { option: 'full', succeeded: true } });
  expect(production).toEqual({ version: 'v1.2.3', revision: BEFORE, indexes: [] });
  // The downgrade runs from the new code: the previous release does not know the new revision.
  expect(operations).toMatch(/alembic downgrade 8c1f0a2d4b6e[\s\S]*deploy production v1\.2\.3/);
}, 300_000);

test('deadlocks that the migration brought: only the migration goes back', async ({ signal }) => {
  const { document, production, operations } = await rolledBack(home, 'deadlocks@watch-1h', signal);
  expect(document).toMatchObject({ outcome: 'rolled-back', rollback: { option: 'migration', succeeded: true } });
  expect(production).toEqual({ version: 'main', revision: BEFORE, indexes: [] });
  expect(operations).not.toMatch(/deploy production v1/);
}, 300_000);

test('latency that the new code brought: only the code goes back', async ({ signal }) => {
  const { document, production, operations } = await rolledBack(home, 'latency@watch-5m', signal);
  expect(document).toMatchObject({ outcome: 'rolled-back', rollback: { option: 'code', succeeded: true } });
  expect(production.version).toBe('v1.2.3');
  expect(production.revision).toBe(AFTER);
  expect(production.indexes).toHaveLength(4);
  expect(operations).not.toMatch(/alembic downgrade/);
}, 300_000);
