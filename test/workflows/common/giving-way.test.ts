/** What is told and shown of a moment leaves behind what follows it, and a second later where nothing does. */
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import type { DeployInput } from '../../../src/contract/deployment.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { workflowServer } from '../../helpers/workflow-server.js';
import { SHIPPED } from '../../plan/plan-files.js';

const temporal = workflowServer();
const plan = loadWhole(SHIPPED);
const to = plan.notifications.channels.slice(0, 1).map(({ id }) => id);
plan.notifications.events = { 'signed-off': to, breach: to };

beforeAll(async () => {
  await temporal.work({
    taskQueue: 'giving-way',
    workflowsPath: fileURLToPath(new URL('./giving-way.ts', import.meta.url)),
    activities: { next: async () => {}, tell: async () => ({ threads: {}, untold: [] }) },
  });
});

/** What the workflow has had the server do, in its order. */
async function done(workflowId: string, follows: boolean): Promise<string[]> {
  const input: DeployInput = {
    deployment: workflowId,
    plan,
    digest: 'd'.repeat(64),
    startedBy: 'ana.souza',
    clock: 'real',
  };
  const started = { taskQueue: 'giving-way', workflowId, args: [input, follows] };
  const handle = await temporal.virtual.workflow.start('givingWay', started);
  await handle.result();
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap((event) => {
    if (event.timerFiredEventAttributes) return 'a second';
    if (event.upsertWorkflowSearchAttributesEventAttributes) return 'attributes';
    return event.activityTaskScheduledEventAttributes?.activityType?.name ?? [];
  });
}

test('what follows has begun when lists show and people hear how it came to that', async () => {
  const [first, ...others] = await done('followed', true);
  expect(first).toBe('next');
  expect(others.sort()).toEqual(['attributes', 'tell', 'tell']);
}, 60_000);

test('where nothing follows they do a second later', async () => {
  const [first, ...others] = await done('followed-by-nothing', false);
  expect(first).toBe('a second');
  expect(others.sort()).toEqual(['attributes', 'tell', 'tell']);
}, 60_000);
