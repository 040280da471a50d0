/** From a breach to the first command of the rollback, in real time: what is waited for, and what goes on beside it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Activities } from '../../src/contract/activities/activities.js';
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { statusQuery } from '../../src/contract/messages.js';
import { watchWorkflowId } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';
import { simulatedActivities } from '../report/simulated.js';

const SECOND = 1_000;
const QUEUE = 'breaches';
/** The revision that `watched-production.ts` has found before the deploy. */
const FOUND = '8c1f0a2d4b6e';
const temporal = workflowServer();
const shipped = loadWhole(SHIPPED);
let plan: ResolvedPlan;
let world: Activities;

/** One watch, of which the first tick finds half of all requests failing. */
function broken(watch: Watch): Watch {
  const criteria = watch.criteria.filter(({ id }) => id === 'immediate-errors');
  return {
    ...watch,
    ...{ duration: 60 * SECOND, tick: SECOND, trends: [] },
    criteria: criteria.map((criterion) => ({ ...criterion, for: 0, minimumSamples: 1 })),
  };
}

beforeAll(async () => {
  const [first] = shipped.watches;
  if (!first) throw new Error('the plan watches nothing');
  plan = { ...shipped, evidence: join(temporal.folder, 'evidence'), watches: [broken(first)] };
  plan.notifications = { ...plan.notifications, channels: [], events: {} };
  world = breaking();
  const names = Object.keys(world) as (keyof Activities)[];
  await temporal.work({
    taskQueue: QUEUE,
    workflowsPath: fileURLToPath(new URL('./watched-production.ts', import.meta.url)),
    activities: Object.fromEntries(names.map((name) => [name, (asked: never) => world[name](asked)])),
  });
}, 120_000);

beforeEach(() => {
  world = breaking();
});

const breaking = (): Activities => ({
  ...simulatedActivities(plan, { failing: new Set(), breaking: 'watch-5m', answer: async () => {} }),
  countStored: async () => ({}),
});

let count = 0;

/** The shipped plan's people hear of both. */
const heard = (): ResolvedPlan => {
  const { channels } = shipped.notifications;
  const to = channels.slice(0, 1).map(({ id }) => id);
  const events = { breach: to, 'rollback-started': to };
  return { ...plan, notifications: { ...plan.notifications, channels, events } };
};

async function started(eligibility: Partial<NonNullable<Ledger['eligibility']>> = {}, of = plan) {
  count += 1;
  const deployment = `shop-20251124-12000${count}-ab12`;
  const input: DeployInput = { deployment, plan: of, digest: digestOf(of), startedBy: 'isabel.reis', clock: 'real' };
  const proven = { migration: true, code: true, reasons: [], ...eligibility };
  const handle: WorkflowHandle<(input: DeployInput) => Promise<DeployResult>> = await temporal.client.workflow.start(
    'DeployWorkflow',
    {
      workflowId: deployment,
      taskQueue: QUEUE,
      args: [{ ...input, runner: QUEUE, eligibility: proven, baselines: {}, indexUse: undefined } as DeployInput],
    },
  );
  return { handle, deployment };
}

const watchStep = ({ steps }: Ledger) => steps.find(({ id }) => id === 'watch-5m');

test('a rollback begins while the samples of its breach are being sealed, and has them as evidence in the end', async () => {
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const seal = world.sealSeries;
  world.sealSeries = async (asked) => {
    await released;
    return seal(asked);
  };
  const rollback = vi.fn();
  const run = world.runCommand;
  world.runCommand = async (asked) => {
    rollback(asked.key.step);
    return run(asked);
  };
  const { handle } = await started();
  await vi.waitUntil(() => rollback.mock.calls.length > 0, { timeout: 9_000, interval: 20 });
  expect(watchStep(await handle.query(statusQuery))?.evidence).toEqual([]);
  release();
  const ledger = await handle.result();
  expect(ledger.outcome).toBe('rolled-back');
  expect(watchStep(ledger)?.evidence).toMatchObject([{ path: 'series/watch-5m.jsonl' }]);
}, 60_000);

test('samples that no store takes are told of, and production is back all the same', async () => {
  world.sealSeries = async () => {
    throw new Error('the store is out of order');
  };
  const { handle } = await started();
  const ledger = await handle.result();
  expect(ledger.outcome).toBe('rolled-back');
  expect(ledger.unkept).toEqual([
    expect.stringMatching(/^the samples of .* are not sealed: the store is out of order$/),
  ]);
}, 60_000);

test('what a rollback is chosen by is read at once, and nothing stands between the breach and the report of it', async () => {
  const reading = new Set<string>();
  let together = false;
  const beside =
    <I extends unknown[], R>(name: string, read: (...input: I) => R) =>
    async (...input: I): Promise<Awaited<R>> => {
      reading.add(name);
      await vi.waitUntil(() => reading.size === 2, { timeout: 5_000, interval: 10 });
      together = true;
      return await read(...input);
    };
  world.storedRevision = beside('revision', async () => FOUND);
  world.countStored = beside('stored', async () => ({}));
  const { handle, deployment } = await started({ drops: { tables: ['reviews'], columns: [] } });
  const ledger = await handle.result();
  expect({ together, outcome: ledger.outcome }).toEqual({ together: true, outcome: 'rolled-back' });
  const monitor = temporal.client.workflow.getHandle(watchWorkflowId(deployment, 'watch-5m', 1));
  const { events = [] } = await monitor.fetchHistory();
  const kinds = (events ?? []).map((event) => Object.keys(event).find((key) => key.endsWith('EventAttributes')));
  expect(kinds.slice(-3)).toEqual([
    'workflowTaskCompletedEventAttributes',
    'markerRecordedEventAttributes',
    'workflowExecutionCompletedEventAttributes',
  ]);
}, 60_000);

/** Called with the texts of each telling. */
function hearing() {
  const told = vi.fn();
  const { tell } = world;
  world.tell = async (asked) => {
    told(asked.messages.map(({ text }) => text));
    return tell(asked);
  };
  return told;
}

/** What the deployment has had begun, in its order: the activities by their names, and `rollback`. */
async function begunBy(handle: WorkflowHandle): Promise<string[]> {
  const { events = [] } = await handle.fetchHistory();
  return (events ?? []).flatMap((event) => {
    const child = event.startChildWorkflowExecutionInitiatedEventAttributes?.workflowType?.name ?? '';
    const activity = event.activityTaskScheduledEventAttributes?.activityType?.name;
    return activity ?? (child.startsWith('Rollback') ? 'rollback' : []);
  });
}

test('the way back has begun when its people are told of it, of the breach and of what follows at once', async () => {
  const told = hearing();
  const { handle } = await started({}, heard());
  await handle.result();
  const [first] = told.mock.calls.flat();
  expect(first).toEqual([expect.stringMatching(/volta atrás/), expect.stringMatching(/rollback \(\w+\)/)]);
  const begun = await begunBy(handle);
  expect(begun.filter((name) => name === 'tell' || name === 'rollback')).toEqual(['rollback', 'tell']);
  expect(begun.indexOf('sealSeries')).toBeGreaterThan(begun.indexOf('rollback'));
}, 60_000);

test('people hear of a breach within moments although nobody knows yet what follows', async () => {
  let answers = () => {};
  const answered = new Promise<void>((resolve) => {
    answers = resolve;
  });
  world.storedRevision = async () => {
    await answered;
    return FOUND;
  };
  const told = hearing();
  const { handle } = await started({}, heard());
  await vi.waitUntil(() => told.mock.calls.length > 0, { timeout: 20_000, interval: 20 });
  expect(told.mock.calls.flat()).toEqual([[expect.stringMatching(/volta atrás/)]]);
  expect(await begunBy(handle)).not.toContain('rollback');
  answers();
  expect((await handle.result()).outcome).toBe('rolled-back');
  expect(told.mock.calls.flat()).toHaveLength(2);
}, 60_000);
