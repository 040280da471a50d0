/** The schedule by which the watchdog looks: made by each worker that serves it, at its start. */
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { WATCHDOG } from '../contract/names.js';
import type { WatchdogInput } from '../contract/watchdog.js';
import { WATCHDOG_RULES } from '../domain/watchdog/symptoms.js';
import { scheduling } from '../encryption/uses-of-clients.js';

/** A worker is away for two minutes, and then missed: with this, people hear of it within three. Milliseconds. */
const EVERY = 30_000;

export interface WatchdogSchedule {
  every?: number;
  rules?: WatchdogInput['rules'];
}

/** Makes the schedule, or brings it up to date. One that somebody has paused stays so: status and doctor say it. */
export async function ensureWatchdog(client: Client, schedule: WatchdogSchedule = {}): Promise<void> {
  const { every = EVERY, rules = WATCHDOG_RULES } = schedule;
  const input: WatchdogInput = { rules };
  const made = {
    spec: { intervals: [{ every }] },
    // A look of then says nothing now: after an outage there is one, and no more.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: Math.max(every, 10_000) },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'WatchdogWorkflow',
      workflowId: WATCHDOG,
      taskQueue: WATCHDOG,
      args: [input],
      // One that nobody takes up, or that hangs, gives way to the next.
      workflowRunTimeout: '4m' as const,
    },
  };
  await scheduling(async () => {
    try {
      await client.schedule.create({ scheduleId: WATCHDOG, ...made, state: { triggerImmediately: true } });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await client.schedule.getHandle(WATCHDOG).update(({ state }) => ({ ...made, state }));
    }
  });
}
