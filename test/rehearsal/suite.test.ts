/** The shipped scenarios fit their plans; test/long plays them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { timelineText } from '../../src/rehearsal/report.js';
import { loadScenarios } from '../../src/rehearsal/scenario/scenario.js';
import { expectSameByReplay, Heard } from './replayed.js';

const PLAYED = 'soak-broken-again-and-again';

const SUITES = [
  {
    folder: 'scenarios/eduautismo',
    plan: 'plans/eduautismo-performance.yaml',
    least: 30,
  },
  {
    folder: 'scenarios/orders-node',
    plan: 'plans/orders-node.yaml',
    least: 6,
  },
  {
    folder: 'scenarios/minimal',
    plan: 'plans/minimal.yaml',
    least: 3,
  },
  {
    folder: 'scenarios/web-and-database',
    plan: 'plans/web-and-database.yaml',
    least: 3,
  },
  {
    folder: 'scenarios/kubernetes',
    plan: 'plans/kubernetes.yaml',
    least: 3,
  },
];

describe.each(SUITES)('$folder', ({ folder, plan, least }) => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

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
});

/** Of the many that test/long plays, one: what a suite is rehearsed with is at hand. */
describe('one of them is played', () => {
  const heard = new Heard();
  let rehearsals: Rehearsals;

  beforeAll(async () => {
    const scenarios = loadScenarios([`scenarios/eduautismo/${PLAYED}.yaml`], 'plans/eduautismo-performance.yaml');
    rehearsals = await rehearse(scenarios, { jobs: 1, sinks: heard.sinks });
  }, 600_000);
  afterAll(() => rehearsals?.stop());

  test('it comes out as it says, and its history, whole or cut, says what its workflow said', async () => {
    const [result] = rehearsals.results;
    expect(result?.differences, result && timelineText(result.timeline)).toEqual([]);
    await expectSameByReplay(rehearsals, heard, PLAYED);
  });
});
