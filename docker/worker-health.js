/** The worker's health check: does the Temporal server know this machine's worker as one that asks for work? */
import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { TASK_QUEUE } from '../dist/src/contract/names.js';

const WORKFLOW_TASKS = 1;
const { connectionOptions, namespace } = loadClientConnectConfig();
const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace: namespace ?? 'default',
  taskQueue: { name: TASK_QUEUE },
  taskQueueType: WORKFLOW_TASKS,
});
await connection.close();

const seconds = pollers
  .filter(({ identity }) => identity.includes(hostname()))
  .map(({ lastAccessTime }) => Date.now() / 1000 - Number(lastAccessTime.seconds));
// A poll lasts up to 60 s, and the server notes it when it begins.
if (!seconds.some((age) => age < 120)) {
  console.error(`No worker on ${hostname()} has asked for work on "${TASK_QUEUE}" in the last two minutes.`);
  process.exit(1);
}
