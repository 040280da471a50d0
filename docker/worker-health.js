/**
 * The worker's health check: does the Temporal server know this machine's worker as one that asks for work, on the queue
 * of all workers and on that of the runner whose state folder this is? With `--environment`: on the second one alone. With
 * `--watchdog`: on the watchdog's queue.
 */
import { hostname } from 'node:os';
import { readIdentity } from '../dist/src/adapters/commands/runner-identity.js';
import { runnerQueue, TASK_QUEUE, WATCHDOG } from '../dist/src/contract/names.js';
import { connect } from '../dist/src/temporal/connection.js';
import { judgePollers } from '../dist/src/temporal/queue-service.js';

/** Temporal's numbers of the kinds of tasks. */
const WORKFLOWS = 1;
const ACTIVITIES = 2;

/** The queues that this worker asks, each with the kind of its tasks. @throws when that is not known */
async function queuesOfWorker() {
  const state = process.env.SUREFOOT_STATE;
  if (!state) throw new Error('Which runner this is, is not known: SUREFOOT_STATE does not name its state folder.');
  const runner = await readIdentity(state);
  if (runner === undefined) throw new Error(`Which runner this is, is not known: ${state} names none yet.`);
  const own = [runnerQueue(runner.identity), ACTIVITIES];
  return process.argv.includes('--environment') ? [own] : [[TASK_QUEUE, WORKFLOWS], [TASK_QUEUE, ACTIVITIES], own];
}

const queuesOfWatchdog = async () => [
  [WATCHDOG, WORKFLOWS],
  [WATCHDOG, ACTIVITIES],
];

/** Why this worker is not known to work; nothing when it is. */
async function ailments() {
  const queues = await (process.argv.includes('--watchdog') ? queuesOfWatchdog() : queuesOfWorker());
  const { connection, namespace } = await connect();
  const ask = async ([queue, taskQueueType]) => {
    const { pollers } = await connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: queue },
      taskQueueType,
    });
    const own = pollers
      .filter(({ identity }) => identity.endsWith(`@${hostname()}`))
      .map(({ identity, lastAccessTime }) => ({
        identity,
        at: lastAccessTime?.seconds ? Number(lastAccessTime.seconds) * 1000 : undefined,
      }));
    return judgePollers(queue, own, Date.now());
  };
  const services = await Promise.all(queues.map(ask)).finally(() => connection.close());
  return services.filter(({ state }) => state !== 'served').map(({ text }) => `On ${hostname()}, ${text}.`);
}

const found = await ailments().catch((error) => [error.message]);
for (const each of found) console.error(each);
process.exitCode = found.length === 0 ? 0 : 1;
