/** Whether anybody serves the task queues that a deployment waits for, as the Temporal server has seen it lately. */
import { runnerOf, TASK_QUEUE } from '../contract/names.js';
import { formatDuration } from '../domain/duration.js';
import { isRunnerIdentity } from '../domain/runner.js';
import type { Connected } from './connection.js';
import { innermost } from './errors.js';

export interface QueueService {
  queue: string;
  /** `unknown`: the server did not say, or not since when. */
  state: 'served' | 'nobody' | 'unknown';
  /** Workers that have asked for work lately. */
  workers: number;
  /** One line for people. */
  text: string;
  /** What to do, when it is not served. */
  advice?: string;
}

/** A worker as the server remembers it, minutes after its end as well. */
export interface Poller {
  identity: string;
  /** When it last began to ask for work, epoch milliseconds. */
  at?: number;
}

/** A worker asks for up to 60 s at a time, and the server notes when it begins. Milliseconds. */
const LATELY = 120_000;
const ANSWER_WITHIN = 5_000;
/** Temporal's numbers: tasks of workflows and of activities wait apart. */
const KINDS = { workflows: 1, activities: 2 } as const;

/** The queue that all workers share, and the one of the runner that runs the deployment's commands, once it is known. */
export async function queueServices(
  connected: Connected,
  runner?: string,
  within = ANSWER_WITHIN,
): Promise<QueueService[]> {
  const queues = [TASK_QUEUE, ...(runner === undefined || runner === TASK_QUEUE ? [] : [runner])];
  return await Promise.all(queues.map((queue) => serviceOf(connected, queue, within)));
}

async function serviceOf(connected: Connected, queue: string, within: number): Promise<QueueService> {
  const kinds = queue === TASK_QUEUE ? [KINDS.workflows, KINDS.activities] : [KINDS.activities];
  try {
    const ask = () => Promise.all(kinds.map((kind) => pollersOf(connected, queue, kind)));
    const seen = await connected.connection.withDeadline(Date.now() + within, ask);
    // As much as its worse served half: without either a deployment stands still.
    const judged = seen.map((pollers) => judgePollers(queue, pollers, Date.now()));
    return judged.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))[0] as QueueService;
  } catch (error) {
    const text = `whether anybody serves the task queue ${queue} is not known: ${innermost(error).slice(0, 300)}`;
    return { queue, state: 'unknown', workers: 0, text };
  }
}

const ORDER = ['nobody', 'unknown', 'served'];

async function pollersOf({ connection, namespace }: Connected, name: string, kind: number): Promise<Poller[]> {
  const asked = { namespace, taskQueue: { name }, taskQueueType: kind };
  const { pollers } = await connection.workflowService.describeTaskQueue(asked);
  return (pollers ?? []).map(({ identity, lastAccessTime }) => ({
    identity: identity ?? '',
    at: lastAccessTime?.seconds ? Number(lastAccessTime.seconds) * 1_000 : undefined,
  }));
}

/** Pure: what is known of a queue from who has asked it for work, and when. */
export function judgePollers(queue: string, pollers: readonly Poller[], now: number): QueueService {
  const lately = pollers.filter(({ at }) => at !== undefined && now - at < LATELY);
  if (lately.length > 0) {
    const count = lately.length === 1 ? '1 worker serves' : `${lately.length} workers serve`;
    return { queue, state: 'served', workers: lately.length, text: `${count} the task queue ${queue}` };
  }
  const advice = adviceFor(queue);
  const runner = runnerOf(queue);
  if (pollers.some(({ at }) => at === undefined)) {
    const text = `whether the workers of the task queue ${queue} are still there is not known: the server does not say when they asked`;
    return { queue, state: 'unknown', workers: 0, text, advice };
  }
  const last = pollers.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))[0];
  const since =
    last?.at === undefined ? '' : `; ${last.identity.slice(0, 100)} last asked ${formatDuration(now - last.at)} ago`;
  const absence = isRunnerIdentity(runner)
    ? `runner ${runner} has not been served ${last?.at === undefined ? 'lately' : `since ${new Date(last.at).toISOString()}`}`
    : `nobody serves the task queue ${queue}`;
  return { queue, state: 'nobody', workers: 0, text: `${absence}${since}`, advice };
}

function adviceFor(queue: string): string {
  if (queue === TASK_QUEUE) return 'Start one with `surefoot worker`; the deployment goes on where it is.';
  const runner = runnerOf(queue);
  if (isRunnerIdentity(runner)) {
    return `Start \`surefoot worker --state DIR\` with the state folder of runner ${runner} (its runner.json says so), wherever that folder is now; the deployment goes on where it is.`;
  }
  const host = runner.replace(/-[0-9a-f]{8}$/, '');
  return `Start \`surefoot worker\` with its state folder of then, on the machine with the host name ${host}; the deployment goes on where it is.`;
}

/** Those that a deployment waits for in vain. */
export const unserved = (services: readonly QueueService[]): QueueService[] =>
  services.filter(({ state }) => state === 'nobody');
