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
    // One a minute, and a last look.
    expect(record).toMatchObject({ verdict: 'healthy', ticks: 6 });
    expect(record?.startedAt).toBeLessThanOrEqual(startOf('production.deploy'));
    expect(record?.endedAt).toBeLessThanOrEqual(monitors.find(({ id }) => id === 'watch-5m')?.startedAt ?? 0);
  });

  test('maintenance mode is no breach: whoever is kept out says nothing of the release', async () => {
    const { outcome, monitors } = await playedWith({ slow: { 'production.migration': 5 * MINUTE } });
    expect(outcome).toBe('succeeded');
    const record = monitors.find(({ id }) => id === 'guard');
    expect(record).toMatchObject({ verdict: 'healthy', ticks: 1 });
    expect(record?.startedAt).toBeGreaterThan(startOf('production.maintenance-off'));
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

  test('where neither order has been seen to serve users, maintenance mode keeps them out until both are back', async () => {
    const fromPrevious = { what: 'staging.reversibility.downgrade-from-previous', how: 'facts' as const };
    const failing = [fromPrevious, ...atSmoke.failing];
    const { rollback } = await playedWith({ plan: noMaintenance, newCode: 'fails-on-old-schema', failing });
    expect(commands().slice(-4)).toEqual([
      ...['rollback.maintenance-first', 'rollback-full.downgrade', 'rollback-full.deploy', 'rollback.maintenance-off'],
    ]);
    expect(rollback?.reasons.at(-1)).toMatch(/^the migration goes back first.*: users get maintenance mode until both/);
  });

  test('a breach before the deploy of a plan that migrates first takes only the migration back', async () => {
    const plan = { ...noMaintenance, migratesFirst: true };
    const slow = { 'production.migration': 5 * MINUTE };
    const { outcome, rollback } = await playedWith({ plan, slow, troubles: [breach(2)] });
    expect({ outcome, option: rollback?.option }).toEqual({ outcome: 'rolled-back', option: 'migration' });
    expect(commands()).not.toContain('production.deploy');
  });
});

describe('a failure in production that people have something to say about', () => {
  const thrice = (what: string) => Array.from({ length: 3 }, () => ({ what, how: 'facts' as const }));
  const indexes = { what: 'production.indexes', how: 'facts' as const };

  /** Goes on until something is asked about. */
  async function asked(...parts: Parameters<typeof calm>) {
    played = new PlayedDeployment(workflows, calm(...parts));
    await played.start();
    return played.goOnUntil(({ questions }) => questions.some(({ id }) => id === 'production.indexes'), {
      orEnds: true,
    });
  }

  test('is asked about where the same was waived on staging, which those who signed had read', async () => {
    const { questions } = await asked({ plan: noMaintenance, failing: [...thrice('staging.indexes'), indexes] });
    expect(questions[0]).toMatchObject({ kind: 'step-failed', moves: ['retry', 'skip', 'rollback', 'abort'] });
    expect(questions[0]?.text).toContain('on staging the same was waived by ');
    const proposals = played.temporal.scheduled.flatMap(({ activity, input }) =>
      activity === 'sealProposal' ? [(input as { content: { notes: string[] } }).content.notes[0]] : [],
    );
    expect(proposals[0]).toMatch(/^gone on without Staging indexes are valid and used: .*skipped by .*looked at/);
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
  });

  test('is asked about where the plan says so, with production watched meanwhile', async () => {
    const plan = { ...noMaintenance, asks: true };
    const { questions } = await asked({ plan, failing: [indexes] });
    expect(questions[0]).toMatchObject({ kind: 'step-failed', id: 'production.indexes' });
    expect(guards().map(({ state }) => state)).toEqual(['running']);
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
  });

  test('is rolled back where neither is so', async () => {
    const { outcome, rollback } = await playedWith({ plan: noMaintenance, failing: [indexes] });
    expect({ outcome, trigger: rollback?.trigger }).toMatchObject({
      outcome: 'rolled-back',
      trigger: { kind: 'step', step: 'production.indexes' },
    });
  });
});

describe('what is done after a watch', () => {
  const FIVE_MINUTES = 5 * MINUTE;

  test('is not left alone where it takes longer than a minute: a breach meanwhile is acted on', async () => {
    // The guard that has stood until the first watch has ticks of its own.
    const slow = { 'watch.report': FIVE_MINUTES };
    const { outcome, rollback, steps } = await playedWith({ slow, troubles: [breach(4)] });
    expect({ outcome, trigger: rollback?.trigger }).toMatchObject({
      outcome: 'rolled-back',
      trigger: { kind: 'criterion', criterion: 'rollback-errors' },
    });
    expect(played.world.messages.map(({ event }) => event)).toContain('breach');
    expect(steps.at(-1)).toMatchObject({ id: 'watch.report', state: 'passed' });
  });

  test.each(['watch.database', 'watch.report', 'closing.state'])(
    '%s has its guard, and that its last look',
    async (step) => {
      const { outcome, monitors } = await playedWith({ slow: { [step]: FIVE_MINUTES } });
      expect(outcome).toBe('succeeded');
      expect(guards().map(({ state }) => state)).toEqual(['completed', 'completed']);
      const { startedAt = 0, verdict } = monitors.find(({ id }) => id === 'guard') ?? {};
      expect({ verdict, after: startedAt - startOf(step) <= MINUTE }).toEqual({ verdict: 'healthy', after: true });
    },
  );

  test('costs no watch where it is over in a moment', async () => {
    const { outcome } = await playedWith();
    expect({ outcome, guards: guards().length }).toEqual({ outcome: 'succeeded', guards: 1 });
    expect(played.temporal.timers).toEqual([]);
  });
});
