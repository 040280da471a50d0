/** Every scenario of both suites: its history, whole or cut, says what its workflow said of itself. */
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { loadScenarios } from '../../src/rehearsal/scenario/scenario.js';
import { expectSameByReplay, Heard } from '../rehearsal/replayed.js';

const SUITES = [
  { folder: 'scenarios/eduautismo', plan: 'plans/eduautismo-performance.yaml' },
  { folder: 'scenarios/orders-node', plan: 'plans/orders-node.yaml' },
];

describe.each(SUITES)('$folder', ({ folder, plan }) => {
  const scenarios = loadScenarios([folder], plan);
  const heard = new Heard();
  let rehearsals: Rehearsals;

  beforeAll(async () => {
    rehearsals = await rehearse(scenarios, { jobs: 2, sinks: heard.sinks });
  }, 1_800_000);
  afterAll(() => rehearsals?.stop());

  test.each(scenarios.map(({ name }) => name))('%s', async (name) => {
    await expectSameByReplay(rehearsals, heard, name);
  });
});
