/**
 * What Temporal itself costs: workflows of the same shape as the deployment's, with as many trips to the server as the
 * work needs wherever it is done, and nothing in them.
 *
 * A breach: a child samples and returns, its parent starts another child, and that schedules a command on the runner's
 * own queue. A sign-off: an update is accepted, and the parent schedules the next activity.
 */
import {
  condition,
  defineUpdate,
  executeChild,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';

/** The activities of both, on the queues that the deployment has them on. */
export interface BareActivities {
  sample(): Promise<boolean>;
  command(): Promise<void>;
  next(): Promise<void>;
}

const { sample } = proxyLocalActivities<Pick<BareActivities, 'sample'>>({ startToCloseTimeout: '2s' });
const { next } = proxyActivities<Pick<BareActivities, 'next'>>({ startToCloseTimeout: '1m' });

export async function bareMonitor(tick: number): Promise<boolean> {
  await sleep(tick);
  return sample();
}

export async function bareRollback(runner: string): Promise<void> {
  const { command } = proxyActivities<Pick<BareActivities, 'command'>>({
    startToCloseTimeout: '1m',
    taskQueue: runner,
  });
  await command();
}

export async function bareReaction({ tick, runner }: { tick: number; runner: string }): Promise<void> {
  const breached = await executeChild(bareMonitor, { args: [tick] });
  if (breached) await executeChild(bareRollback, { args: [runner] });
}

export const bareSignOff = defineUpdate<string, [string]>('signOff');

export async function bareApproval(count: number): Promise<void> {
  const signed: string[] = [];
  setHandler(bareSignOff, (role) => {
    signed.push(role);
    return role;
  });
  await condition(() => signed.length >= count);
  await next();
}
