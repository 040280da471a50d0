/** Deployments that somebody ends in Temporal: what status says, what a start does, and who hears that nobody watches. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import type { Activities } from '../../src/contract/activities/activities.js';
import type { Clock } from '../../src/contract/activities/step.js';
import { type DeployInput, type DeployResult, startAttributes } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import { deployWorkflowId, GUARD, searchAttributes, TASK_QUEUE, watchWorkflowId } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import { sensibleAnswers } from '../../src/domain/decisions/stand-ins.js';
import type { Ledger, Question } from '../../src/domain/ledger/ledger.js';
import type { Message } from '../../src/domain/notifications/notifications.js';
import { projectFolder } from '../../src/local/folders.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { commandsAsk, surefoot } from '../client/command-line.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED, shippedText, write } from '../plan/plan-files.js';
import { simulatedActivities } from '../report/simulated.js';

// What is ended from outside is what these tests are about.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const temporal = workflowServer();
const shipped = loadWhole(SHIPPED);
let plan: ResolvedPlan;
/** Waits before the first activity of a step comes back. */
let before: (step: string) => Promise<void>;
/** Facts that do not hold, the first time. */
const failing = new Set<string>();
let clockFails = false;
const told: Message[] = [];
let answered = async (_: Question) => {};

const admission = createAdmissionActivities({ runner: TASK_QUEUE, allowVirtualTime: true });

/** Production is as it was before any deployment. */
const newWorld = () =>
  simulatedActivities(plan, {
    failing,
    before: (step) => before(step),
    answer: (question) => answered(question),
  });
let world: Activities;

beforeAll(async () => {
  const pager = { id: 'pager', kind: 'pagerduty', address: 'https://events.pagerduty.com', key: 'env:NONE' };
  const short = (watch: Watch): Watch => ({
    ...watch,
    ...{ duration: 600_000, tick: 60_000, trends: [] },
    criteria: watch.criteria.map((criterion) => ({ ...criterion, minimumSamples: 1 })),
  });
  plan = {
    ...shipped,
    evidence: join(temporal.folder, 'evidence'),
    notifications: { ...shipped.notifications, channels: [pager], events: { 'rollback-failed': ['pager'] } },
    soak: short(shipped.soak),
    watches: shipped.watches.map(short),
  };
  world = newWorld();
  const simulated = Object.fromEntries(
    Object.keys(world).map((name) => [name, (asked: never) => world[name as keyof Activities](asked)]),
  );
  const activities = {
    ...simulated,
    ...admission,
    checkClock: async () => {
      if (clockFails) throw ApplicationFailure.nonRetryable('Refused: the clock ran ahead', 'Refused');
    },
    tell: async (asked: Parameters<Activities['tell']>[0]) => {
      told.push(...asked.messages);
      return world.tell(asked);
    },
  };
  await temporal.work({
    taskQueue: TASK_QUEUE,
    workflowBundle: { codePath: join(projectFolder(), 'dist', 'workflow-bundle.js') },
    activities,
  });
  await temporal.work({
    taskQueue: 'from-production',
    workflowsPath: fileURLToPath(new URL('./from-production.ts', import.meta.url)),
    activities,
  });
}, 120_000);

commandsAsk(temporal);
beforeEach(() => {
  world = newWorld();
  before = async () => {};
  answered = async () => {};
});

let count = 0;

/** A deployment of a service that has had none before. */
function inputOf(clock: Clock, changes: Partial<ResolvedPlan> = {}, service = `shop-${++count}`): DeployInput {
  const changed = { ...plan, service, ...changes };
  const deployment = `${service}-20251124-1200${String(++count).padStart(2, '0')}-ab12`;
  return { deployment, plan: changed, digest: digestOf(changed), startedBy: 'isabel.reis', clock };
}

/** By its own means, as anybody can who may use Temporal. */
function begin(input: DeployInput, more: { taskQueue?: string; args?: object } = {}): Promise<WorkflowHandle> {
  const client = input.clock === 'virtual' ? temporal.virtual : temporal.client;
  return client.workflow.start('DeployWorkflow', {
    taskQueue: more.taskQueue ?? TASK_QUEUE,
    workflowId: deployWorkflowId(input.plan.service),
    args: [{ ...input, ...more.args }],
    memo: { deployment: input.deployment },
    typedSearchAttributes: startAttributes(input),
  });
}

const ledgerWhen = (handle: WorkflowHandle, holds: (ledger: Ledger) => boolean): Promise<Ledger> =>
  vi.waitUntil(
    async () => {
      const ledger = await handle.query(statusQuery);
      return holds(ledger) && ledger;
    },
    { timeout: 90_000, interval: 100 },
  ) as Promise<Ledger>;

interface Ended {
  handle: WorkflowHandle;
  input: DeployInput;
  /** Lets the step go on at which it was ended. */
  release: () => void;
}

/** Ended while this step of it goes on: in virtual time, people say what sensible people would. */
async function endedAt(step: string, service?: string, clock: Clock = 'virtual'): Promise<Ended> {
  const input = inputOf(clock, {}, service);
  let handle: WorkflowHandle;
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  answered = async (question) => {
    for (const decision of sensibleAnswers(plan.approvals, question, 'test'))
      await handle.executeUpdate(decideUpdate, { args: [decision] }).catch(() => undefined);
  };
  const reached = new Promise<void>((resolve) => {
    before = (id) => {
      if (id !== step) return Promise.resolve();
      resolve();
      return held;
    };
  });
  handle = await begin(input);
  await reached;
  await handle.terminate('by mistake');
  return { handle, input, release };
}

const toldOf = ({ deployment }: DeployInput) => told.filter(({ about }) => about.deployment === deployment);
/** Its evidence is kept beside it. */
const startShipped = (...more: string[]) =>
  surefoot('start', write('shipped.yaml', shippedText), '--as', 'ana.souza', ...more);

describe('ended while production was migrated', () => {
  let ended: Ended;
  let name: string;
  beforeAll(async () => {
    before = async () => {};
    ended = await endedAt('production.migration', 'eduautismo');
    name = ended.input.deployment;
    ended.release();
  }, 120_000);

  test('status says so first, with what production was left in and what to type, and its exit code is 1', async () => {
    const { code, out } = await surefoot('status', name);
    expect(code).toBe(1);
    const lines = out.split('\n').map((line) => line.trim());
    const at = (text: string) => lines.findIndex((line) => line.startsWith(text));
    const inOrder = [
      'Ended from outside: terminated: by mistake',
      `${plan.release.target} was deployed to production`,
      'its database was migrated, or was about to be: how that ended is not known',
      'maintenance mode was turned on, and nothing turns it off',
      `surefoot start PLAN --after ${name} --why`,
      '✓ staging',
    ].map(at);
    expect(inOrder).not.toContain(-1);
    expect(inOrder).toEqual([...inOrder].sort((a, b) => a - b));
    expect(out).not.toContain('nobody has to do anything');
    const document = JSON.parse((await surefoot('status', name, '--json')).out);
    expect(document).toMatchObject({
      running: false,
      endedFromOutside: {
        how: 'terminated: by mistake',
        left: [expect.any(String), expect.any(String), expect.any(String)],
      },
    });
  });

  test('nothing starts over it unasked: exit code 2, what was left, and how to go on', async () => {
    const { code, out, err } = await startShipped();
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(`${name} was ended from outside (terminated), and production is as it was left:`);
    expect(err).toContain('its database was migrated, or was about to be');
    expect(err).toContain(`--after ${name} --why "what you saw"`);
    expect((await temporal.client.workflow.getHandle(deployWorkflowId('eduautismo')).describe()).runId).toBe(
      (await ended.handle.describe()).runId,
    );
  });

  test.each([
    ['another run', ['--after', 'eduautismo-20250101-000000-ffff', '--why', 'looked'], 'this is to start after'],
    ['no reason', ['--after', 'X'], '--after and --why belong together'],
    ['a reason for nothing', ['--why', 'X'], '--after and --why belong together'],
  ])('nor with %s', async (_, options, said) => {
    expect(await startShipped(...options)).toMatchObject({ code: 2, err: expect.stringContaining(said) });
  });

  test('nor by other means than the CLI: the worker does not admit it', async () => {
    const handle = await begin(inputOf('real', {}, 'eduautismo'));
    const result = (await handle.result()) as DeployResult;
    expect(result).toMatchObject({ outcome: 'aborted', steps: [] });
    expect(result.reason).toContain(`Refused: ${name} was ended from outside (terminated)`);
  }, 60_000);

  test('one that has not touched production since changes nothing about that; somebody who has looked starts over it', async () => {
    expect((await startShipped()).err).toContain(`${name} was ended from outside`);
    const why = 'both downgraded by hand, v1.2.3 answers';
    const said = await startShipped('--after', name, '--why', why, '--json');
    expect(said, said.err).toMatchObject({ code: 0 });
    const handle = temporal.client.workflow.getHandle(deployWorkflowId('eduautismo'));
    const ledger = await ledgerWhen(handle, ({ runner, outcome }) => runner !== undefined || outcome !== undefined);
    expect(ledger).toMatchObject({ after: { run: name, why }, runner: TASK_QUEUE });
    expect((await surefoot('status')).out).toContain(`after ${name}, which was ended from outside: ${why}`);
    await handle.terminate('the test has seen it');
  }, 60_000);
});

test('a rollback outlives its deployment: status says that it goes on, and nothing starts beside it', async () => {
  failing.add('production.health/status');
  const { input, release } = await endedAt('rollback-code.deploy');
  const { deployment, plan: own } = input;
  const status = await surefoot('status', deployment);
  expect(status).toMatchObject({ code: 1, out: expect.stringContaining('its rollback (code) goes on by itself') });
  expect(status.out).toContain(`surefoot status ${deployment}   # until its rollback has ended`);
  const again = async () => {
    const started = await begin(inputOf('real', {}, own.service), {
      args: { after: { run: deployment, why: 'looked' } },
    });
    return (await started.result()) as DeployResult;
  };
  const refused = await again();
  expect(refused.outcome).toBe('aborted');
  expect(refused.reason).toContain(`production is still being rolled back (${deployment}/rollback-code)`);

  const rollback = temporal.client.workflow.getHandle(`${deployment}/rollback-code`);
  expect((await rollback.describe()).typedSearchAttributes.get(searchAttributes.service)).toBe(own.service);
  release();
  await rollback.result();
  expect((await surefoot('status', deployment)).out).toContain('it was rolled back (code), proven on production');
}, 120_000);

describe('while production is watched', () => {
  /** One watch in real time, of a second each tick. */
  async function watched({
    lasts = 3_600_000,
  } = {}): Promise<{ handle: WorkflowHandle; input: DeployInput; watch: WorkflowHandle }> {
    const [first] = plan.watches;
    if (!first) throw new Error('the plan watches nothing');
    const watches = [{ ...first, duration: lasts, tick: 1_000 }];
    const approvals = { ...plan.approvals, roles: [] };
    const windows = undefined;
    const input = inputOf('real', { watches, approvals, windows, environments: { ...plan.environments } });
    const eligibility = { migration: true, code: true, reasons: [], wentBackTo: '8c1f0a2d4b6e' };
    const args = { eligibility, commit: 'c'.repeat(40) };
    const handle = await begin(input, { taskQueue: 'from-production', args });
    await ledgerWhen(handle, ({ monitors }) => monitors.length > 0);
    const workflowId = watchWorkflowId(input.deployment, first.id, 1);
    const watch = temporal.client.workflow.getHandle(workflowId);
    await vi.waitUntil(() => watch.describe().catch(() => undefined), { timeout: 20_000, interval: 100 });
    return { handle, input, watch };
  }

  test('its watch is found by service and deployment', async () => {
    const { handle, input, watch } = await watched();
    const { typedSearchAttributes: attributes } = await watch.describe();
    expect(attributes.get(searchAttributes.service)).toBe(input.plan.service);
    expect(attributes.get(searchAttributes.deployment)).toBe(input.deployment);
    await handle.terminate('the test has seen it');
  }, 120_000);

  test('a deployment that is terminated is noticed by its watch, which has people called', async () => {
    const { handle, watch, input } = await watched();
    await handle.terminate('by mistake');
    await vi.waitUntil(async () => (await watch.describe()).status.name === 'CANCELLED', {
      timeout: 30_000,
      interval: 100,
    });
    const calls = toldOf(input);
    expect(calls).toMatchObject([
      {
        event: 'unwatched',
        channel: { id: 'pager' },
        alert: { action: 'trigger', severity: 'critical', key: 'incident' },
        text: expect.stringMatching(/nothing watches production any more.*\(terminated\)$/),
      },
    ]);
    expect(calls[0]?.text).toContain(`surefoot status ${input.deployment}`);
  }, 120_000);

  test('nor is it missed by a watch that is coming to its end at that moment', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    world.sealSeries = async ({ monitor }) => {
      if (monitor !== GUARD) await released;
      return [];
    };
    const { handle, watch, input } = await watched({ lasts: 1_000 });
    const has = async (event: string) => JSON.stringify(await watch.fetchHistory()).includes(`"${event}":{`);
    await vi.waitUntil(() => has('activityTaskScheduledEventAttributes'), { timeout: 30_000, interval: 100 });
    await handle.terminate('by mistake');
    await vi.waitUntil(() => has('workflowExecutionCancelRequestedEventAttributes'), {
      timeout: 30_000,
      interval: 100,
    });
    release();
    await vi.waitUntil(async () => (await watch.describe()).status.name !== 'RUNNING', {
      timeout: 30_000,
      interval: 100,
    });
    expect(toldOf(input)).toMatchObject([{ event: 'unwatched', channel: { id: 'pager' } }]);
  }, 120_000);

  test('one that is reset in a watch is held there, goes on with that watch, and hears how it ends', async () => {
    const { handle, watch, input } = await watched({ lasts: 8_000 });
    const { runId } = await handle.describe();
    // Its beginning stands in the deployment's own history.
    await vi.waitUntil(async () => isKnown(await handle.fetchHistory()), { timeout: 20_000, interval: 50 });
    const again = await reset(handle, -1);
    const { held, monitors } = await ledgerWhen(again, (ledger) => ledger.held !== undefined);
    expect(held).toMatchObject({ who: 'Temporal', why: resetText(runId) });
    expect(monitors.map(({ workflowId }) => workflowId)).toContain(watch.workflowId);
    await ledgerWhen(again, ({ steps }) =>
      steps.some(({ id, state }) => id.startsWith('watch-') && state === 'passed'),
    );
    const { outcome, reset: open } = await again.query(statusQuery);
    expect({ outcome, open }).toMatchObject({ outcome: undefined, open: { text: resetText(runId) } });
    expect(toldOf(input).map(({ event }) => event)).toEqual([]);
    await again.executeUpdate(decideUpdate, {
      args: [{ kind: 'resume', who: 'diego.alves', role: 'devops', subject: 'hold' }],
    });
    expect(await again.result()).toMatchObject({ outcome: 'succeeded' });
  }, 120_000);

  test('one that has ended and is reset into its watch is held, although it hears at once how that ended', async () => {
    const { handle, input } = await watched({ lasts: 1_000 });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    const { events = [] } = await handle.fetchHistory();
    const begun = events?.findLastIndex((event) => event.startChildWorkflowExecutionInitiatedEventAttributes) ?? 0;
    const before = events?.slice(0, begun).filter((event) => event.workflowTaskCompletedEventAttributes).length ?? 0;
    const again = await reset(handle, before);
    const ledger = await ledgerWhen(again, ({ steps }) =>
      steps.some(({ id, state }) => id === 'watch-5m' && state === 'passed'),
    );
    expect(ledger).toMatchObject({ held: { who: 'Temporal' } });
    // Whoever stops it there has not said what is to become of production.
    await again.executeUpdate(decideUpdate, {
      args: [{ kind: 'abort', who: 'diego.alves', role: 'devops', why: 'it was reset by mistake' }],
    });
    const { questions } = await ledgerWhen(again, ({ questions: open }) => open.length > 0);
    expect(questions).toMatchObject([{ id: 'reset', kind: 'outcome-unknown', moves: ['confirm', 'skip'] }]);
    await again.executeUpdate(decideUpdate, {
      args: [{ kind: 'skip', who: 'diego.alves', role: 'devops', subject: 'reset', why: 'all is well as it is' }],
    });
    const ended = (await again.result()) as DeployResult;
    expect(ended).toMatchObject({ outcome: 'rollback-failed', production: { maintenance: false } });
    expect(ended.reason).toContain('left to diego.alves: all is well as it is');
    expect(ended.rollback).toBeUndefined();
    expect(input.deployment).toBe(ended.deployment);
  }, 120_000);

  test('a watch that somebody cancels in Temporal is a step that failed, no cancel of the deployment', async () => {
    const { handle, watch, input } = await watched();
    await watch.cancel();
    const ledger = await ledgerWhen(handle, ({ questions, outcome }) => questions.length > 0 || outcome !== undefined);
    expect(ledger.outcome).toBeUndefined();
    expect(ledger.steps.at(-1)).toMatchObject({
      state: 'failed',
      reason: 'it was cancelled in Temporal by somebody, and its deployment was not',
    });
    expect(toldOf(input)).toEqual([]);
    await handle.terminate('the test has seen it');
  }, 120_000);
});

/** The last child that was begun is known to have begun. */
function isKnown({ events }: History): boolean {
  const begun = events?.findLastIndex((event) => event.childWorkflowExecutionStartedEventAttributes) ?? 0;
  return events?.slice(begun).some((event) => event.workflowTaskCompletedEventAttributes) ?? false;
}

/** @param task to the end of which it is reset: its first one when not said. @returns the run that goes on */
async function reset(handle: WorkflowHandle, task = 0): Promise<WorkflowHandle> {
  const { events } = await handle.fetchHistory();
  const first = events?.filter((event) => event.workflowTaskCompletedEventAttributes).at(task);
  const { workflowId, runId } = await handle.describe();
  const { runId: again } = await temporal.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId, runId },
    workflowTaskFinishEventId: first?.eventId,
    reason: 'to try once more',
    requestId: `reset-${runId}`,
  });
  return temporal.client.workflow.getHandle(workflowId, again);
}

const resetText = (run: string) =>
  `this deployment was reset in Temporal: what run ${run}, or one since, did to staging and production after this point is not known to it`;

test('one that is reset before production is held there: people are asked, and told what it does not know', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    before = async (id) => {
      if (id !== 'production.backup') return;
      resolve();
      await held;
    };
  });
  const eligibility = { migration: true, code: true, reasons: [] };
  const input = inputOf('real', { approvals: { ...plan.approvals, roles: [] }, windows: undefined });
  const args = { eligibility, commit: 'c'.repeat(40) };
  const handle = await begin(input, { taskQueue: 'from-production', args });
  await reached;
  const { runId } = await handle.describe();
  const again = await reset(handle, 1);
  release();
  const { held: hold, steps, production } = await ledgerWhen(again, (ledger) => ledger.held !== undefined);
  expect(hold).toMatchObject({ who: 'Temporal', why: resetText(runId) });
  expect(steps.map(({ id }) => id)).not.toContain('production.backup');
  expect(production.codeDeployed).toBe(false);
  const said = await surefoot('status', input.deployment);
  expect(said.out).toContain(`held by Temporal: ${resetText(runId)}. Look at production first`);
  const resume = { kind: 'resume' as const, who: 'diego.alves', role: 'devops', subject: 'hold' };
  await again.executeUpdate(decideUpdate, { args: [resume] });
  const { reset: looked } = await ledgerWhen(again, (ledger) => ledger.production.codeDeployed);
  expect(looked?.answer).toMatchObject({ who: 'diego.alves' });
  await again.terminate('the test has seen it');
}, 120_000);

test('one that is reset to its beginning is not admitted: what its first run has done is known to nobody', async () => {
  const { handle, input, release } = await endedAt('prerequisites.tools', undefined, 'real');
  release();
  const again = (await (await reset(handle)).result()) as DeployResult;
  expect(again).toMatchObject({ outcome: 'aborted', production: { codeDeployed: false } });
  expect(again.reason).toContain(`Refused: ${input.deployment} was ended from outside (terminated)`);
}, 120_000);

test('a read before production that fails asks people, and goes on where it was', async () => {
  const [first] = plan.watches;
  const watches = first ? [{ ...first, duration: 2_000, tick: 1_000, criteria: [] }] : [];
  const approvals = { ...plan.approvals, roles: [] };
  const input = inputOf('real', { watches, approvals, windows: undefined });
  const args = { eligibility: { migration: true, code: true, reasons: [] }, commit: 'c'.repeat(40) };
  clockFails = true;
  const handle = await begin(input, { taskQueue: 'from-production', args });
  const { questions } = await ledgerWhen(handle, ({ questions: open }) => open.length > 0);
  expect(questions).toMatchObject([
    { id: 'production.clock', text: 'Refused: the clock ran ahead', moves: ['retry', 'abort'] },
  ]);
  clockFails = false;
  const said = { kind: 'retry' as const, who: 'diego.alves', role: 'devops', subject: 'production.clock' };
  await handle.executeUpdate(decideUpdate, { args: [said] });
  await ledgerWhen(handle, ({ production }) => production.codeDeployed);
  await handle.terminate('the test has seen it');
}, 120_000);
