/** Every scenario of the suites: it comes out as it says, and its history, whole or cut, says what its workflow said of itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { timelineText } from '../../src/rehearsal/report.js';
import { loadScenarios } from '../../src/rehearsal/scenario/scenario.js';
import { expectSameByReplay, Heard } from '../rehearsal/replayed.js';

const SUITES = [
  { folder: 'scenarios/eduautismo', plan: 'plans/eduautismo-performance.yaml' },
  { folder: 'scenarios/orders-node', plan: 'plans/orders-node.yaml' },
  { folder: 'scenarios/minimal', plan: 'plans/minimal.yaml' },
  { folder: 'scenarios/web-and-database', plan: 'plans/web-and-database.yaml' },
  { folder: 'scenarios/kubernetes', plan: 'plans/kubernetes.yaml' },
];

describe.each(SUITES)('$folder', ({ folder, plan }) => {
  const scenarios = loadScenarios([folder], plan);
  const heard = new Heard();
  let rehearsals: Rehearsals;

  beforeAll(async () => {
    rehearsals = await rehearse(scenarios, { jobs: 2, sinks: heard.sinks });
  }, 1_800_000);
  afterAll(() => rehearsals?.stop());

  test.each(scenarios.map(({ name }) => name))(
    '%s comes out as it says, and is told the same by its history',
    async (name) => {
      const result = rehearsals.results.find(({ scenario }) => scenario === name);
      expect(result?.differences, result && timelineText(result.timeline)).toEqual([]);
      await expectSameByReplay(rehearsals, heard, name);
    },
  );
});
