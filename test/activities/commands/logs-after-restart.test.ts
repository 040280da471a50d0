/** What the log tells of a restart: only its new lines count. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import type { StepKey } from '../../../src/contract/activities/step.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../support.js';

const STARTED = 'application started';
const key = (step: string): StepKey => ({ deployment: 'eduautismo-1', step, generation: 1 });

/** Reads the log before and after a restart, as the workflow does. @returns the fact `logs` */
async function restarted(before: string[], after: string[], started?: string) {
  const state = temporaryFolder();
  const { checkLogs } = createCommandActivities({ state });
  const log = join(state, 'app.log');
  const input = {
    evidence: { store: join(state, 'evidence'), deployment: 'eduautismo-1' },
    environment: environmentWith(),
    command: commandWith(['cat', log]),
    critical: 'CRITICAL',
  };
  const since = key('production.restart.before');
  writeFileSync(log, `${before.join('\n')}\n`);
  await runActivity(() => checkLogs({ ...input, key: since }));
  writeFileSync(log, `${after.join('\n')}\n`);
  const { facts } = await runActivity(() => checkLogs({ ...input, key: key('production.restart'), since, started }));
  expect(facts.map(({ name }) => name)).toEqual(['ran', 'logs']);
  return facts[1];
}

test.each<[string, string[], string[], string, boolean]>([
  ['a new line tells of it', ['a', STARTED], ['a', STARTED, 'b', STARTED], 'among the new 2 lines', true],
  ['the older lines have gone by now', ['a', 'b', 'c'], ['c', 'd', STARTED], 'among the new 2 lines', true],
  ['a critical line is from before', ['CRITICAL: old'], ['CRITICAL: old', STARTED], 'no critical line', true],
  ['only an older line tells of it', [STARTED], [STARTED, 'b'], `none tells of a good start (${STARTED})`, false],
  ['a critical line is new', ['a'], ['a', STARTED, 'CRITICAL: new'], 'CRITICAL: new', false],
  ['nothing is new', [STARTED], [STARTED], 'none tells of a good start', false],
])('a good start is seen or not when %s', async (_, before, after, words, ok) => {
  expect(await restarted(before, after, STARTED)).toMatchObject({ ok, text: expect.stringContaining(words) });
});

test('without a pattern of the plan any new line will do', async () => {
  expect(await restarted(['a'], ['a', 'b'])).toMatchObject({ ok: true });
  expect(await restarted(['a'], ['a'])).toMatchObject({ ok: false });
});
