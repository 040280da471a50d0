/** Whether anybody serves the task queues that a deployment waits for, as the Temporal server has seen it lately. */
import type { temporal } from '@temporalio/proto';
import { runnerOf, TASK_QUEUE, WORKER_DEPLOYMENT } from '../contract/names.js';
import { formatDuration } from '../domain/duration.js';
import { isRunnerIdentity } from '../domain/runner.js';
import type { Connected } from './connection.js';
import { innermost } from './errors.js';

type IPollerInfo = temporal.api.taskqueue.v1.IPollerInfo;

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
  /** The build that it is of; none before there were builds. */
  build?: string;
}

/** Whose workers count: a build's, those without one (null), or anybody's. */
type OfBuild = string | null | undefined;

/** A worker asks for up to 60 s at a time, and the server notes when it begins. Milliseconds. */
const LATELY = 120_000;
const ANSWER_WITHIN = 5_000;
/** Temporal's numbers: tasks of workflows and of activities wait apart. */
const KINDS = { workflows: 1, activities: 2 } as const;

/**
 * The queue that all workers share, and those of the runners that run the deployment's commands, once they are known.
 * @param build what the deployment is pinned to: workers of other builds do nothing for it
 */
export async function queueServices(
  connected: Connected,
  runners: readonly string[] = [],
  { within = ANSWER_WITHIN, build }: { within?: number; build?: OfBuild } = {},
): Promise<QueueService[]> {
  const queues = new Set([TASK_QUEUE, ...runners]);
  return await Promise.all([...queues].map((queue) => serviceOf(connected, queue, { within, build })));
}

async function serviceOf(
  connected: Connected,
  queue: string,
  { within, build }: { within: number; build: OfBuild },
): Promise<QueueService> {
  const kinds = queue === TASK_QUEUE ? [KINDS.workflows, KINDS.activities] : [KINDS.activities];
  try {
    const ask = () => Promise.all(kinds.map((kind) => pollersOf(connected, queue, kind)));
    const seen = await connected.connection.withDeadline(Date.now() + within, ask);
    // As much as its worse served half: without either a deployment stands still.
    const judged = seen.map((pollers) => judgePollers(queue, pollers, Date.now(), build));
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
  return (pollers ?? []).map(readPoller);
}

/** As the server describes it. A worker without a build has one that the SDK makes of itself, and no versions. */
export function readPoller({ identity, lastAccessTime, deploymentOptions }: IPollerInfo): Poller {
  const isOfBuild = deploymentOptions?.deploymentName === WORKER_DEPLOYMENT && deploymentOptions.buildId;
  return {
    identity: identity ?? '',
    at: lastAccessTime?.seconds ? Number(lastAccessTime.seconds) * 1_000 : undefined,
    ...(isOfBuild ? { build: deploymentOptions.buildId ?? '' } : {}),
  };
}

/** Pure: what is known of a queue from who has asked it for work, and when. */
export function judgePollers(queue: string, all: readonly Poller[], now: number, build?: OfBuild): QueueService {
  const pollers = build === undefined ? all : all.filter((poller) => (poller.build ?? null) === build);
  const lately = pollers.filter(({ at }) => at !== undefined && now - at < LATELY);
  if (lately.length > 0) {
    const count = lately.length === 1 ? '1 worker' : `${lately.length} workers`;
    const serves = `${count}${ofBuild(build)} ${lately.length === 1 ? 'serves' : 'serve'}`;
    return { queue, state: 'served', workers: lately.length, text: `${serves} the task queue ${queue}` };
  }
  const advice = adviceFor(queue, build);
  if (pollers.some(({ at }) => at === undefined)) {
    const text = `whether the workers of the task queue ${queue} are still there is not known: the server does not say when they asked`;
    return { queue, state: 'unknown', workers: 0, text, advice };
  }
  const last = pollers.toSorted((a, b) => (b.at ?? 0) - (a.at ?? 0))[0];
  const since =
    last?.at === undefined ? '' : `; ${last.identity.slice(0, 100)} last asked ${formatDuration(now - last.at)} ago`;
  return { queue, state: 'nobody', workers: 0, text: `${absence(queue, build, last)}${since}`, advice };
}

function absence(queue: string, build: OfBuild, last: Poller | undefined): string {
  const runner = runnerOf(queue);
  if (isRunnerIdentity(runner)) {
    const when = last?.at === undefined ? 'lately' : `since ${new Date(last.at).toISOString()}`;
    return `runner ${runner} has not been served${build ? ` by build ${build}` : ''} ${when}`;
  }
  return build ? `build ${build} has no worker on the task queue ${queue}` : `nobody serves the task queue ${queue}`;
}

const ofBuild = (build: OfBuild): string => (build ? ` of build ${build}` : '');

function adviceFor(queue: string, build: OfBuild): string {
  if (build === null) {
    return 'It began under a Surefoot without builds: start the `surefoot worker` of then, with the same state folder; the deployment goes on where it is.';
  }
  const worker = build === undefined ? 'surefoot worker' : `surefoot worker --build-id ${build}`;
  const code = build === undefined ? '' : ' with the code of that build';
  if (queue === TASK_QUEUE) return `Start \`${worker}\`${code}; the deployment goes on where it is.`;
  const runner = runnerOf(queue);
  if (isRunnerIdentity(runner)) {
    return `Start \`${worker} --state DIR\`${code && `${code},`} with the state folder of runner ${runner} (its runner.json says so), wherever that folder is now; the deployment goes on where it is.`;
  }
  const host = runner.replace(/-[0-9a-f]{8}$/, '');
  return `Start \`${worker}\` with its state folder of then, on the machine with the host name ${host}; the deployment goes on where it is.`;
}

/** Those that a deployment waits for in vain. */
export const unserved = (services: readonly QueueService[]): QueueService[] =>
  services.filter(({ state }) => state === 'nobody');
