/** One message can't end supervision: whoever reaches Temporal sends what nobody can read, and people are still heard. */
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Runtime, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { beforeAll, expect, test, vi } from 'vitest';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import type { Ledger, StepRecord } from '../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../src/plan/load.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const temporal = workflowServer();
const taskQueue = 'hostile';

const bundleWith = (...workflowInterceptorModules: string[]) =>
  bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/flooded.ts', import.meta.url)),
    workflowInterceptorModules,
    logger: new DefaultLogger('WARN'),
  });
const GUARD = fileURLToPath(new URL('../../src/workflows/common/unreadable-messages.ts', import.meta.url));

let workflowBundle: WorkflowBundleWithSourceMap;
beforeAll(async () => {
  workflowBundle = await bundleWith(GUARD);
  await temporal.work({ taskQueue, workflowBundle, activities: createPeopleActivities() });
  // As workers were before: what is sent there shows that the attack is one.
  const unguarded = await bundleWith();
  await temporal.work({ taskQueue: 'unguarded', workflowBundle: unguarded, activities: createPeopleActivities() });
}, 60_000);

const plan = loadPlan(SHIPPED).resolved;
const own = { ...plan, notifications: { ...plan.notifications, channels: [], events: {} } };

async function waiting(workflowId: string, queue = taskQueue): Promise<WorkflowHandle> {
  const input: DeployInput & { steps: StepRecord[] } = {
    ...{ deployment: workflowId, plan: own, digest: 'd'.repeat(64), startedBy: 'ana.souza', clock: 'real', steps: [] },
  };
  const handle = await temporal.client.workflow.start('flooded', { taskQueue: queue, workflowId, args: [input] });
  await vi.waitUntil(async () => (await handle.query(statusQuery)).questions.length > 0, { timeout: 20_000 });
  return handle;
}

interface Sent {
  encoding: string;
  data: string;
}
const signal = (workflowId: string, signalName: string, ...sent: Sent[]) =>
  temporal.client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId },
    signalName,
    input: {
      payloads: sent.map(({ encoding, data }) => ({
        metadata: { encoding: Buffer.from(encoding) },
        data: Buffer.from(data),
      })),
    },
  });

const JSON_PLAIN = 'json/plain';
const large = { encoding: JSON_PLAIN, data: JSON.stringify('x'.repeat(1_900_000)) };
/** What it is, its name, and what it brings. */
const MESSAGES: [string, string, Sent[]][] = [
  ['with a name that the SDK keeps for itself', '__temporal_x', []],
  ['that is broken JSON', 'approve', [{ encoding: JSON_PLAIN, data: '{"who":' }]],
  ['of an encoding that nobody knows', 'rollback', [{ encoding: 'binary/encrypted', data: 'x' }]],
  ['that says it is a protocol buffer', 'abort', [{ encoding: 'binary/protobuf', data: 'x' }]],
];

test.each(MESSAGES)(
  'a signal %s is refused, and the next decision is heard',
  async (words, name, sent) => {
    const id = `hostile ${words}`;
    const handle = await waiting(id);
    await signal(id, name, ...sent);
    const decision = { kind: 'confirm' as const, who: 'diego.alves', role: 'devops', subject: 'access' };
    expect(await handle.executeUpdate(decideUpdate, { args: [decision] })).toBe('confirm: access');
    const { decisions } = (await handle.result()) as Ledger;
    expect(decisions.map(({ accepted }) => accepted)).toEqual([false, true]);
    // A task that failed would have been tried again.
    const { events } = await handle.fetchHistory();
    expect(events?.filter(({ workflowTaskFailedEventAttributes: failed }) => failed)).toEqual([]);
  },
  60_000,
);

test.each(MESSAGES.slice(0, 3))(
  'without the guard a signal %s fails the task of the workflow',
  async (words, name, sent) => {
    const id = `unguarded ${words}`;
    const handle = await waiting(id, 'unguarded');
    await signal(id, name, ...sent);
    const failed = async () =>
      (await handle.fetchHistory()).events?.some((event) => event.workflowTaskFailedEventAttributes);
    await vi.waitUntil(failed, { timeout: 20_000 });
    await handle.terminate('seen');
  },
  60_000,
);

test('two signals of 1.9 MB, more than one answer of the server holds, are refused, and the next decision is heard', async () => {
  const handle = await waiting('large');
  for (const _ of [1, 2]) await signal('large', 'hold', large);
  const decision = { kind: 'confirm' as const, who: 'diego.alves', role: 'devops', subject: 'access' };
  expect(await handle.executeUpdate(decideUpdate, { args: [decision] })).toBe('confirm: access');
  const { decisions } = (await handle.result()) as Ledger;
  expect(decisions.map(({ accepted }) => accepted)).toEqual([false, false, true]);
  expect(JSON.stringify(decisions).length).toBeLessThan(20_000);
}, 60_000);
