/** What playing thousands of deployments has found, one named test each. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { PlayedDeployment, SERVICE_WORKFLOW } from './deployment.js';
import { COMMANDS, type CommandCall, isGuard } from './laws.js';
import { calm } from './scenario.js';
import { MINUTE, type PlanChoices } from './short-plan.js';
import { compileWorkflows, type Workflows } from './workflow-run.js';

let workflows: Workflows;
let played: PlayedDeployment;

beforeAll(async () => {
  workflows = await compileWorkflows();
});
afterEach(() => played.temporal.end());

async function begin(...parts: Parameters<typeof calm>): Promise<PlayedDeployment> {
  played = new PlayedDeployment(workflows, calm(...parts));
  await played.start();
  return played;
}

const asks = (id: string) => (ledger: Ledger) => ledger.questions.some((question) => question.id === id);
const diego = { who: 'diego.alves', role: 'devops', why: 'because' };
const commands = (step: string) =>
  played.temporal.scheduled.filter(({ activity, input }) => {
    const { key } = input as { key?: { step: string } };
    return activity === 'runCommand' && key?.step === step;
  }).length;

describe('the release moves after it has been signed off', () => {
  test('while production waits for its window: it is not deployed, and people are asked', async () => {
    await begin({ plan: { window: true }, closed: -1 });
    await played.goOnUntil(asks('production.window'));
    played.world.moveTarget();
    played.send('override', { ...diego, subject: 'production.window' });
    const { approvals } = await played.goOnUntil(asks('proposal'));
    expect(commands('production.deploy')).toBe(0);
    // It comes back to what staging has proven and people have signed: their word stands.
    played.world.moveTarget();
    expect(approvals).toHaveLength(5);
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
  });

  test('while people are asked about a deploy of which nobody knows how it ended: it is not run again', async () => {
    await begin({ failing: [{ what: 'production.deploy', how: 'unknown' }] });
    await played.goOnUntil(asks('production.deploy'));
    played.world.moveTarget();
    played.send('retry', { ...diego, subject: 'production.deploy' });
    const { phase } = await played.goOnUntil(asks('proposal'));
    expect([phase, commands('production.deploy')]).toEqual(['production', 1]);
    played.world.moveTarget();
    played.send('retry', { ...diego, subject: 'proposal' });
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
    expect(commands('production.deploy')).toBe(2);
  });

  test('while somebody holds production after the dump: the deploy command does not run', async () => {
    await begin();
    await played.goOnUntil(asks('communication'));
    played.send('confirm', { ...diego, subject: 'communication' });
    await played.idleUntil(() =>
      played.temporal.scheduled.some(
        ({ activity }) => activity === 'backUpDatabase' && played.world.sealed !== undefined,
      ),
    );
    played.send('hold', diego);
    await played.goOnUntil(({ held }) => held !== undefined);
    played.world.moveTarget();
    played.send('resume', diego);
    await played.goOnUntil(asks('proposal'));
    expect(commands('production.deploy')).toBe(0);
    expect((await played.toItsEnd()).outcome).toBe('aborted');
  });
});

test('a deployment that is held right after production was deployed to is watched: a breach ends the hold', async () => {
  await begin({
    plan: { maintenance: false },
    troubles: [{ watch: 'guard', tick: 2, metric: 'errors', says: 'breach', lasts: 1 }],
  });
  await played.goOnUntil(asks('communication'));
  played.send('confirm', { ...diego, subject: 'communication' });
  await played.idleUntil(() => commands('production.deploy') === 1);
  played.send('hold', diego);
  await played.idleUntil(() => !played.isRunning);
  const { outcome, rollback } = await played.toItsEnd();
  expect(outcome).toBe('rolled-back');
  expect(rollback?.trigger).toMatchObject({ kind: 'criterion', criterion: 'rollback-errors' });
  expect(played.temporal.executions.filter(({ workflowId }) => isGuard(workflowId))).toHaveLength(1);
});

test('a window that never opens is reminded of', async () => {
  await begin({ plan: { window: true }, closed: -1 });
  await played.goOnUntil(asks('production.window'));
  const reminded = () => played.world.messages.filter(({ event }) => event === 'question-reminded').length;
  await played.idleUntil(() => reminded() > 1);
  played.send('override', { ...diego, subject: 'production.window' });
  expect((await played.toItsEnd()).outcome).toBe('succeeded');
});

describe('what only monitors should send, sent by anybody', () => {
  const GARBAGE = [
    null,
    undefined,
    7,
    'cpu',
    [],
    {},
    { criterion: 7 },
    { criterion: 'consider-cpu' },
    { criterion: '__proto__', title: 'x', text: 'y' },
  ];

  test.each(['concernRaised', 'concernSettled'])('%s with garbage changes nothing', async (signal) => {
    await begin();
    await played.goOn(30);
    const before = await played.goOnUntil(() => true);
    for (const content of GARBAGE) played.temporal.signal(SERVICE_WORKFLOW, signal, [content]);
    await played.idleUntil(() => played.temporal.next() !== played.temporal.now);
    expect((await played.ledger()).questions).toEqual(before.questions);
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
  });

  test('concernDismissed with garbage does not end the monitor, nor what it watches', async () => {
    await begin({ troubles: [{ watch: 'watch-5m', tick: 2, metric: 'errors', says: 'breach', lasts: 1 }] });
    await played.goOnUntil(asks('communication'));
    played.send('confirm', { ...diego, subject: 'communication' });
    const monitor = () => played.temporal.executions.find(({ workflowId }) => workflowId.endsWith('/watch-5m'));
    await played.idleUntil(() => monitor() !== undefined);
    for (const content of GARBAGE) played.temporal.signal(monitor()?.workflowId ?? '', 'concernDismissed', [content]);
    expect((await played.toItsEnd()).outcome).toBe('rolled-back');
  });
});

test('a flood of long garbage leaves a ledger that Temporal can still carry', async () => {
  await begin();
  await played.goOnUntil(asks('access'));
  const long = 'x'.repeat(2_000);
  const sent = { who: long, role: long, why: long, subject: long, digest: long, signature: long };
  for (let count = 0; count < 600; count += 1) played.temporal.signal(SERVICE_WORKFLOW, 'confirm', [sent]);
  const result = await played.toItsEnd();
  expect(result.outcome).toBe('succeeded');
  // 2 MB is the most that one payload may have.
  expect(JSON.stringify(result).length).toBeLessThan(1_000_000);
});

test('a flood of approvals with forged signatures does, too', async () => {
  await begin({ plan: { signed: true } });
  const { questions } = await played.goOnUntil(asks('sign-offs'));
  const long = 'x'.repeat(2_000);
  const forged = { who: 'ana.souza', role: 'tech-lead', digest: questions[0]?.digest, signature: long, why: long };
  for (let count = 0; count < 300; count += 1) played.temporal.signal(SERVICE_WORKFLOW, 'approve', [forged]);
  const result = await played.toItsEnd();
  expect(result.approvals).toHaveLength(5);
  expect(JSON.stringify(result).length).toBeLessThan(500_000);
});

test('a guard that somebody has terminated is replaced, and is no reason to roll back', async () => {
  await begin({ failing: [{ what: 'watch.database', how: 'facts' }] });
  await played.goOnUntil(asks('watch.database'));
  await played.do({ act: 'terminate-monitor' });
  const guards = () => played.temporal.executions.filter(({ workflowId }) => isGuard(workflowId));
  await played.idleUntil(() => guards().length === 3);
  // The first has stood until the watch began.
  expect(guards().map(({ state }) => state)).toEqual(['completed', 'terminated', 'running']);
  expect((await played.toItsEnd()).outcome).toBe('succeeded');
});

test('a guard that is ended in the moment in which it would go on as a new run ends, and the rollback begins', async () => {
  const failing = [{ what: 'production.health', how: 'command' } as const];
  // Four ticks of it, to the millisecond.
  const slow = { 'production.deploy': 4 * MINUTE, 'production.health': 1 };
  played = new PlayedDeployment(workflows, {
    ...calm({ failing, slow, plan: { maintenance: false } }),
    longHistories: true,
  });
  await played.start();
  expect((await played.toItsEnd()).outcome).toBe('rolled-back');
});

const breach = { watch: 'watch-5m', tick: 2, metric: 'errors', says: 'breach', lasts: 1 } as const;

describe('a breach after which the way back is not certain leaves production to people, and downgrades nothing', () => {
  const downgrades = () =>
    played.temporal.scheduled.flatMap(({ activity, input }) => {
      const { direction, environment } = input as { direction?: { to: unknown }; environment?: { name: string } };
      return activity === 'migrate' && environment?.name === 'production' && direction && 'to' in direction
        ? [direction.to]
        : [];
    });
  const skip = (subject: string) => played.send('skip', { ...diego, subject });

  test.each<[string, Partial<Parameters<typeof calm>[0] & object>, string, string]>([
    ['nobody could see where it was', { blind: 'look' }, 'production was found at an unknown revision', '8c1f0a2d4b6e'],
    ['it was seen elsewhere', { blind: 'look-differs' }, 'production was found at 0123456789ab', '8c1f0a2d4b6e'],
    ['the migration did not tell', { blind: 'migration' }, 'started from an unknown revision', '8c1f0a2d4b6e'],
    ['the migration started elsewhere', { blind: 'migration-differs' }, 'started from 0123456789ab', '8c1f0a2d4b6e'],
    ['it was the first migration of all', { fresh: true }, 'it would undo every migration there is', 'base'],
  ])('%s', async (_, circumstances, reason, revision) => {
    await begin({ ...circumstances, troubles: [breach], plan: { gate: 'rollback' } });
    const isSilent = circumstances.blind === 'look';
    if (isSilent) {
      await played.goOnUntil(asks('prerequisites.production'));
      skip('prerequisites.production');
    }
    await played.goOnUntil(asks('communication'));
    played.send('confirm', { ...diego, subject: 'communication' });
    if (isSilent) {
      await played.goOnUntil(asks('production.before'));
      skip('production.before');
    }
    const { questions } = await played.goOnUntil(asks('rollback'));
    expect(questions[0]?.text).toContain(reason);
    expect(downgrades()).toEqual([]);
    played.send('rollback', { ...diego, subject: 'rollback', option: 'full' });
    await played.goOn(1);
    expect(downgrades()).toEqual([]);
    played.send('rollback', { ...diego, subject: 'rollback', option: 'full', revision });
    expect((await played.toItsEnd()).outcome).toBe('rolled-back');
    expect(downgrades()).toEqual([revision === 'base' ? null : revision]);
  });
});

describe('a command of which nobody knows how it ended', () => {
  const nothingFollows = (from: number) =>
    played.temporal.scheduled.slice(from).filter(({ activity }) => /^(runCommand|migrate|checkLogs)$/.test(activity));

  test.each(['production.deploy', 'production.migration', 'production.maintenance-off'])(
    '%s: production is not rolled back, and nothing is run, before somebody has said so',
    async (what) => {
      await begin({ failing: [{ what, how: 'unknown' }] });
      const { questions } = await played.goOnUntil(asks(what));
      expect(questions).toMatchObject([
        { kind: 'outcome-unknown', moves: ['confirm', 'retry', 'skip', 'rollback', 'abort'] },
      ]);
      const from = played.temporal.scheduled.length;
      const reminded = () => played.world.messages.filter(({ event }) => event === 'question-reminded').length;
      await played.idleUntil(() => reminded() > 2);
      expect(nothingFollows(from)).toEqual([]);
      expect(played.rollbacks).toEqual([]);
      played.send('rollback', { ...diego, subject: what });
      const { outcome, rollback } = await played.toItsEnd();
      expect(outcome).toBe('rolled-back');
      expect(rollback?.trigger).toMatchObject({ kind: 'person', who: 'diego.alves' });
    },
  );

  test('a dump, too: nothing follows unasked, what is left of it is ended, and it is made anew', async () => {
    await begin({ failing: [{ what: 'production.backup', how: 'unknown' }] });
    const { questions } = await played.goOnUntil(asks('production.backup'));
    expect(questions).toMatchObject([{ kind: 'outcome-unknown' }]);
    const from = played.temporal.scheduled.length;
    played.send('retry', { ...diego, subject: 'production.backup' });
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
    const followed = played.temporal.scheduled.slice(from).map(({ activity }) => activity);
    expect(followed.filter((activity) => activity !== 'tell').slice(0, 2)).toEqual(['endCommands', 'backUpDatabase']);
  });

  test('did its work, as somebody has seen: the deployment goes on, and its facts are theirs', async () => {
    await begin({ failing: [{ what: 'production.deploy', how: 'unknown' }] });
    await played.goOnUntil(asks('production.deploy'));
    played.send('confirm', { ...diego, subject: 'production.deploy' });
    const { outcome, steps } = await played.toItsEnd();
    expect(outcome).toBe('succeeded');
    expect(steps.find(({ id }) => id === 'production.deploy')).toMatchObject({
      state: 'passed',
      unknown: true,
      facts: [{ name: 'ran', ok: true, by: { who: 'diego.alves' } }],
    });
    expect(played.temporal.scheduled.some(({ activity }) => activity === 'endCommands')).toBe(false);
  });

  test('is asked about at a breach, too: the rollback begins when somebody has said so', async () => {
    await begin({
      plan: { maintenance: false, restart: true },
      failing: [{ what: 'production.restart', how: 'unknown' }],
      troubles: [{ watch: 'guard', tick: 2, metric: 'errors', says: 'breach', lasts: 1 }],
    });
    await played.goOnUntil(asks('production.restart'));
    await played.idleUntil(() => played.world.alarmed.size > 0);
    const { questions } = await played.goOnUntil(({ ending }) => ending !== undefined);
    expect(questions).toMatchObject([{ kind: 'outcome-unknown', moves: ['confirm', 'rollback', 'skip'] }]);
    expect(played.rollbacks).toEqual([]);
    played.send('confirm', { ...diego, subject: 'production.restart' });
    expect(await played.toItsEnd()).toMatchObject({ outcome: 'rolled-back' });
  });

  test('is not run beside: what cannot be ended is asked about again', async () => {
    await begin({ failing: [{ what: 'production.deploy', how: 'unknown' }], stubborn: 2 });
    for (let time = 0; time < 3; time += 1) {
      await played.goOnUntil(asks('production.deploy'));
      expect(commands('production.deploy')).toBe(1);
      played.send('retry', { ...diego, subject: 'production.deploy' });
      await played.temporal.step();
    }
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
    expect(commands('production.deploy')).toBe(2);
  });

  test('is gone on without, and production has to go back while what is left of it is ended: it goes back', async () => {
    const what = 'production.restart';
    await begin({
      plan: { maintenance: false, restart: true },
      failing: [{ what, how: 'unknown' }],
      slow: { [what]: 5 * MINUTE },
      troubles: [{ watch: 'guard', tick: 8, metric: 'errors', says: 'breach', lasts: 1 }],
    });
    await played.goOnUntil(asks(what));
    played.send('skip', { ...diego, subject: what });
    await played.idleUntil(() => played.world.alarmed.size > 0);
    const { outcome, rollback } = await played.toItsEnd();
    expect(outcome).toBe('rolled-back');
    expect(rollback?.trigger).toMatchObject({ kind: 'criterion', criterion: 'rollback-errors' });
  });

  test('is gone on without by somebody, and another one aborts while what is left of it is ended', async () => {
    const what = 'production.deploy';
    await begin({ failing: [{ what, how: 'unknown' }], slow: { [what]: 5 * MINUTE } });
    await played.goOnUntil(asks(what));
    played.send('skip', { ...diego, subject: what });
    await played.idleUntil(() => played.temporal.inFlight.some(({ activity }) => activity === 'endCommands'));
    played.send('abort', diego);
    expect((await played.toItsEnd()).outcome).toBe('rolled-back');
  });

  test('was to turn maintenance mode off, and somebody has seen that it did: production is guarded again', async () => {
    const what = 'production.maintenance-off';
    await begin({ failing: [{ what, how: 'unknown' }] });
    await played.goOnUntil(asks(what));
    played.send('confirm', { ...diego, subject: what });
    const guards = () => played.temporal.executions.filter(({ workflowId }) => isGuard(workflowId));
    await played.idleUntil(() => guards().length > 0);
    expect((await played.ledger()).production.maintenance).toBe(false);
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
  });

  test('may have left maintenance mode on, and somebody went on to the watches: production is guarded between them, too', async () => {
    const what = 'production.maintenance-off';
    const review = 'watch.database';
    await begin({
      failing: [
        { what, how: 'unknown' },
        { what: review, how: 'facts' },
      ],
    });
    await played.goOnUntil(asks(what));
    played.send('skip', { ...diego, subject: what });
    await played.goOnUntil(asks(review));
    await played.idleUntil(() => played.temporal.executions.some(({ workflowId }) => isGuard(workflowId)));
    expect((await played.ledger()).production.maintenance).toBe(true);
  });

  test('of a rollback: maintenance mode waits for an answer as well', async () => {
    await begin({
      plan: { maintenance: false },
      failing: [
        { what: 'production.smoke', how: 'facts' },
        { what: 'rollback-full.deploy', how: 'unknown' },
      ],
    });
    await played.goOnUntil(asks('rollback'));
    expect(commands('rollback.maintenance-on')).toBe(0);
    played.send('retry', { ...diego, subject: 'rollback' });
    expect((await played.toItsEnd()).outcome).toBe('rolled-back');
    expect(commands('rollback.maintenance-on')).toBe(1);
  });
});

test('maintenance mode that may have come on, left as it is by somebody at an abort: the end says so', async () => {
  await begin({ failing: [{ what: 'production.maintenance-on', how: 'unknown' }], stubborn: 1 });
  await played.goOnUntil(asks('production.maintenance-on'));
  played.send('abort', { ...diego, subject: 'production.maintenance-on' });
  await played.goOnUntil(
    (ledger) => ledger.ending !== undefined && ledger.questions.some(({ moves }) => moves.join() === 'confirm,skip'),
  );
  played.send('skip', { ...diego, subject: 'production.maintenance-on' });
  const { outcome, untold } = await played.toItsEnd();
  expect({ outcome, untold }).toEqual({
    outcome: 'aborted',
    untold: [expect.stringMatching(/^maintenance mode may be on: it was left as it is .*diego\.alves/)],
  });
});

test('a backup that people choose at once is put in place while users are kept out', async () => {
  await begin({ blind: 'migration', troubles: [breach], plan: { maintenance: false } });
  await played.goOnUntil(asks('rollback'));
  played.send('rollback', { ...diego, subject: 'rollback', option: 'restore' });
  expect((await played.toItsEnd()).outcome).toBe('rolled-back');
  const begun = played.temporal.scheduled.map(({ input }) => (input as { key?: { step: string } } | null)?.key?.step);
  const at = (step: string) => begun.indexOf(step);
  expect(at('rollback.maintenance-first')).toBeGreaterThan(0);
  expect(at('rollback-restore.restore')).toBeGreaterThan(at('rollback.maintenance-first'));
  expect(played.world.production.maintenance).toBe(false);
});

test('maintenance mode that may have come on is turned off after the rollback', async () => {
  await begin({
    plan: { maintenance: false },
    failing: [
      { what: 'production.smoke', how: 'facts' },
      { what: 'rollback.maintenance-on', how: 'unknown' },
    ],
    failingRollbacks: 1,
  });
  await played.goOnUntil(asks('rollback'));
  played.send('retry', { ...diego, subject: 'rollback' });
  await played.goOnUntil(asks('rollback.maintenance-on'));
  played.send('skip', { ...diego, subject: 'rollback.maintenance-on' });
  expect((await played.toItsEnd()).outcome).toBe('rolled-back');
  expect(played.world.production.maintenance).toBe(false);
});

test('a command that the runner could not begin is asked about, and no reason to roll production back', async () => {
  await begin({ failing: [{ what: 'production.migration', how: 'not begun' }] });
  const { questions } = await played.goOnUntil(asks('production.migration'));
  expect(questions).toMatchObject([{ kind: 'step-failed', moves: ['retry', 'skip', 'rollback', 'abort'] }]);
  played.send('retry', { ...diego, subject: 'production.migration' });
  expect((await played.toItsEnd()).outcome).toBe('succeeded');
});

test('a runner that cannot look what is left of a command has people asked again, and ends nothing else', async () => {
  const deploy = { what: 'production.deploy' } as const;
  await begin({
    failing: [
      { ...deploy, how: 'unknown' },
      { ...deploy, how: 'not begun' },
    ],
  });
  await played.goOnUntil(asks('production.deploy'));
  played.send('retry', { ...diego, subject: 'production.deploy' });
  const isAskedAgain = ({ questions }: Ledger) =>
    questions.some(({ text }) => text.includes('what is left is not known: its disk is full'));
  await played.goOnUntil(isAskedAgain);
  expect(commands('production.deploy')).toBe(1);
  played.send('retry', { ...diego, subject: 'production.deploy' });
  expect((await played.toItsEnd()).outcome).toBe('succeeded');
});

describe('a runner that is lost once users are on the new release', () => {
  const RUNNER = 'machine';
  const atGuard = { watch: 'guard', metric: 'errors', says: 'breach', lasts: 1 } as const;
  const guards = () => played.temporal.executions.filter(({ workflowId }) => isGuard(workflowId));
  const events = () => played.world.messages.map(({ event }) => event);
  const reached = (step: string) => () =>
    played.temporal.scheduled.some(({ input }) => (input as { key?: { step: string } } | null)?.key?.step === step);

  test('has production guarded while it is waited for: a breach is acted on at once where nothing has begun', async () => {
    // The guard that has stood until the first watch has ticks of its own.
    await begin({ troubles: [{ ...atGuard, tick: 4 }] });
    await played.goOnUntil(asks('communication'));
    played.send('confirm', { ...diego, subject: 'communication' });
    const lose = () => played.lost.add(RUNNER);
    await played.idleUntil(() => played.temporal.executions.some(({ workflowId }) => workflowId.endsWith('/watch-1h')));
    lose();
    const { questions } = await played.goOnUntil(asks('runner'));
    expect(questions[0]?.text).toContain('nothing of it has been done');
    expect(guards().map(({ state }) => state)).toEqual(['completed', 'running']);
    await played.idleUntil(() => events().includes('breach'));
    const { ending, questions: asked } = await played.goOnUntil((ledger) => ledger.ending !== undefined);
    // The way back needs the runner as well.
    expect({ ending, asked: asked.map(({ id }) => id) }).toEqual({ ending: expect.any(String), asked: ['runner'] });
    played.lost.delete(RUNNER);
    played.send('move', { ...diego, to: 'fedcba9876543210' });
    const { outcome, rollback } = await played.toItsEnd();
    expect({ outcome, trigger: rollback?.trigger }).toMatchObject({
      outcome: 'rolled-back',
      trigger: { kind: 'criterion', criterion: 'rollback-errors' },
    });
  });

  test('with a command that may be at work: people are told of a breach at once, and it is attended to first', async () => {
    await begin({ troubles: [{ ...atGuard, tick: 8 }], slow: { 'watch.report': 5 * MINUTE } });
    await played.goOnUntil(asks('communication'));
    played.send('confirm', { ...diego, subject: 'communication' });
    await played.idleUntil(reached('watch.report'));
    played.lost.add(RUNNER);
    await played.idleUntil(() => events().includes('breach'));
    expect((await played.ledger()).questions.map(({ id }) => id)).toEqual(['runner']);
    expect(played.rollbacks).toEqual([]);
    played.send('move', { ...diego, to: 'fedcba9876543210' });
    await played.idleUntil(() => events().includes('step-failed'));
    const { outcome } = await played.toItsEnd();
    expect(outcome).toBe('rolled-back');
  });

  test('and served again before anything is wrong: whoever has stood has a last look at the end', async () => {
    await begin();
    await played.goOnUntil(asks('communication'));
    played.send('confirm', { ...diego, subject: 'communication' });
    await played.idleUntil(() => played.temporal.executions.some(({ workflowId }) => workflowId.endsWith('/watch-1h')));
    played.lost.add(RUNNER);
    await played.goOnUntil(asks('runner'));
    played.lost.delete(RUNNER);
    played.send('move', { ...diego, to: 'fedcba9876543210' });
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
    expect(guards().map(({ state }) => state)).toEqual(['completed', 'completed']);
  });
});

describe('what waits for a runner that nobody serves, and has not begun there', () => {
  const RUNNER = 'machine';
  const DEPLOY = 'production.deploy';
  const WAITS = 'waits to begin there; nothing of it has been done';

  /** Until people have heard that it waits. */
  async function waits(step: string, ...parts: Parameters<typeof calm>): Promise<void> {
    await begin(...parts);
    played.missesRunner = step;
    await played.goOnUntil(asks('communication'));
    played.send('confirm', { ...diego, subject: 'communication' });
    const { questions } = await played.goOnUntil(asks('runner'));
    expect(questions[0]?.text).toContain(WAITS);
    expect(runs(step)).toBe(1);
  }

  /** How often it was to begin. */
  const runs = (step: string) =>
    played.temporal.scheduled.filter(
      ({ activity, input }) =>
        [...COMMANDS, 'checkProduction'].includes(activity) && (input as CommandCall).key?.step === step,
    ).length;
  const serve = () => played.serve(RUNNER);
  const users = { plan: { maintenance: false } };

  test.each<[string, Partial<PlanChoices>]>([
    ['production.backup', {}],
    ['production.maintenance-on', {}],
    [DEPLOY, { maintenance: false }],
    [DEPLOY, {}],
    ['production.migration', { maintenance: false, migratesFirst: true }],
  ])('%s (%o) begins by sign-offs of what is to be deployed then', async (step, plan) => {
    await waits(step, { plan });
    played.world.changeProof();
    serve();
    const { questions, approvals } = await played.goOnUntil(asks('sign-offs'));
    expect({ asked: questions.map(({ id }) => id), approvals, runs: runs(step) }).toEqual({
      ...{ asked: ['sign-offs'], approvals: [], runs: 1 },
    });
    const { outcome } = await played.toItsEnd();
    expect({ outcome, runs: runs(step) }).toEqual({ outcome: 'succeeded', runs: 2 });
  });

  test('ends as rejected where these are refused: production is as it was, and nothing of it is brought back', async () => {
    await waits(DEPLOY, users);
    played.world.changeProof();
    serve();
    await played.goOnUntil(asks('sign-offs'));
    played.send('reject', { ...diego, subject: 'sign-offs' });
    const { outcome, production } = await played.toItsEnd();
    expect({ outcome, production, runs: runs(DEPLOY), rollbacks: played.rollbacks.length }).toMatchObject({
      ...{ outcome: 'rejected', production: { codeDeployed: false }, runs: 1, rollbacks: 0 },
    });
  });

  test('is not begun once the release has moved', async () => {
    await waits(DEPLOY, users);
    played.world.moveTarget();
    serve();
    await played.goOnUntil(asks('proposal'));
    expect(runs(DEPLOY)).toBe(1);
    expect((await played.toItsEnd()).outcome).toBe('aborted');
  });

  test('waits for the next deploy window once that is closed, or for somebody who overrides it', async () => {
    await waits(DEPLOY, { plan: { maintenance: false, window: true } });
    played.world.closeWindow();
    serve();
    await played.goOnUntil(asks('production.window'));
    expect(runs(DEPLOY)).toBe(1);
    played.send('override', { ...diego, subject: 'production.window' });
    const { outcome } = await played.toItsEnd();
    expect({ outcome, runs: runs(DEPLOY) }).toEqual({ outcome: 'succeeded', runs: 2 });
  });

  test('waits for no window while users are kept out for it', async () => {
    await waits(DEPLOY, { plan: { window: true } });
    played.world.closeWindow();
    serve();
    await played.idleUntil(() => runs(DEPLOY) === 2);
    expect((await played.ledger()).questions).toEqual([]);
  });

  test('has people asked once somebody else has deployed to production', async () => {
    await waits(DEPLOY, users);
    played.world.production.version = 'v2.0.9';
    serve();
    await played.goOnUntil(asks('production.before'));
    expect(runs(DEPLOY)).toBe(1);
    played.send('abort', diego);
    const { outcome } = await played.toItsEnd();
    expect({ outcome, rollbacks: played.rollbacks.length }).toEqual({ outcome: 'aborted', rollbacks: 0 });
    expect(played.world.production.version).toBe('v2.0.9');
  });

  test('does not begin while somebody holds the deployment', async () => {
    await waits(DEPLOY, users);
    played.send('hold', diego);
    serve();
    const { questions } = await played.goOnUntil(({ held, questions }) => held !== undefined && questions.length === 0);
    expect({ questions, runs: runs(DEPLOY) }).toEqual({ questions: [], runs: 1 });
    played.world.changeProof();
    played.send('resume', diego);
    await played.goOnUntil(asks('sign-offs'));
    expect(runs(DEPLOY)).toBe(1);
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
  });

  test('begins nothing by a window that was open before production was looked at', async () => {
    await waits('production.before', { plan: { window: true } });
    played.world.closeWindow();
    serve();
    await played.goOnUntil(asks('production.window'));
    expect(runs('production.backup')).toBe(0);
    played.send('override', { ...diego, subject: 'production.window' });
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
  });

  test('is looked at once more where the look at production has waited as well', async () => {
    await waits(DEPLOY, { plan: { maintenance: false, window: true } });
    played.missesRunner = 'production.before';
    serve();
    await played.idleUntil(() => played.lost.size > 0);
    await played.goOnUntil(asks('runner'));
    played.world.closeWindow();
    serve();
    await played.goOnUntil(asks('production.window'));
    expect(runs(DEPLOY)).toBe(1);
    played.send('override', { ...diego, subject: 'production.window' });
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
  });

  test('is stopped with nothing to bring back', async () => {
    await waits(DEPLOY, users);
    played.send('abort', diego);
    const { outcome } = await played.toItsEnd();
    expect({ outcome, runs: runs(DEPLOY), rollbacks: played.rollbacks.length }).toEqual({
      ...{ outcome: 'aborted', runs: 1, rollbacks: 0 },
    });
  });

  test('is ended by a breach of a production that it has not changed', async () => {
    const trouble = { watch: 'guard', tick: 4, metric: 'errors', says: 'breach', lasts: 1 } as const;
    await waits(DEPLOY, { ...users, troubles: [trouble] });
    await played.idleUntil(() => !played.isRunning);
    const { outcome, reason } = await played.toItsEnd();
    expect({ outcome, reason, rollbacks: played.rollbacks.length }).toMatchObject({
      ...{ outcome: 'aborted', reason: expect.stringContaining('errors'), rollbacks: 0 },
    });
  });
});
