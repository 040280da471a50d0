/** The shipped scenarios: all of them fit their plans, and a sample of the short ones comes out as they say (test/long plays all). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { timelineText } from '../../src/rehearsal/report.js';
import { loadScenarios } from '../../src/rehearsal/scenario/scenario.js';
import { expectSameByReplay, Heard } from './replayed.js';

const SUITES = [
  {
    folder: 'scenarios/eduautismo',
    plan: 'plans/eduautismo-performance.yaml',
    least: 30,
    // One that a phase ends, one that people are asked about, one that goes on, one whose rollback fails.
    sample: ['not-merged', 'soak-broken-again-and-again', 'deadlocks-now-and-then', 'rollback-fails-then-the-backup'],
  },
  {
    folder: 'scenarios/orders-node',
    plan: 'plans/orders-node.yaml',
    least: 6,
    sample: ['errors-take-the-code-back'],
  },
  {
    folder: 'scenarios/minimal',
    plan: 'plans/minimal.yaml',
    least: 3,
    sample: ['gone-after-five-minutes'],
  },
  {
    folder: 'scenarios/web-and-database',
    plan: 'plans/web-and-database.yaml',
    least: 3,
    sample: ['errors-take-all-of-it-back'],
  },
  {
    folder: 'scenarios/kubernetes',
    plan: 'plans/kubernetes.yaml',
    least: 3,
    sample: ['pods-are-lost'],
  },
];

describe.each(SUITES)('$folder', ({ folder, plan, least, sample }) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  const heard = new Heard();
  let rehearsals: Rehearsals;

  beforeAll(async () => {
    const places = sample.map((name) => join(folder, `${name}.yaml`));
    rehearsals = await rehearse(loadScenarios(places, plan), { jobs: 2, sinks: heard.sinks });
  }, 600_000);
  afterAll(() => rehearsals?.stop());

  test('all scenarios fit the plan, and each is for it', () => {
    const scenarios = loadScenarios([folder], plan);
    expect(scenarios.map(({ name }) => `${name}.yaml`)).toEqual(files.toSorted());
    expect(scenarios.length).toBeGreaterThanOrEqual(least);
    expect(new Set(scenarios.map(({ title }) => title)).size).toBe(scenarios.length);
    for (const name of files) {
      const text = readFileSync(join(folder, name), 'utf8');
      expect(text, name).toContain(`plan: ../../${plan}`);
      expect(text, name).toContain('$schema=../scenario.schema.json');
    }
  });

  test.each(sample)('%s comes out as it says', (name) => {
    const result = rehearsals.results.find(({ scenario }) => scenario === name);
    expect(result?.differences, result && timelineText(result.timeline)).toEqual([]);
  });

  // All scenarios: test/long.
  test.each(sample)('the history of %s says what its workflow said, whole or cut', async (name) => {
    await expectSameByReplay(rehearsals, heard, name);
  });
});
