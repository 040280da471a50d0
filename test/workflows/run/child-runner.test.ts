/** What a child says of its runner, on a real server. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { workflowServer } from '../../helpers/workflow-server.js';

const temporal = workflowServer();

test('a child that is cancelled just while it speaks of its runner says it to the end, and ends', async () => {
  await temporal.work({
    taskQueue: 'telling-children',
    workflowsPath: fileURLToPath(new URL('../told-on-the-way.ts', import.meta.url)),
  });
  const parent = await temporal.client.workflow.start('TellingParent', {
    taskQueue: 'telling-children',
    workflowId: 'telling-parent',
    workflowExecutionTimeout: '30s',
  });
  expect(await parent.result()).toEqual({ heard: ['away', 'back'], ended: 'cancelled' });
}, 60_000);
