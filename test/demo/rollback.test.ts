/** Something goes wrong in production, and production is proven to be back. What else may go wrong: test/long. */
import { expect, test } from 'vitest';
import { prepareHome } from '../helpers/target-python.js';
import { newHome, rolledBack } from './demo.js';

test('errors in the first five minutes: code and migration go back', async ({ signal }) => {
  const home = await newHome();
  await prepareHome(home);
  const { document, production, operations } = await rolledBack(home, 'errors@watch-5m', signal);
  expect(document).toMatchObject({ outcome: 'rolled-back', rollback: { option: 'full', succeeded: true } });
  expect(production).toEqual({ version: 'v1.2.3', revision: '8c1f0a2d4b6e', indexes: [] });
  // The downgrade runs from the new code: the previous release does not know the new revision.
  expect(operations).toMatch(/alembic downgrade 8c1f0a2d4b6e[\s\S]*deploy production v1\.2\.3/);
}, 300_000);
