/** Every scenario of the suites: it comes out as it says, and its history, whole or cut, says what its workflow said of itself. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Rehearsals, rehearse } from '../../src/rehearsal/rehearse.js';
import { timelineText } from '../../src/rehearsal/report.js';
import { loadScenarios } from '../../src/rehearsal/scenario/scenario.js';
import { expectSameByReplay, Heard } from '../rehearsal/replayed.js';

/**
 * Plays all scenarios of a folder, then each history anew, four times. A file of tests for each suite: what the SDK keeps of
 * a bundle's source map for each replay is given back by the end of the process alone.
 */
export function playsAsItSays(folder: string, plan: string): void {
  describe(folder, () => {
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
}
