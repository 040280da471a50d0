/** One look at all deployments from outside of them. A schedule starts one after the other; each hands on what it knows. */
import { proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { WatchdogActivities, WatchdogInput, WatchdogLook } from '../contract/watchdog.js';
import { watchdogStateOf } from '../domain/watchdog/alarms.js';
import { renderWatchdog } from '../domain/watchdog/board.js';
import { mustHold } from './common/input.js';

/** A look that lasts longer is given up, and the next one begins with what the one before it knew. */
const watchdog = proxyActivities<WatchdogActivities>({
  scheduleToCloseTimeout: '3m',
  startToCloseTimeout: '150s',
  heartbeatTimeout: '20s',
  retry: { initialInterval: '1s', maximumAttempts: 2 },
});

export async function WatchdogWorkflow(input: WatchdogInput): Promise<WatchdogLook> {
  mustHold(input, 'rules');
  const before = watchdogStateOf(workflowInfo().lastResult);
  const look = await watchdog.lookAndTell.executeWithOptions({ summary: 'Look at every deployment, and tell' }, [
    { before, rules: input.rules },
  ]);
  setCurrentDetails(renderWatchdog(look));
  return look;
}
