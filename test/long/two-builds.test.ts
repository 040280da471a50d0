/** Two builds at once: what began on one ends on it, whatever is current meanwhile, and also after its worker was away. */
import { join } from 'node:path';
import { DefaultLogger, Runtime } from '@temporalio/worker';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { DeployResult } from '../../src/contract/deployment.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { readBuilds } from '../../src/temporal/builds.js';
import { commandsAsk, surefoot } from '../client/command-line.js';
import { begin, bundleOfAnother, newWorld, type World, workOn } from '../helpers/builds.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

// A worker that goes away in the middle of things is what these tests are about.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const temporal = workflowServer();
let plan: ResolvedPlan;
let another: { code: string };
let world: World;

beforeAll(async () => {
  plan = { ...loadWhole(SHIPPED), evidence: join(temporal.folder, 'evidence') };
  another = await bundleOfAnother();
}, 120_000);

commandsAsk(temporal);
beforeEach(() => {
  world = newWorld(plan);
});

/** Resolves when a watch has sampled so often. */
function sampled(monitor: string, times: number): Promise<void> {
  let seen = 0;
  const { before } = world;
  return new Promise((resolve) => {
    world.before = async (done) => {
      await before(done);
      if (done.activity !== 'sampleMetrics' || done.argument?.monitor !== monitor) return;
      seen += 1;
      if (seen === times) resolve();
    };
  });
}

/** Of everything that belongs to a deployment: tasks that its code did not go with. */
async function failedTasks(deployment: string): Promise<string[]> {
  const failed: string[] = [];
  for await (const { workflowId, runId } of temporal.client.workflow.list({
    query: `SurefootDeployment = '${deployment}'`,
  })) {
    const { events } = await temporal.client.workflow.getHandle(workflowId, runId).fetchHistory();
    for (const { workflowTaskFailedEventAttributes: attributes } of events ?? []) {
      if (attributes) failed.push(`${workflowId}: ${attributes.failure?.message}`);
    }
  }
  return failed;
}

test('begun on one build, another current since the soak, a breach in the watch of 24 hours: the first brings it back', async () => {
  const stop = await workOn(temporal, world, { build: 'v1' });
  expect(await surefoot('release', 'v1')).toMatchObject({ code: 0 });
  const soaking = sampled('soak', 20);
  const { handle, deployment } = await begin(temporal, plan, 'virtual');
  await soaking;

  const stopAnother = await workOn(temporal, world, { build: 'v2', bundle: another });
  const released = await surefoot('release', 'v2', '--json');
  expect(released.code, released.err).toBe(0);
  expect(JSON.parse(released.out)).toEqual({
    ...{ ok: true, build: 'v2', before: 'v1', changed: true },
    stays: { v1: [deployment] },
  });
  // Long enough that it goes on as a new run in between.
  let breached = false;
  void sampled('watch-24h', 900).then(() => {
    breached = true;
  });
  world.isBroken = (monitor) => breached && monitor === 'watch-24h';
  expect(await surefoot('drain', 'v1')).toMatchObject({ code: 4, err: expect.stringContaining(deployment) });

  const result = (await handle.result()) as DeployResult;
  expect(result).toMatchObject({ outcome: 'rolled-back', proposal: { build: 'v1' } });
  expect(result.monitors.find(({ id }) => id === 'watch-24h')).toMatchObject({ verdict: 'breached' });
  expect(new Set(world.done.map(({ build }) => build))).toEqual(new Set(['v1']));
  expect(await failedTasks(deployment)).toEqual([]);
  const watches = temporal.client.workflow.list({ query: `WorkflowId = '${deployment}/watch-24h'` });
  const runs = [];
  for await (const run of watches) runs.push(run.runId);
  expect(runs.length).toBeGreaterThan(1);
  expect(await surefoot('drain', 'v1', '--wait')).toMatchObject({ code: 0 });

  world.answers = false;
  const next = await begin(temporal, plan, 'real');
  await vi.waitUntil(() => world.done.some(({ build }) => build === 'v2'), { timeout: 30_000 });
  await next.handle.terminate();
  await Promise.all([stop(), stopAnother()]);
}, 400_000);

test('with its worker away in the breach it waits, is said to, and is brought back when that returns', async () => {
  const stop = await workOn(temporal, world, { build: 'w1' });
  expect(await surefoot('release', 'w1')).toMatchObject({ code: 0 });
  const soaking = sampled('soak', 5);
  const { handle, deployment } = await begin(temporal, plan, 'virtual');
  await soaking;
  const stopAnother = await workOn(temporal, world, { build: 'w2', bundle: another });
  expect(await surefoot('release', 'w2')).toMatchObject({ code: 0 });

  const watching = sampled('watch-24h', 30);
  world.isBroken = (monitor) => monitor === 'watch-24h' && away !== undefined;
  let away: Promise<void> | undefined;
  void watching.then(() => {
    away = stop();
  });
  await watching;
  await away;
  const { current } = await readBuilds({ connection: temporal.client.connection, namespace: 'default' });
  expect(current).toBe('w2');
  const before = world.done.length;
  const now = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + 150_000);
  const said = await surefoot('status', deployment);
  expect(said.code).toBe(3);
  expect(said.err).toContain('build w1 has no worker on the task queue surefoot');
  expect(said.err).toContain('Start `surefoot worker --build-id w1`');
  expect(said.err).not.toContain('API key');
  expect(world.done.slice(before)).toEqual([]);

  const stopAgain = await workOn(temporal, world, { build: 'w1' });
  const result = (await handle.result()) as DeployResult;
  expect(result).toMatchObject({ outcome: 'rolled-back', proposal: { build: 'w1' } });
  expect(new Set(world.done.map(({ build }) => build))).toEqual(new Set(['w1']));
  expect(await failedTasks(deployment)).toEqual([]);
  await Promise.all([stopAgain(), stopAnother()]);
}, 400_000);
