/** Whoever may signal a deployment may do so thousands of times: it goes on, and people are still heard. */
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import type { Ledger, StepRecord } from '../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../src/plan/load.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';
import { knownSteps } from '../report/known-steps.js';

// Each refusal is a line of the worker's log.
Runtime.install({ logger: new DefaultLogger('ERROR') });
const temporal = workflowServer();
const taskQueue = 'floods';
let native: NativeConnection;
let workflowBundle: WorkflowBundleWithSourceMap;
/** How often the ledger was published, whoever listens. */
let published = 0;
const publish = {
  fn: () => {
    published += 1;
  },
  callDuringReplay: true,
};

beforeAll(async () => {
  const workflowsPath = fileURLToPath(new URL('./flooded.ts', import.meta.url));
  workflowBundle = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  native = await NativeConnection.connect({ address: temporal.address });
}, 60_000);
afterAll(() => native.close());

/** Works while this goes on. */
async function working<T>(on: () => Promise<T>): Promise<T> {
  const activities = createPeopleActivities();
  const sinks = { state: { publish } };
  const worker = await Worker.create({ connection: native, taskQueue, workflowBundle, activities, sinks });
  return worker.runUntil(on);
}

const plan = loadPlan(SHIPPED).resolved;
const steps: StepRecord[] = knownSteps(plan).map(({ id, facts }) => ({
  ...{ id, phase: 'staging', section: '1.1', title: `What ${id} does`, state: 'passed', generation: 1 },
  ...{ startedAt: 1, endedAt: 2, summary: `${id} is well, and this is what was seen of it` },
  facts: facts.map((name) => ({ name, ok: true, text: `${name} is well, and this is what was seen of it` })),
  evidence: [{ title: id, path: `${id}/seen.txt`, sha256: 'f'.repeat(64), bytes: 100 }],
}));

function start(workflowId: string): Promise<WorkflowHandle> {
  const notifications = { ...plan.notifications, channels: [], events: {} };
  const own = { ...plan, notifications };
  const input = {
    deployment: workflowId,
    plan: own,
    digest: 'd'.repeat(64),
    startedBy: 'ana.souza',
    clock: 'real' as const,
    steps,
  };
  return temporal.client.workflow.start('flooded', {
    taskQueue,
    workflowId,
    args: [input satisfies DeployInput & { steps: StepRecord[] }],
  });
}

/** So many signals, as fast as the server takes them. */
async function flood(handle: WorkflowHandle, count: number): Promise<void> {
  const garbage = { who: 'mallory', role: 'qa', why: 'x'.repeat(1_000) };
  const names = ['approve', 'nonsense', 'rollback'];
  for (let sent = 0; sent < count; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, nth) => handle.signal(names[nth % 3] as string, garbage)));
  }
}

const confirm = (handle: WorkflowHandle) =>
  handle.executeUpdate(decideUpdate, {
    args: [{ kind: 'confirm', who: 'diego.alves', role: 'devops', subject: 'access' }],
  });

test('a flood of what is refused is counted, shown once for all that came at one moment, and people are still heard', async () => {
  const handle = await working(async () => {
    const started = await start('flooded');
    await vi.waitUntil(async () => (await started.query(statusQuery)).questions.length > 0, { timeout: 20_000 });
    return started;
  });
  await flood(handle, 400);
  published = 0;
  const ended = await working(async () => {
    const ledger = await handle.query(statusQuery);
    expect(ledger.decisions).toHaveLength(200);
    expect(ledger.refusedBefore).toBe(200);
    expect(ledger.decisions.every(({ accepted }) => !accepted)).toBe(true);
    expect(await confirm(handle)).toBe('confirm: access');
    return (await handle.result()) as Ledger;
  });
  expect(ended.decisions.filter(({ accepted }) => accepted)).toHaveLength(1);
  expect(ended.items).toMatchObject({ total: 117 });
  // Replayed once: what came before the flood, the flood, the answer; and not four hundred times.
  expect(published).toBeLessThan(20);
}, 120_000);
