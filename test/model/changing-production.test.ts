/** Production while it changes: what goes first, there and back, who watches it, and when a breach is acted on. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { PlayedDeployment } from './deployment.js';
import { isGuard } from './laws.js';
import { calm } from './scenario.js';
import { MINUTE } from './short-plan.js';
import { compileWorkflows, type Workflows } from './workflow-run.js';

let workflows: Workflows;
let played: PlayedDeployment;

beforeAll(async () => {
  workflows = await compileWorkflows();
});
afterEach(() => played.temporal.end());

async function playedWith(...parts: Parameters<typeof calm>) {
  played = new PlayedDeployment(workflows, calm(...parts));
  return played.play();
}

/** The steps of production that ran a command, in their order. */
const commands = () =>
  played.temporal.scheduled.flatMap(({ activity, input }) => {
    const { key, environment } = input as { key?: { step: string }; environment?: { name: string } };
    const isCommand = activity === 'runCommand' || activity === 'migrate';
    return isCommand && environment?.name === 'production' && key ? [key.step] : [];
  });
const startOf = (step: string) =>
  played.temporal.scheduled.find(({ input }) => (input as { key?: { step: string } } | null)?.key?.step === step)?.at ??
  0;
const guards = () => played.temporal.executions.filter(({ workflowId }) => isGuard(workflowId));

const noMaintenance = { maintenance: false };
const breach = (tick: number) => ({ watch: 'guard', tick, metric: 'errors', says: 'breach', lasts: 1 }) as const;
const atSmoke = { failing: [{ what: 'production.smoke', how: 'facts' as const }] };

describe('production is watched while it changes', () => {
  test.each(['production.deploy', 'production.migration'])(
    'a breach during %s is acted on as soon as that has ended, by its criterion',
    async (step) => {
      const slow = { [step]: 5 * MINUTE };
      const { outcome, rollback, steps } = await playedWith({ plan: noMaintenance, slow, troubles: [breach(2)] });
      expect(outcome).toBe('rolled-back');
      expect(rollback?.trigger).toMatchObject({ kind: 'criterion', criterion: 'rollback-errors' });
      const ended = startOf(step) + 5 * MINUTE;
      expect(rollback?.startedAt).toBeGreaterThanOrEqual(ended);
      expect(rollback?.startedAt).toBeLessThan(ended + MINUTE / 2);
      expect(steps.at(-1)).toMatchObject({ id: step, state: 'passed' });
    },
  );

  test('one guard stands from the first change until the first watch, and says what it has seen', async () => {
    const slow = { 'production.migration': 5 * MINUTE };
    const { outcome, monitors } = await playedWith({ plan: noMaintenance, slow });
    expect(outcome).toBe('succeeded');
    expect(guards().map(({ state }) => state)).toEqual(['completed']);
    const record = monitors.find(({ id }) => id === 'guard');
    expect(record).toMatchObject({ verdict: 'healthy', ticks: 5 });
    expect(record?.startedAt).toBeLessThanOrEqual(startOf('production.deploy'));
    expect(record?.endedAt).toBeLessThanOrEqual(monitors.find(({ id }) => id === 'watch-5m')?.startedAt ?? 0);
  });

  test('maintenance mode is no breach: whoever is kept out says nothing of the release', async () => {
    const slow = { 'production.migration': 5 * MINUTE };
    const { outcome, monitors } = await playedWith({ slow, troubles: [breach(1)] });
    expect({ outcome, guarded: monitors.some(({ id, ticks }) => id === 'guard' && ticks > 0) }).toEqual({
      outcome: 'succeeded',
      guarded: false,
    });
  });
});

describe('what goes first', () => {
  test('is the deploy, and on the way back the migration, where the plan does not say', async () => {
    const { rollback } = await playedWith({ plan: noMaintenance, ...atSmoke });
    expect(commands().filter((step) => /deploy|migration|downgrade/.test(step))).toEqual([
      ...['production.deploy', 'production.migration', 'rollback-full.downgrade', 'rollback-full.deploy'],
    ]);
    expect(rollback?.reasons.at(-1)).toContain('the migration goes back first: the new code has answered');
  });

  test('is the migration where the plan says so, and on the way back the code', async () => {
    const plan = { ...noMaintenance, migratesFirst: true };
    const { rollback, outcome } = await playedWith({ plan, ...atSmoke });
    expect(outcome).toBe('rolled-back');
    expect(commands().filter((step) => /deploy|migration|downgrade/.test(step))).toEqual([
      ...['production.migration', 'production.deploy', 'rollback-full.deploy', 'rollback-full.downgrade'],
    ]);
    expect(rollback?.reasons.at(-1)).toContain('the code goes back first');
  });

  test('a new release that fails on the old schema goes back before its migration does', async () => {
    await playedWith({ plan: noMaintenance, newCode: 'fails-on-old-schema', ...atSmoke });
    expect(commands().slice(-2)).toEqual(['rollback-full.deploy', 'rollback-full.downgrade']);
  });

  test('a breach before the deploy of a plan that migrates first takes only the migration back', async () => {
    const plan = { ...noMaintenance, migratesFirst: true };
    const slow = { 'production.migration': 5 * MINUTE };
    const { outcome, rollback } = await playedWith({ plan, slow, troubles: [breach(2)] });
    expect({ outcome, option: rollback?.option }).toEqual({ outcome: 'rolled-back', option: 'migration' });
    expect(commands()).not.toContain('production.deploy');
  });
});
