/** Whether the watchdog looks at deployments, as its schedule and its last look say. */
import { type Client, ScheduleNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import { optionalTsToMs } from '@temporalio/common/lib/time.js';
import { TASK_QUEUE, WATCHDOG } from '../contract/names.js';
import { formatDuration } from '../domain/duration.js';
import type { Connected } from './connection.js';
import { innermost } from './errors.js';

export interface WatchdogService {
  /** `absent`: it does not look; `unknown`: the server did not say whether it does. */
  state: 'looks' | 'absent' | 'unknown';
  /** When it looked last, epoch milliseconds. */
  lastLookAt?: number;
  text: string;
  advice?: string;
}

/** What is there of the watchdog: nothing without a schedule. */
interface Watchdog {
  isPaused: boolean;
  lastLookAt?: number;
}

/** A look is begun each 30 seconds, and takes seconds. Milliseconds. */
const LATELY = 3 * 60_000;
const ANSWER_WITHIN = 5_000;
/** So many of the last looks are asked how they ended. */
const LOOKS_ASKED = 4;
/** Temporal's number of the tasks of workflows. */
const WORKFLOWS = 1;

export async function watchdogService({ client }: Pick<Connected, 'client'>): Promise<WatchdogService> {
  try {
    const found = await client.withDeadline(Date.now() + ANSWER_WITHIN, () => watchdogOf(client));
    return judgeWatchdog(found, Date.now());
  } catch (error) {
    const text = `whether a watchdog looks at deployments is not known: ${innermost(error).slice(0, 300)}`;
    return { state: 'unknown', text };
  }
}

async function watchdogOf(client: Client): Promise<Watchdog | undefined> {
  try {
    const { state, info } = await client.schedule.getHandle(WATCHDOG).describe();
    return { isPaused: state.paused, ...(await lastLook(client, info.recentActions)) };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** Whether all that look also carry deployments out, and there is one such worker: nobody would miss it. */
export async function watchdogIsAlone({ client, connection, namespace }: Connected): Promise<boolean> {
  const identities = async (name: string) => {
    const asked = { namespace, taskQueue: { name }, taskQueueType: WORKFLOWS };
    const { pollers } = await connection.workflowService.describeTaskQueue(asked);
    const lately = pollers?.filter(({ lastAccessTime }) => Date.now() - (optionalTsToMs(lastAccessTime) ?? 0) < LATELY);
    return new Set(lately?.map(({ identity }) => identity));
  };
  const ask = () => Promise.all([identities(WATCHDOG), identities(TASK_QUEUE)]);
  const [looking, carrying] = await client.withDeadline(Date.now() + ANSWER_WITHIN, ask);
  return looking.size === 1 && [...looking].every((identity) => carrying.has(identity));
}

type Started = Awaited<ReturnType<ReturnType<Client['schedule']['getHandle']>['describe']>>['info']['recentActions'];

/** One that has begun, or was given up, has told nobody. */
async function lastLook(client: Client, started: Started): Promise<Pick<Watchdog, 'lastLookAt'>> {
  for (const { action } of started.slice(-LOOKS_ASKED).toReversed()) {
    const { workflowId, firstExecutionRunId } = action.workflow;
    try {
      const { status, closeTime } = await client.workflow.getHandle(workflowId, firstExecutionRunId).describe();
      if (status.name === 'COMPLETED' && closeTime) return { lastLookAt: closeTime.getTime() };
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    }
  }
  return {};
}

export const ANOTHER_WATCHDOG =
  'Run `surefoot worker --watchdog` on another machine than the workers; it makes the schedule, too.';

/** Pure: what is known of the watchdog from its schedule and its last look that came to its end. */
export function judgeWatchdog(found: Watchdog | undefined, now: number): WatchdogService {
  const advice = ANOTHER_WATCHDOG;
  if (!found) return { state: 'absent', text: `no watchdog looks at deployments: ${NOBODY_TELLS}`, advice };
  const { isPaused, lastLookAt } = found;
  const seen = lastLookAt === undefined ? {} : { lastLookAt };
  if (isPaused) {
    const text = `the watchdog is paused: ${NOBODY_TELLS}`;
    return { state: 'absent', ...seen, text, advice: `Let the schedule ${WATCHDOG} go on, in Temporal.` };
  }
  if (lastLookAt !== undefined && now - lastLookAt < LATELY) {
    return {
      state: 'looks',
      ...seen,
      text: `the watchdog looked ${formatDuration(Math.max(now - lastLookAt, 0))} ago`,
    };
  }
  const since =
    lastLookAt === undefined ? 'has not looked lately' : `last looked ${formatDuration(now - lastLookAt)} ago`;
  return { state: 'absent', ...seen, text: `the watchdog ${since}: ${NOBODY_TELLS}`, advice };
}

const NOBODY_TELLS = 'when workers are away, or cannot go on, nobody is told';
