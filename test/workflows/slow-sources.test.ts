/** Sources and databases that take longer than a workflow task, in real time: the deployment listens meanwhile. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createSampleActivities } from '../../src/activities/metrics/samples.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createIndexActivities } from '../../src/activities/postgres/indexes.js';
import { MetricReaders } from '../../src/adapters/metrics/metric-sources.js';
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { decideUpdate, progressQuery, statusQuery } from '../../src/contract/messages.js';
import { watchWorkflowId } from '../../src/contract/names.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import type { Decision, Ledger } from '../../src/domain/ledger/ledger.js';
import type { BeforeWatch } from '../../src/workflows/steps/before-watch.js';
import { INDEXES, TABLE } from '../activities/postgres/indexed-table.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { criterionWith } from '../helpers/criteria.js';
import { serve } from '../helpers/server.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

const SECOND = 1_000;
/** How long the source takes to answer, and the index check waits for counters: longer than a workflow task may last. */
const LONG = 12 * SECOND;

const temporal = workflowServer();
const readers = new MetricReaders({ answer: 2 * LONG, whole: 2 * LONG, pause: 250 });
let postgres: TestServer;

beforeAll(async () => {
  postgres = await startTestServer();
  await temporal.work({
    taskQueue: 'slow-sources',
    workflowsPath: fileURLToPath(new URL('./one-watch.ts', import.meta.url)),
    activities: {
      ...createPeopleActivities(),
      ...createSampleActivities(readers),
      ...createIndexActivities(LONG),
      archiveDeployment: async () => ({ untold: [] }),
    },
  });
}, 120_000);
afterAll(async () => {
  await readers.close();
  await postgres.stop();
});

const shipped = loadWhole(SHIPPED);

/** One look at a gauge of a page that takes its time. */
const watchOf = (url: string): Watch => ({
  ...{ id: 'watch-1h', title: 'Watch', environment: 'production', duration: SECOND, tick: SECOND, trends: [] },
  metrics: [
    {
      ...{ name: 'load', title: 'load', unit: '' },
      source: { kind: 'scrape', url, window: 60 * SECOND, read: { gauge: { name: 'load' } } },
    },
  ],
  criteria: [criterionWith({ id: 'load', metric: 'load', unit: '', tier: 'require' })],
  ...{ gate: 'ask', consider: { within: SECOND, otherwise: 'continue' } },
});

/** Asks until it is over. @returns the longest time for an answer, milliseconds */
async function longestAnswer(over: Promise<unknown>, ask: () => Promise<unknown>): Promise<number> {
  let isOver = false;
  void over.finally(() => {
    isOver = true;
  });
  let longest = 0;
  while (!isOver) {
    const asked = performance.now();
    await ask();
    longest = Math.max(longest, performance.now() - asked);
    await sleep(250);
  }
  return longest;
}

const ledgerWhen = (handle: WorkflowHandle, is: (ledger: Ledger) => boolean) =>
  vi.waitUntil(async () => is(await handle.query(statusQuery)), { timeout: 60_000, interval: 250 });

async function taskTimeouts(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).filter((event) => event.workflowTaskTimedOutEventAttributes).length;
}

test('a source and an index check of 12 s keep nobody waiting, cost no workflow task, and what they say counts', async () => {
  const page = await serve((_, response) => {
    setTimeout(() => response.end('load 7\n'), LONG);
  });
  const database = await postgres.create('slow');
  await postgres.query(database, TABLE);
  const plan = {
    ...shipped,
    evidence: join(temporal.folder, 'evidence'),
    notifications: { ...shipped.notifications, channels: [], events: {} },
    environments: {
      ...shipped.environments,
      production: { ...shipped.environments.production, api: page.url, database, tools: [] },
    },
    commands: { ...shipped.commands, metricsReport: undefined },
    indexes: INDEXES,
    watches: [watchOf(page.url)],
    items: shipped.items.filter(({ by }) => by.some(({ step }) => step === 'watch-1h.index-use')),
  };
  const deployment = 'slow-1';
  const input: DeployInput & BeforeWatch = {
    ...{ deployment, plan, digest: '0'.repeat(64), startedBy: 'ana.souza', clock: 'real' },
    ...{ baselines: {}, indexUse: { reset: null, scans: { ix_status_review: 0 } } },
  };
  const handle = await temporal.client.workflow.start('DeployWorkflow', {
    ...{ taskQueue: 'slow-sources', workflowId: deployment, args: [input] },
  });
  const result = handle.result() as Promise<DeployResult>;
  const monitor = temporal.client.workflow.getHandle(watchWorkflowId(deployment, 'watch-1h', 1));
  const decide = (decision: Decision) => handle.executeUpdate(decideUpdate, { args: [decision] });
  const step = (ledger: Ledger) => ledger.steps.find(({ id }) => id === 'watch-1h.index-use');

  await vi.waitUntil(() => page.requests.length > 0, { timeout: 30_000 });
  const watched = await longestAnswer(monitor.result(), () => monitor.query(progressQuery));
  await ledgerWhen(handle, (ledger) => step(ledger)?.state === 'running');
  const people = { who: 'diego.alves', role: 'devops', why: 'to see whether it listens' };
  const checked = await longestAnswer(sleep(8 * SECOND), async () => {
    await decide({ kind: 'hold', ...people });
    await decide({ kind: 'resume', ...people });
  });
  expect(step(await handle.query(statusQuery))?.state).toBe('running');
  await postgres.query(database, `set enable_seqscan = off; ${INDEXES.queries[0]?.sql}`);

  const { outcome, steps, monitors } = await result;
  expect(outcome).toBe('succeeded');
  expect(monitors).toMatchObject([{ id: 'watch-1h', verdict: 'healthy', ticks: 1, samples: 1 }]);
  expect(monitors[0]?.criteria[0]).toMatchObject({ last: 7 });
  expect(steps.find(({ id }) => id === 'watch-1h.index-use')).toMatchObject({
    state: 'passed',
    facts: [{ name: 'used', ok: true, text: 'scans since the deploy: ix_status_review: 1' }],
  });
  expect([await taskTimeouts(handle), await taskTimeouts(monitor)]).toEqual([0, 0]);
  // Within two seconds, and what a busy machine adds; a task that waited for either would last for eight.
  expect(Math.max(watched, checked)).toBeLessThan(5 * SECOND);
}, 120_000);
