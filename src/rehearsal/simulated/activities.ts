import type { Activities } from '../../contract/activities.js';
import { simulateMigrations } from './migrations.js';
import { simulatePeople } from './people.js';
import type { Find } from './performing.js';
import { simulateSteps } from './steps.js';
import { simulateWatches } from './watches.js';

/** Every activity of a worker, for worlds that exist in this process alone. They reach for nothing outside it. */
export const createSimulatedActivities = (find: Find): Activities => ({
  ...simulateSteps(find),
  ...simulateMigrations(find),
  ...simulateWatches(find),
  ...simulatePeople(find),
});
