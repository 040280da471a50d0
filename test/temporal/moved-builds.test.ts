/** Deployments that are given to another build, on a real server: to the one that this checkout is. */
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { DeployResult } from '../../src/contract/deployment.js';
import { decideUpdate, decisionSignals, statusQuery } from '../../src/contract/messages.js';
import { rollbackWorkflowId, runnerQueue, TASK_QUEUE } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { sensibleAnswers } from '../../src/domain/decisions/stand-ins.js';
import { ownBuild } from '../../src/local/release.js';
import { openPartsOf, pinTo, type RunningWorkflow, runningOn } from '../../src/temporal/builds.js';
import type { Connected } from '../../src/temporal/connection.js';
import { queueServices } from '../../src/temporal/queue-service.js';
import { commandsAsk, surefoot } from '../client/command-line.js';
import { begin, bundleOfAnother, newWorld, RUNNER, type World, workOn } from '../helpers/builds.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

// Workers that go away are what these tests are about.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const temporal = workflowServer();
const own = ownBuild();
const BY = ['--as', 'diego.alves', '--role', 'devops', '--why', 'the old machine goes'];
let plan: ResolvedPlan;
let world: World;

beforeAll(() => {
  const shipped = loadWhole(SHIPPED);
  // Real time: the soak takes a sample a second, for as long as the test looks.
  const soak = shipped.soak && { ...shipped.soak, tick: 1_000 };
  plan = { ...shipped, soak, evidence: join(temporal.folder, 'evidence') };
});

commandsAsk(temporal);
beforeEach(() => {
  world = newWorld(plan);
});

const server = () => ({ connection: temporal.client.connection, namespace: 'default' });
const happens = (what: () => unknown) => vi.waitUntil(what, { timeout: 60_000, interval: 100 });
const samplesBy = (build: string) =>
  world.done.filter((done) => done.activity === 'sampleMetrics' && done.build === build).length;
const moveTo = (build: string, deployment: string, ...more: string[]) =>
  surefoot('move', deployment, '--to-build', build, ...BY, ...more);

/** Until the server has heard of workers of a build: on the queue that all share, and on a runner's. */
const served = (build: string, ...runners: string[]) =>
  happens(async () => {
    const services = await queueServices(server() as Connected, runners, { build });
    return services.every(({ state }) => state === 'served');
  });

async function buildOf(workflowId: string): Promise<string | undefined> {
  const { raw } = await temporal.client.workflow.getHandle(workflowId).describe();
  const { versioningOverride, deploymentVersion } = raw.workflowExecutionInfo?.versioningInfo ?? {};
  return (versioningOverride?.pinned?.version ?? deploymentVersion)?.buildId ?? undefined;
}

/** In real time nobody answers by himself: what is asked is answered until the soak takes its samples. */
async function untilSoaking(handle: WorkflowHandle, build: string): Promise<void> {
  await happens(async () => {
    const { questions } = await handle.query(statusQuery);
    for (const decision of questions.flatMap((question) => sensibleAnswers(plan.approvals, question, 'test')))
      await handle.executeUpdate(decideUpdate, { args: [decision] });
    return samplesBy(build) > 1;
  });
}

/** The first question of all; before that another build has no handlers yet. */
const isAsked = (handle: WorkflowHandle) =>
  happens(async () => (await handle.query(statusQuery).catch(() => undefined))?.questions.length);

async function eventsOf(handle: WorkflowHandle) {
  return (await handle.fetchHistory()).events ?? [];
}

test('moved to one whose code goes with it, it goes on there with its watch, and the old worker can be stopped', async () => {
  const stop = await workOn(temporal, world, { build: 'v1' });
  expect(await surefoot('release', 'v1')).toMatchObject({ code: 0 });
  const { handle, deployment } = await begin(temporal, plan, 'real');
  await untilSoaking(handle, 'v1');

  expect(await moveTo('v2', deployment)).toMatchObject({
    code: 2,
    err: expect.stringContaining(`This is build ${own}`),
  });
  expect(await moveTo(own, deployment, '--to', 'f'.repeat(16))).toMatchObject({ code: 2 });
  const unserved = await moveTo(own, deployment);
  expect(unserved).toMatchObject({
    code: 3,
    err: expect.stringContaining(`build ${own} has no worker on the task queue`),
  });
  const stopShared = await workOn(temporal, world, { build: own, queues: [TASK_QUEUE] });
  await served(own);
  const half = await moveTo(own, deployment);
  expect(half).toMatchObject({ code: 3, err: expect.stringContaining(`has not been served by build ${own}`) });
  expect(half.err).not.toContain('on the task queue surefoot;');
  await stopShared();
  const stopOwn = await workOn(temporal, world, { build: own });
  await served(own, RUNNER);
  expect((await moveTo(own, deployment, '--why', '')).err).toContain('say why it is moved');
  const stranger = await moveTo(own, deployment, '--as', 'eve');
  expect(stranger).toMatchObject({ code: 2, err: expect.stringContaining('eve is not on the plan') });
  expect(await buildOf(handle.workflowId)).toBe('v1');

  const moved = await moveTo(own, deployment, '--json');
  expect(moved.code, moved.err).toBe(0);
  expect(JSON.parse(moved.out)).toMatchObject({
    ...{ accepted: true, kind: 'move', who: 'diego.alves', build: own, deploymentId: deployment },
    ...{ reason: `build ${own} carries it out from now on`, moved: [handle.workflowId, `${deployment}/soak`] },
  });
  await stop();
  const before = samplesBy('v1');
  await happens(() => samplesBy(own) > 2);
  expect(samplesBy('v1')).toBe(before);
  expect((await surefoot('status', deployment)).out).toContain(`build ${own}`);
  // The server's list lags a little.
  await happens(async () => (await runningOn(server(), 'v1')).length === 0);
  const again = await moveTo(own, deployment);
  expect(again).toMatchObject({
    code: 2,
    err: expect.stringContaining(`build ${own} carries ${deployment} out already`),
  });

  // Of a queue that its build has never served, the current build takes what waits there.
  const other = 'f'.repeat(16);
  const stopOther = await workOn(temporal, world, { build: 'v1', queues: [runnerQueue(other)] });
  const refused = await surefoot('move', deployment, '--to', other, ...BY);
  expect(refused).toMatchObject({ code: 2, err: expect.stringContaining(`runner ${other} is of build v1`) });
  await stopOther();
  const stopThere = await workOn(temporal, world, { build: own, queues: [runnerQueue(other)] });
  expect(await surefoot('move', deployment, '--to', other, ...BY)).toMatchObject({ code: 0 });

  expect(await surefoot('abort', deployment, ...BY)).toMatchObject({ code: 0 });
  const result = (await handle.result()) as DeployResult;
  expect(result.decisions.filter(({ kind, accepted }) => kind === 'move' && accepted)).toMatchObject([
    { build: own, why: 'the old machine goes', via: 'update' },
    { to: other },
  ]);
  expect((await eventsOf(handle)).some((event) => event.workflowTaskFailedEventAttributes)).toBe(false);
  await Promise.all([stopOwn(), stopThere()]);
}, 180_000);

test('a signal that says so moves nothing: it is refused, with what does', async () => {
  world.answers = false;
  const stop = await workOn(temporal, world, { build: 's1' });
  await surefoot('release', 's1');
  const { handle } = await begin(temporal, plan, 'real');
  await isAsked(handle);
  await handle.signal(decisionSignals.move, { who: 'diego.alves', role: 'devops', why: 'so', build: own });
  const { decisions } = (await happens(async () => {
    const ledger = await handle.query(statusQuery);
    return ledger.decisions.length > 0 ? ledger : undefined;
  })) as DeployResult;
  expect(decisions).toMatchObject([{ accepted: false, reason: expect.stringContaining('build s1 carries it out') }]);
  await handle.terminate();
  await stop();
}, 90_000);

test('a move that was cut short is gone on with by the same command, and what begins from then on begins there', async () => {
  world.answers = false;
  const stop = await workOn(temporal, world, { build: 'p1' });
  expect(await surefoot('release', 'p1')).toMatchObject({ code: 0 });
  const { handle, deployment } = await begin(temporal, plan, 'real');
  await isAsked(handle);
  const stopOwn = await workOn(temporal, world, { build: own });
  await served(own, RUNNER);
  // As far as somebody may have come: the server knows, and the ledger does not.
  const [part] = await openPartsOf(server(), {
    workflowId: handle.workflowId,
    runId: handle.firstExecutionRunId,
    deployment,
  });
  await pinTo(server(), part as RunningWorkflow, { build: own, identity: 'somebody' });
  expect((await moveTo(own, deployment)).out).toContain(`build ${own} carries it out from now on`);
  const { decisions } = await handle.query(statusQuery);
  expect(decisions).toMatchObject([{ kind: 'move', accepted: true, build: own, who: 'diego.alves' }]);
  await stop();
  await untilSoaking(handle, own);
  for (const child of ['reversibility', 'soak']) expect(await buildOf(`${deployment}/${child}`)).toBe(own);
  await handle.terminate();
  await stopOwn();
}, 90_000);

test('moved to one whose code would have decided otherwise: refused, and nothing is changed', async () => {
  world.answers = false;
  const [stop, stopOwn] = await Promise.all([
    workOn(temporal, world, { build: 'other', bundle: await bundleOfAnother() }),
    workOn(temporal, world, { build: own }),
  ]);
  expect(await surefoot('release', 'other')).toMatchObject({ code: 0 });
  const { handle, deployment } = await begin(temporal, plan, 'real');
  await isAsked(handle);
  await served(own, RUNNER);
  const refused = await moveTo(own, deployment);
  expect(refused).toMatchObject({
    code: 2,
    err: expect.stringContaining(`build ${own} does not go with what has happened`),
  });
  expect(refused.err).toContain(handle.workflowId);
  expect(await buildOf(handle.workflowId)).toBe('other');
  expect((await eventsOf(handle)).some((event) => event.workflowExecutionOptionsUpdatedEventAttributes)).toBe(false);
  expect((await handle.query(statusQuery)).decisions).toEqual([]);
  await handle.terminate();
  await Promise.all([stop(), stopOwn()]);
}, 90_000);

test('a rollback that has outlived its deployment is moved by itself', async () => {
  const stop = await workOn(temporal, world, { build: 'r1' });
  expect(await surefoot('release', 'r1')).toMatchObject({ code: 0 });
  world.isBroken = (monitor) => monitor === plan.watches[0]?.id;
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const inRollback = new Promise<void>((resolve) => {
    world.before = async ({ activity, argument }) => {
      if (activity === 'sampleMetrics' || !argument?.key?.step.startsWith('rollback-')) return;
      resolve();
      await held;
    };
  });
  const { handle, deployment } = await begin(temporal, { ...plan, soak: undefined }, 'virtual');
  await inRollback;
  const { rollback } = await handle.query(statusQuery);
  const id = rollback?.workflowId ?? rollbackWorkflowId(deployment, 'full', 1);
  await handle.terminate('by mistake');
  const stopOwn = await workOn(temporal, world, { build: own });
  await served(own, RUNNER);
  const moved = await moveTo(own, deployment);
  expect(moved.code, moved.err).toBe(0);
  expect(moved.out).toContain(`build ${own} carries out what is left of ${deployment}`);
  expect(moved.out).toContain(`moved: ${id}`);
  expect(moved.err).toContain('its ledger takes no decision any more');
  letGo();
  await stop();
  const rolledBack = temporal.client.workflow.getHandle(id);
  expect(await rolledBack.result()).toMatchObject({ succeeded: true });
  expect(world.done.at(-1)?.build).toBe(own);
  const updated = (await eventsOf(rolledBack)).flatMap(
    (event) => event.workflowExecutionOptionsUpdatedEventAttributes ?? [],
  );
  expect(updated.map(({ identity }) => identity)).toEqual(['surefoot move by diego.alves']);
  await stopOwn();
}, 180_000);
