import { withHeartbeat } from '../../activities/commands/heartbeat.js';
import type { Activities } from '../../contract/activities/activities.js';
import { simulateMigrations } from './migrations.js';
import { simulateOwnChecks } from './own-checks.js';
import { simulatePeople } from './people.js';
import type { Find } from './performing.js';
import { simulateSteps } from './steps.js';
import { simulateWatches } from './watches.js';

/** Every activity of a worker, for worlds that exist in this process alone. They reach for nothing outside it. */
export function createSimulatedActivities(find: Find): Activities {
  const activities: Activities = {
    ...simulateSteps(find),
    ...simulateMigrations(find),
    ...simulateWatches(find),
    ...simulateOwnChecks(find),
    ...simulatePeople(find),
  };
  // People answer by way of the server, which may take longer than an activity may be silent.
  const entries = Object.entries(activities) as [string, (...args: unknown[]) => Promise<unknown>][];
  return Object.fromEntries(
    entries.map(([name, activity]) => [name, (...args: unknown[]) => withHeartbeat(() => activity(...args))]),
  ) as unknown as Activities;
}
