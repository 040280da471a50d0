/** The deadline of each watch, which its deployment hears of, whatever has become of the watch. */
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import type { PeopleActivities } from '../../src/contract/activities/notify.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { statusQuery } from '../../src/contract/messages.js';
import { watchWorkflowId } from '../../src/contract/names.js';
import type { Message } from '../../src/domain/notifications/notifications.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadWhole } from '../helpers/whole-plan.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

const MINUTE = 60_000;
const temporal = workflowServer();
const told: Message[] = [];

const tell: PeopleActivities['tell'] = async ({ messages }) => {
  told.push(...messages);
  return { threads: {}, untold: [] };
};

beforeAll(async () => {
  await temporal.work({
    taskQueue: 'hanging-watch',
    workflowsPath: fileURLToPath(new URL('./hanging-watch.ts', import.meta.url)),
    activities: { tell },
  });
}, 120_000);

test('a watch that hangs is over some time after its own: people are paged, and asked what is to follow', async () => {
  const shipped = loadWhole(SHIPPED);
  const pager = { id: 'pager', kind: 'pagerduty', address: 'https://events.pagerduty.com', key: 'env:NONE' } as const;
  const notifications = { ...shipped.notifications, channels: [pager], events: { 'step-failed': ['pager'] } };
  const plan = { ...shipped, notifications, watches: shipped.watches.slice(0, 1) };
  const deployment = 'shop-20251124-120000-ab12';
  const input: DeployInput = { deployment, plan, digest: digestOf(plan), startedBy: 'isabel.reis', clock: 'real' };
  const handle = await temporal.virtual.workflow.start('DeployWorkflow', {
    workflowId: deployment,
    taskQueue: 'hanging-watch',
    args: [{ ...input, baselines: {} }],
  });
  const ledger = await vi.waitUntil(
    async () => {
      const now = await handle.query(statusQuery);
      return now.questions.length > 0 && now;
    },
    { timeout: 30_000, interval: 100 },
  );
  expect(ledger.questions).toMatchObject([{ kind: 'step-failed', id: 'watch-5m', moves: ['retry', 'skip', 'abort'] }]);
  const [{ text = '' } = {}] = ledger.questions;
  expect(text).toContain(`long after its time: nobody knows`);
  expect(text).toContain(watchWorkflowId(deployment, 'watch-5m', 1));
  const watch = temporal.client.workflow.getHandle(watchWorkflowId(deployment, 'watch-5m', 1));
  const { status, raw } = await watch.describe();
  expect(status.name).toBe('TIMED_OUT');
  const within = Number(raw.executionConfig?.workflowExecutionTimeout?.seconds) * 1_000;
  expect(within).toBeGreaterThanOrEqual(15 * MINUTE);
  expect(within).toBeLessThan(20 * MINUTE);
  await vi.waitUntil(() => told.some(({ channel }) => channel.id === 'pager'), { timeout: 10_000 });
  await handle.terminate('the test has seen it');
}, 60_000);
