/** Each fault of the sandbox's production, watched by the first five minutes of the shipped plan: which rule sees it. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { bundleWorkflowCode, NativeConnection, Worker, type WorkflowBundle } from '@temporalio/worker';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { writeBindings } from '../../sandbox/local/bindings.js';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import { createSampleActivities } from '../../src/activities/metrics/samples.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { MetricReaders } from '../../src/adapters/metrics/metric-sources.js';
import type { DeployResult } from '../../src/contract/deployment.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { SILENT_SINKS } from '../../src/contract/sinks.js';
import { faultParameters } from '../../src/demo/fault.js';
import { startTraffic } from '../../src/demo/traffic.js';
import { itemStatuses } from '../../src/domain/items.js';
import { clearFaults, FAULT_NAMES, type FaultName, setFault } from '../../src/local/faults.js';
import { virtualTimeInterceptors } from '../../src/local/time-skipping.js';
import { newDeploymentId } from '../../src/plan/deployment-id.js';
import { loadPlan } from '../../src/plan/load.js';
import { connectTo, ownSandbox, SHIPPED_PLAN, until } from './support.js';

/** The rules that see the fault: what one look finds at once counts together. */
const SEEN: Record<FaultName, { by: string[]; option: string }> = {
  errors: { by: ['error-rate-5m'], option: 'full' },
  latency: { by: ['immediate-latency'], option: 'code' },
  deadlocks: { by: ['immediate-deadlocks'], option: 'migration' },
  memory: { by: ['memory-5m'], option: 'code' },
  // It dies with a critical line.
  crash: { by: ['logs-5m', 'immediate-crash-loop', 'immediate-down'], option: 'code' },
  'lost-rows': { by: ['immediate-data-loss'], option: 'full' },
  'critical-logs': { by: ['logs-5m'], option: 'code' },
  cpu: { by: ['cpu-5m'], option: 'code' },
};

/** The checklist's own boxes for the first five minutes (4.1), by the rule that each rests on. */
const BOXES: Record<string, string> = {
  'logs-5m': '4.1.1',
  'latency-p95-5m': '4.1.2',
  'database-5m': '4.1.3',
  'cpu-5m': '4.1.4',
  'memory-5m': '4.1.4',
  'error-rate-5m': '4.1.5',
};

let sandbox: Sandbox;
let plan: ResolvedPlan;
let client: Client;
let connection: NativeConnection;
let bundle: WorkflowBundle;
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
  client = new Client({ connection: await Connection.connect({ address, interceptors: virtualTimeInterceptors() }) });
  closers.push(() => client.connection.close());
  connection = await NativeConnection.connect({ address });
  closers.push(() => connection.close());
  bundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/one-watch.ts', import.meta.url)),
  });
}, 300_000);

afterAll(async () => {
  while (closers.length > 0) await closers.pop()?.();
}, 60_000);

async function asked(query: string): Promise<number> {
  const database = await connectTo(production());
  try {
    const { rows } = await database.query<{ answer: number }>(query);
    return rows[0]?.answer ?? Number.NaN;
  } finally {
    await database.end();
  }
}

/** What the application says of itself. */
async function metric(name: string): Promise<number> {
  const page = await (await fetch(`${production().url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(page)?.[1]);
}

/** More than the application needs, bytes. */
const FULL = 250e6;

/** All deadlocks and slow answers so far. */
async function troubles(): Promise<number> {
  const page = await (await fetch(`${production().url}/metrics`)).text();
  const sum = (series: RegExp) => [...page.matchAll(series)].reduce((total, [, value]) => total + Number(value), 0);
  const answers = sum(/^http_request_duration_seconds_count\{.*\} (\S+)/gm);
  const fast = sum(/^http_request_duration_seconds_bucket\{.*le="5(?:\.0)?".*\} (\S+)/gm);
  const deadlocks = 'select deadlocks::int as answer from pg_stat_database where datname = current_database()';
  return answers - fast + (await asked(deadlocks));
}

/** Memory takes a while to fill; whatever else there is shows at once. */
async function isShown(fault: FaultName): Promise<boolean> {
  if (fault !== 'memory') return true;
  return (await metric('process_resident_memory_bytes')) > 0.9 * (await metric('app_memory_limit_bytes'));
}

afterEach(async () => {
  const { folder } = production();
  await clearFaults(folder);
  const isFull = async () => (await metric('process_resident_memory_bytes').catch(() => 0)) >= FULL;
  if (await isFull()) {
    // Only a process that starts anew gives memory back.
    await setFault(folder, 'crash', { after_seconds: 0 });
    await until('a new process', async () => !(await isFull()));
    await clearFaults(folder);
  }
  // Whoever was kept waiting has gone, and who was locked out by whom has been settled.
  let before = Number.NaN;
  const isQuiet = async () => {
    const now = await troubles();
    const same = now === before;
    before = now;
    return same;
  };
  await until('the fault is over', isQuiet, { every: 1_500 });
});

async function watched(fault: FaultName): Promise<DeployResult> {
  const baselines = { intervention_plans: await asked('select count(*)::int as answer from intervention_plans') };
  const { when: _, ...parameters } = faultParameters(fault, plan);
  await setFault(production().folder, fault, parameters);
  await until(`${fault} shows`, () => isShown(fault));
  // One that remembers nothing of the fault before.
  const metrics = new MetricReaders();
  const taskQueue = `watching-${fault}`;
  const worker = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: bundle,
    sinks: SILENT_SINKS,
    activities: { ...createSampleActivities(metrics), ...createPeopleActivities() },
  });
  const deployment = newDeploymentId(plan.service);
  const input = { deployment, plan, digest: '0'.repeat(64), startedBy: 'ana.souza', clock: 'virtual', baselines };
  try {
    return await worker.runUntil(
      client.workflow.execute('DeployWorkflow', { taskQueue, workflowId: taskQueue, args: [input] }),
    );
  } finally {
    await metrics.close();
  }
}

test.each(FAULT_NAMES)(
  '%s',
  async (fault) => {
    const { by, option } = SEEN[fault];
    const result = await watched(fault);
    const broken = result.monitors.flatMap(({ criteria }) => criteria.filter(({ verdict }) => verdict === 'breached'));
    const ids = broken.map(({ id }) => id);
    expect(ids.length, result.reason).toBeGreaterThan(0);
    expect(by, result.reason).toEqual(expect.arrayContaining(ids));
    const options = plan.watches.flatMap(({ criteria }) => criteria.filter(({ id }) => ids.includes(id)));
    expect(new Set(options.map(({ rollback }) => rollback))).toEqual(new Set([option]));

    const items = itemStatuses(plan.items, result.steps);
    const failed = items.filter(({ state }) => state === 'failed').map(({ id }) => id);
    expect(failed).toEqual([...new Set(ids.flatMap((id) => BOXES[id] ?? []))]);
    // What the watch had no time for is neither good nor bad.
    for (const { id, verdict } of result.monitors.flatMap(({ criteria }) => criteria)) {
      const box = items.find((item) => item.id === BOXES[id]);
      if (verdict === 'unknown' && box) expect(['unknown', 'failed'], `${box.id}: ${box.text}`).toContain(box.state);
    }
  },
  120_000,
);
