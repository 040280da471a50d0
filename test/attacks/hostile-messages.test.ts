/**
 * One message can't end supervision: whoever reaches Temporal sends what nobody can read, and people are still heard. Nor can
 * one answer of what is watched.
 */
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, Runtime, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { redactResults } from '../../src/activities/evidence/result-redaction.js';
import { createSampleActivities } from '../../src/activities/metrics/samples.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { MetricReaders } from '../../src/adapters/metrics/metric-sources.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decideUpdate, statusQuery, type WatchInput, type WatchResult } from '../../src/contract/messages.js';
import type { MetricSource } from '../../src/contract/plan/metrics.js';
import type { Ledger, StepRecord } from '../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../src/plan/load.js';
import { commandWith } from '../activities/support.js';
import { criterionWith } from '../helpers/criteria.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const temporal = workflowServer();
const taskQueue = 'hostile';
const readers = new MetricReaders({ answer: 5_000, whole: 5_000, pause: 100 });
afterAll(() => readers.close());

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
  await temporal.work({
    taskQueue,
    workflowBundle,
    interceptors: { activity: [redactResults] },
    activities: { ...createPeopleActivities(), ...createSampleActivities(readers) },
  });
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

const SECOND = 1_000;
const SPACES = `HTTP/1.1 503${' '.repeat(60_000)}`;

/** Answers everything with 503 and 60,000 spaces, in its status as in its body. */
async function spacious(): Promise<string> {
  const body = `${SPACES}x\r\n`.repeat(3);
  const answer = `${SPACES}no\r\nx-why:${' '.repeat(8_000)}\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const server = createServer((socket) => {
    socket.on('error', () => undefined).once('data', () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

test('503 and 60,000 spaces of all that is watched neither end the worker nor its watch: people are told in some words', async () => {
  const url = await spacious();
  const window = 60 * SECOND;
  const history = { window, resolution: SECOND, delay: 0 };
  const logs = commandWith(['sh', '-c', `printf 'HTTP/1.1 503%60000sx\\n' ''`], { timeout: 5_000 });
  const sources: Record<string, MetricSource> = {
    page: { kind: 'scrape', url, window, read: { gauge: { name: 'load' } } },
    health: { kind: 'health', url: `${url}/health`, window, read: 'restarts' },
    prometheus: { kind: 'prometheus', place: { api: url }, query: 'load', ...history },
    logs: { kind: 'logs', command: logs, environment: 'production', window, pattern: '503 +(no|yes)$' },
  };
  const names = Object.keys(sources);
  const input: WatchInput = {
    ...{ deployment: 'spacious', service: 'shop', parent: 'nobody', clock: 'real', baselines: {}, roles: [] },
    evidence: { store: temporal.folder, deployment: 'spacious' },
    watch: {
      ...{ id: 'hour', title: 'Hour', environment: 'production', duration: 3 * SECOND, tick: SECOND, trends: [] },
      metrics: names.map((name) => ({ name, title: name, unit: '', source: sources[name] as MetricSource })),
      criteria: names.map((name) => criterionWith({ id: name, title: name, metric: name, unit: '', for: 0 })),
      ...{ gate: 'ask', consider: { within: SECOND, otherwise: 'continue' } },
    },
  };
  const handle = await temporal.client.workflow.start('MonitorWorkflow', {
    ...{ taskQueue, workflowId: 'spacious', args: [input] },
  });
  const { verdict, criteria } = (await handle.result()) as WatchResult;
  expect(verdict).toBe('unknown');
  expect(Object.fromEntries(criteria.map(({ id, reason = '' }) => [id, reason]))).toEqual({
    page: expect.stringContaining('the metrics page answered 503'),
    health: expect.stringContaining('the health endpoint did not answer in the window'),
    prometheus: expect.stringContaining('Prometheus answered 503'),
    // Of these, no line is what was looked for: that is known.
    logs: expect.stringContaining('no new lines known yet'),
  });
  expect(Math.max(...criteria.map(({ reason = '' }) => reason.length))).toBeLessThan(300);
  const { events } = await handle.fetchHistory();
  const lost = events?.filter(
    (event) => event.workflowTaskFailedEventAttributes ?? event.workflowTaskTimedOutEventAttributes,
  );
  expect(lost).toEqual([]);
  // The same worker goes on with others.
  await (await waiting('after the spaces')).terminate('seen');
}, 60_000);
