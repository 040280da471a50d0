import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  openValues,
  RELEASE_VALUES,
  type ReleaseValues,
  releaseValues,
} from '../../src/contract/plan/release-values.js';
import { loadPlan } from '../../src/plan/load.js';
import { planLeavingOpen } from '../releases/many-releases.js';
import { expectOneProblem, problemsOf, SHIPPED } from './plan-files.js';

const VALUES = releaseValues(loadPlan(SHIPPED).resolved);

test('whatever a plan leaves open, said with the same values it is the same plan', () => {
  const place = planLeavingOpen([]);
  const { digest } = loadPlan(place);
  fc.assert(
    fc.property(fc.subarray([...RELEASE_VALUES]), (left) => {
      const said: ReleaseValues = Object.fromEntries(left.map((value) => [value, VALUES[value]]));
      writeFileSync(place, readFileSync(planLeavingOpen(left)));
      expect(openValues(loadPlan(place).resolved)).toEqual(RELEASE_VALUES.filter((value) => left.includes(value)));
      const loaded = loadPlan(place, { release: said });
      expect(openValues(loaded.resolved)).toEqual([]);
      expect(loaded.digest).toBe(digest);
    }),
    { numRuns: 16 },
  );
});

test('what is said is held to what a plan may say, and to what it fixes', () => {
  const open = planLeavingOpen(['target', 'previous']);
  expect(problemsOf(() => loadPlan(open, { release: { target: 'v2', previous: 'v2' } }))).toMatchObject([
    { path: 'release.previous', message: 'Is the same as `target`: a rollback would change nothing' },
  ]);
  expectOneProblem(
    [['  revision: 5403edb1d087', '  revision: ¦5403edb1d087']],
    { path: 'migration.revision', says: /^Is fixed here, so it can’t be beef: leave --revision out/ },
    { release: { revision: 'beef' } },
  );
});
