/** Under a policy whatever acts or reads by commands says by whose word, and is found in the plan that was signed. */
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { Authority } from '../../src/contract/envelope.js';
import { runnerQueue } from '../../src/contract/names.js';
import type { Demands } from '../../src/domain/decisions/demands.js';
import type { OwnRunners } from '../../src/domain/runner.js';
import { ACTS, type ActInput, type ActKind, plannedAct } from '../../src/policy/acts.js';
import { PlayedDeployment } from './deployment.js';
import { calm } from './scenario.js';
import { MINUTE } from './short-plan.js';
import { compileWorkflows, type Workflows } from './workflow-run.js';

let workflows: Workflows;
let played: PlayedDeployment;

beforeAll(async () => {
  workflows = await compileWorkflows();
});
afterEach(() => played.temporal.end());

async function playUnderPolicy(scenario: Parameters<typeof calm>[0], runners?: OwnRunners) {
  played = new PlayedDeployment(workflows, calm(scenario));
  played.world.runners = runners;
  const { roster: people, roles } = played.plan.approvals;
  const demands: Demands = { signed: [], people, approve: roles.map(({ role }) => role), roles: {} };
  played.world.demands = demands;
  return played.play();
}

/** What a runner is asked to do, as its policy sees it: `refused` where nothing comes with it, or the plan has no such act. */
function acts(): Record<string, Set<ActKind | 'refused'>> {
  const seen: Record<string, Set<ActKind | 'refused'>> = {};
  for (const { activity, input } of played.temporal.scheduled) {
    if (!ACTS.includes(activity)) continue;
    const asked = input as ActInput & { authority?: Authority };
    const act = asked.authority && plannedAct(activity, asked, asked.authority.plan);
    seen[activity] = new Set([...(seen[activity] ?? []), act?.kind ?? 'refused']);
  }
  return seen;
}

test('all is well: the watches, the load tests and the guard say by whose word they read', async () => {
  const { outcome } = await playUnderPolicy({
    plan: { loadTest: true, restart: true },
    slow: { 'watch.report': 5 * MINUTE },
  });
  expect(outcome).toBe('succeeded');
  const seen = acts();
  for (const [activity, kinds] of Object.entries(seen)) expect([...kinds], activity).not.toContain('refused');
  expect(seen).toMatchObject({ sampleMetrics: new Set(['read']), runLoadTest: new Set(['look']) });
  expect(Object.keys(seen)).toEqual(
    expect.arrayContaining([
      ...['checkStaging', 'checkTools', 'checkEndpoints', 'awaitHealth', 'readStarts', 'awaitDrained'],
      ...['checkMaintenance', 'checkApiDocumentation', 'verifyState'],
    ]),
  );
});

test('production goes back: so does whatever reads and acts on the way', async () => {
  const troubles = [{ watch: 'watch-5m', tick: 2, metric: 'errors', says: 'breach', lasts: 1 } as const];
  const { outcome } = await playUnderPolicy({ troubles });
  expect(outcome).toBe('rolled-back');
  for (const [activity, kinds] of Object.entries(acts())) expect([...kinds], activity).not.toContain('refused');
});

test('what is read on an environment’s own runner says by whose word there, too', async () => {
  const runner = 'b'.repeat(16);
  const queue = runnerQueue(runner);
  const { outcome } = await playUnderPolicy(
    { plan: { loadTest: true, restart: true } },
    { production: { queue, named: [runner] } },
  );
  expect(outcome).toBe('succeeded');
  for (const [activity, kinds] of Object.entries(acts())) expect([...kinds], activity).not.toContain('refused');
  const there = played.temporal.scheduled.filter((call) => call.queue === queue).map(({ activity }) => activity);
  expect(there).toEqual(expect.arrayContaining(['sampleMetrics', 'checkStaging', 'checkEndpoints', 'verifyState']));
});
