/** A task that something urgent waits for does not write out how things stand more often than anybody looks. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { UNHEARD } from '../../../src/contract/sinks.js';
import { workflowServer } from '../../helpers/workflow-server.js';

const temporal = workflowServer();

const workflowsPath = fileURLToPath(new URL('./moments.ts', import.meta.url));

test('what happens at one moment is published once, and the board is rendered for who looks at it alone', async () => {
  const published: unknown[] = [];
  const fn = (_: unknown, state: unknown) => void published.push(state);
  const connection = await NativeConnection.connect({ address: temporal.address });
  const worker = await Worker.create({
    connection,
    taskQueue: 'moments',
    workflowsPath,
    sinks: { state: { publish: { fn, callDuringReplay: false } } },
  });
  await worker.runUntil(async () => {
    const started = { taskQueue: 'moments', workflowId: 'moments' };
    const handle = await temporal.client.workflow.start('moments', started);
    expect(await handle.result()).toEqual({ rendered: 0 });
    expect(published).toEqual([{ changes: 5 }, { changes: 10 }]);
    const metadata = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    expect(metadata.currentDetails).toBe('10 changes');
  });
  await connection.close();
}, 60_000);

test('where nobody listens nothing is published, and all else is the same', async () => {
  const published: unknown[] = [];
  const fn = (_: unknown, state: unknown) => void published.push(structuredClone(state));
  const connection = await NativeConnection.connect({ address: temporal.address });
  const { code } = await bundleWorkflowCode({ workflowsPath });
  const worker = await Worker.create({
    connection,
    taskQueue: 'unheard',
    workflowBundle: { code: `${UNHEARD}${code}` },
    sinks: { state: { publish: { fn, callDuringReplay: true } } },
  });
  const history = await worker.runUntil(async () => {
    const handle = await temporal.client.workflow.start('moments', { taskQueue: 'unheard', workflowId: 'unheard' });
    expect(await handle.result()).toEqual({ rendered: 0 });
    return handle.fetchHistory();
  });
  await connection.close();
  expect(published).toEqual([]);
  const sinks = { state: { publish: { fn, callDuringReplay: true } } };
  await Worker.runReplayHistory({ workflowBundle: { code }, sinks }, history, 'unheard');
  expect(published).toEqual([{ changes: 5 }, { changes: 10 }]);
}, 60_000);
