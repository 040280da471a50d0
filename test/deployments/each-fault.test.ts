/** Each fault of the sandbox's production, watched by the first five minutes of the shipped plan: which rule sees it. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { writeBindings } from '../../sandbox/local/bindings.js';
import { clearFaults, FAULT_NAMES, type FaultName, setFault } from '../../sandbox/local/faults.js';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import { timeSkippingInterceptor } from '../../sandbox/local/time-skipping.js';
import { createMonitorActivities, monitorSources } from '../../src/activities/monitor.js';
import { createPeopleActivities } from '../../src/activities/people.js';
import type { DeployResult } from '../../src/contract/deployment.js';
import { TASK_QUEUE } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan.js';
import { faultParameters } from '../../src/demo/fault.js';
import { startTraffic } from '../../src/demo/traffic.js';
import { itemStatuses } from '../../src/domain/items.js';
import { newDeploymentId } from '../../src/plan/deployment-id.js';
import { loadPlan } from '../../src/plan/load.js';
import { connectTo, ownSandbox, SHIPPED_PLAN, until } from './support.js';

/** The rule that sees the fault first, the way back that it calls for, and the boxes that fail by it. */
const SEEN: Record<FaultName, { by: string[]; option: string; fails: string[] }> = {
  errors: { by: ['error-rate-5m'], option: 'full', fails: ['4.1.5'] },
  latency: { by: ['immediate-latency'], option: 'code', fails: [] },
  deadlocks: { by: ['immediate-deadlocks'], option: 'migration', fails: [] },
  memory: { by: ['memory-5m'], option: 'code', fails: ['4.1.4'] },
  // Whichever comes first: three starts, or two minutes of the deployment's time without an answer.
  crash: { by: ['immediate-crash-loop', 'immediate-down'], option: 'code', fails: [] },
  'lost-rows': { by: ['immediate-data-loss'], option: 'full', fails: [] },
  'critical-logs': { by: ['logs-5m'], option: 'code', fails: ['4.1.1'] },
  cpu: { by: ['cpu-5m'], option: 'code', fails: ['4.1.4'] },
};

let sandbox: Sandbox;
let plan: ResolvedPlan;
let client: Client;
const closers: (() => unknown)[] = [];

const production = () => sandbox.target.environments.production;

beforeAll(async () => {
  sandbox = await ownSandbox({ virtualTime: true });
  closers.push(() => sandbox.stop());
  process.env.SUREFOOT_PG_BIN = dirname(sandbox.postgres.binaries.pgDump);
  const { resolved } = loadPlan(SHIPPED_PLAN, { bindings: await writeBindings(sandbox) });
  plan = {
    ...resolved,
    watches: resolved.watches.slice(0, 1),
    notifications: { ...resolved.notifications, channels: [], events: {} },
  };
  const traffic = new AbortController();
  closers.push(() => traffic.abort());
  await startTraffic(plan, traffic.signal);

  const { address } = sandbox.temporal;
  client = new Client({ connection: await Connection.connect({ address, interceptors: [timeSkippingInterceptor()] }) });
  closers.push(() => client.connection.close());
  const connection = await NativeConnection.connect({ address });
  closers.push(() => connection.close());
  const sources = monitorSources();
  closers.push(() => sources.postgres.close());
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('../workflows/one-watch.ts', import.meta.url)),
    activities: { ...createMonitorActivities(sources), ...createPeopleActivities() },
  });
  const working = worker.run();
  closers.push(async () => {
    worker.shutdown();
    await working;
  });
}, 300_000);

afterAll(async () => {
  while (closers.length > 0) await closers.pop()?.();
}, 60_000);

const plansStored = async (): Promise<number> => {
  const database = await connectTo(production());
  try {
    const { rows } = await database.query('select count(*)::int as plans from intervention_plans');
    return rows[0].plans;
  } finally {
    await database.end();
  }
};

/** What the application says of itself. */
async function metric(name: string): Promise<number> {
  const page = await (await fetch(`${production().url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(page)?.[1]);
}

/** More than the application needs, bytes. */
const FULL = 250e6;

/** Memory takes a while to fill; whatever else there is shows at once. */
async function isShown(fault: FaultName): Promise<boolean> {
  if (fault !== 'memory') return true;
  return (await metric('process_resident_memory_bytes')) > 0.9 * (await metric('app_memory_limit_bytes'));
}

afterEach(async () => {
  const { folder } = production();
  await clearFaults(folder);
  if ((await metric('process_resident_memory_bytes').catch(() => 0)) < FULL) return;
  // Only a process that starts anew gives memory back.
  await setFault(folder, 'crash', { after_seconds: 0 });
  await until('a new process', async () => (await metric('process_resident_memory_bytes')) < FULL);
  await clearFaults(folder);
});

async function watched(fault?: FaultName): Promise<DeployResult> {
  const baselines = { intervention_plans: await plansStored() };
  if (fault) {
    const { when: _, ...parameters } = faultParameters(fault, plan);
    await setFault(production().folder, fault, parameters);
    await until(`${fault} shows`, () => isShown(fault));
  }
  return client.workflow.execute('DeployWorkflow', {
    taskQueue: TASK_QUEUE,
    workflowId: `watching-${fault ?? 'nothing'}`,
    args: [
      {
        deployment: newDeploymentId(plan.service),
        plan,
        digest: '0'.repeat(64),
        startedBy: 'ana.souza',
        clock: 'virtual',
        baselines,
      },
    ],
  });
}

test.each(FAULT_NAMES)(
  '%s',
  async (fault) => {
    const { by, option, fails } = SEEN[fault];
    const result = await watched(fault);
    const [monitor] = result.monitors;
    const broken = monitor?.criteria.filter(({ verdict }) => verdict === 'breached') ?? [];
    expect(broken, result.reason).toHaveLength(1);
    expect(by).toContain(broken[0]?.id);
    expect(plan.watches[0]?.criteria.find(({ id }) => id === broken[0]?.id)?.rollback).toBe(option);
    const items = itemStatuses(plan.items, result.steps);
    expect(items.filter(({ state }) => state === 'failed').map(({ id }) => id)).toEqual(fails);
  },
  120_000,
);
