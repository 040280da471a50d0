/** Environments with a runner of their own: what is done where, in whole deployments. */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { runnerQueue } from '../../src/contract/names.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { PlayedDeployment } from './deployment.js';
import { calm } from './scenario.js';
import type { ActivityCall } from './temporal.js';
import { compileWorkflows, type Workflows } from './workflow-run.js';

let workflows: Workflows;
let played: PlayedDeployment;

beforeAll(async () => {
  workflows = await compileWorkflows();
});
afterEach(() => played.temporal.end());

const [STAGING = '', PRODUCTION = '', SPARE = ''] = ['a', 'b', 'c'].map((letter) => letter.repeat(16));
const own = (...named: string[]) => ({ queue: runnerQueue(named[0] ?? ''), named });
const breach = { watch: 'watch-5m', tick: 2, metric: 'errors', says: 'breach', lasts: 1 } as const;
const BOTH = { staging: own(STAGING), production: own(PRODUCTION, SPARE) };
const diego = { who: 'diego.alves', role: 'devops', why: 'the machine is gone' };

async function begin(runners: Ledger['runners'], ...parts: Parameters<typeof calm>): Promise<void> {
  played = new PlayedDeployment(workflows, calm(...parts));
  played.world.runners = runners;
  await played.start();
}

/** The environment that something is done for. */
function environmentOf({ input }: ActivityCall): string | undefined {
  const { environment } = (input ?? {}) as { environment?: string | { name: string } };
  return typeof environment === 'string' ? environment : environment?.name;
}

/** Where each is done. */
const queuesOf = (environment: string) => [
  ...new Set(played.temporal.scheduled.filter((call) => environmentOf(call) === environment).map(({ queue }) => queue)),
];

/** What is about no environment, whoever does it. */
const SHARED = [
  ...['admit', 'checkClock', 'nextOpening', 'checkRepository', 'sealProposal', 'verifySignature'],
  ...['stateOfRun', 'sealSeries', 'assessTrends', 'tell', 'sendNotices', 'archiveDeployment'],
];
const isAnybodys = ({ queue }: ActivityCall) => queue === undefined || queue === 'test';
const doneByAnybody = () => [...new Set(played.temporal.scheduled.filter(isAnybodys).map(({ activity }) => activity))];

const isSample = ({ activity }: ActivityCall) => activity === 'sampleMetrics';
const isSampled = (watch: string) => () =>
  played.temporal.scheduled.some((call) => isSample(call) && (call.input as { monitor: string }).monitor === watch);
const isRunnerAsked = ({ questions }: Ledger) =>
  questions.some(({ kind, answer }) => !answer && kind === 'runner-not-served');
const hasScheduled = (step: string) => () =>
  played.temporal.scheduled.some(({ input }) => (input as { key?: { step: string } } | null)?.key?.step === step);

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) {
    expect(played.isRunning).toBe(true);
    await played.goOn(1);
  }
}

/** What was said has been looked at. */
async function settled(): Promise<void> {
  await played.temporal.step();
  while ((await played.ledger()).claims.length > 0) await played.temporal.step();
}

describe('everything that is about an environment is done on its own runner, and on no other:', () => {
  test('on the way forward, watches included', async () => {
    await begin(BOTH, { plan: { restart: true, loadTest: true, maintenance: true } });
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
    expect(queuesOf('staging')).toEqual([runnerQueue(STAGING)]);
    expect(queuesOf('production')).toEqual([runnerQueue(PRODUCTION)]);
    expect(doneByAnybody().filter((activity) => !SHARED.includes(activity))).toEqual([]);
  });

  test('on the way back', async () => {
    await begin(BOTH, { troubles: [breach] });
    expect((await played.toItsEnd()).outcome).toBe('rolled-back');
    expect(played.temporal.scheduled.some(({ workflowId }) => workflowId.includes('/rollback-'))).toBe(true);
    expect(queuesOf('production')).toEqual([runnerQueue(PRODUCTION)]);
    expect(doneByAnybody().filter((activity) => !SHARED.includes(activity))).toEqual([]);
  });

  test('where only production has one, staging’s is that of the admission', async () => {
    await begin({ production: own(PRODUCTION) });
    expect((await played.toItsEnd()).outcome).toBe('succeeded');
    expect(queuesOf('production')).toEqual([runnerQueue(PRODUCTION)]);
    expect(queuesOf('staging').filter((queue) => queue === runnerQueue(PRODUCTION))).toEqual([]);
    expect(queuesOf('staging')).toContain('machine');
  });
});

describe('a runner of production that nobody serves any more', () => {
  test('is asked about by its name, and commands go on where the policy lets them', async () => {
    await begin(BOTH);
    await until(hasScheduled('staging.health'));
    played.lost.add(runnerQueue(PRODUCTION));
    const { questions } = await played.goOnUntil(isRunnerAsked);
    const [question] = questions.filter(({ kind }) => kind === 'runner-not-served');
    expect(question).toMatchObject({
      id: `runner-${PRODUCTION}`,
      title: `Nobody serves runner ${PRODUCTION}, which runs the commands of production`,
    });
    expect(question?.text).toContain(`(of those that the policy names for production: ${SPARE})`);

    played.send('move', { ...diego, to: STAGING });
    await settled();
    played.send('move', { ...diego, to: '0'.repeat(16) });
    await settled();
    played.send('move', { ...diego, to: SPARE });
    await settled();
    const { outcome, runners, decisions } = await played.toItsEnd();
    expect(outcome).toBe('succeeded');
    expect(runners).toEqual({ ...BOTH, production: { ...BOTH.production, queue: runnerQueue(SPARE) } });
    expect(queuesOf('staging')).toEqual([runnerQueue(STAGING)]);
    expect(decisions.filter(({ kind }) => kind === 'move').map(({ reason }) => reason)).toEqual([
      `its commands of staging run on runner ${STAGING} already, and it may run no others`,
      expect.stringContaining(
        `none of those that the policy names (staging: ${STAGING}; production: ${PRODUCTION}, ${SPARE})`,
      ),
      `its commands of production run on runner ${SPARE} from now on`,
    ]);
  });

  test('is waited for by a rollback, which hears where production’s commands were moved to', async () => {
    await begin(BOTH, { troubles: [breach] });
    await until(() => played.rollbacks.length > 0);
    played.lost.add(runnerQueue(PRODUCTION));
    await played.goOnUntil(isRunnerAsked);
    const before = played.temporal.scheduled.length;
    played.send('move', { ...diego, to: SPARE });
    expect((await played.toItsEnd()).outcome).toBe('rolled-back');
    const since = played.temporal.scheduled.slice(before).filter((call) => environmentOf(call) === 'production');
    const ofRollback = since.filter(({ workflowId }) => workflowId.includes('/rollback-'));
    expect(new Set(ofRollback.map(({ queue }) => queue))).toEqual(new Set([runnerQueue(SPARE)]));
  });

  test('leaves staging’s to its own: nobody is asked about that one', async () => {
    await begin(BOTH);
    await until(hasScheduled('staging.backup'));
    played.lost.add(runnerQueue(PRODUCTION));
    const { questions } = await played.goOnUntil(isRunnerAsked);
    expect(questions.filter(({ kind }) => kind === 'runner-not-served').map(({ id }) => id)).toEqual([
      `runner-${PRODUCTION}`,
    ]);
  });

  test('is not missed by a watch, but for what takes its commands: others see the rest', async () => {
    await begin(BOTH);
    await until(isSampled('watch-5m'));
    played.lost.add(runnerQueue(PRODUCTION));
    await played.goOnUntil(isRunnerAsked);
    const after = played.temporal.scheduled.slice(-1_000).filter(isSample);
    expect(after.some(isAnybodys)).toBe(true);
    expect(played.rollbacks).toEqual([]);
  });
});

test('a watch hears of a move, and has its samples taken there from then on', async () => {
  await begin(BOTH);
  await until(() =>
    played.temporal.scheduled.some(({ input }) => (input as { monitor?: string })?.monitor === 'watch-5m'),
  );
  played.send('move', { ...diego, to: SPARE });
  expect((await played.toItsEnd()).outcome).toBe('succeeded');
  const sampled = played.temporal.scheduled.filter(
    (call) => isSample(call) && (call.input as { monitor: string }).monitor === 'watch-5m',
  );
  expect(sampled.at(-1)?.queue).toBe(runnerQueue(SPARE));
});

test('what is left of a command is ended on the runner of its environment', async () => {
  await begin(BOTH, { failing: [{ what: 'staging.deploy', how: 'unknown' }] });
  await played.goOnUntil(({ questions }) => questions.some(({ id }) => id === 'staging.deploy'));
  played.send('retry', { ...diego, subject: 'staging.deploy' });
  await until(() => played.temporal.scheduled.some(({ activity }) => activity === 'endCommands'));
  const [ending] = played.temporal.scheduled.filter(({ activity }) => activity === 'endCommands');
  expect(ending?.queue).toBe(runnerQueue(STAGING));
});
