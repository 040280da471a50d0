/** The watchdog: what its schedule starts, and what it asks of the world. */
import type { WatchdogState } from '../domain/watchdog/alarms.js';
import type { WatchdogRules } from '../domain/watchdog/symptoms.js';

export interface WatchdogInput {
  rules: WatchdogRules;
}

/** One look. What it hands on is what the next one begins with. */
export interface WatchdogLook extends WatchdogState {
  /** How many deployments it looked at. */
  looked: number;
  /** What it could not look at, or tell, and of which no deployment's people were told. */
  untold: string[];
}

export interface WatchdogActivities {
  /**
   * Looks at every deployment that is open, and at those that the last look was worried about; tells their people what is
   * wrong, and that it is over; tells the forges of those that were ended from outside. It acts on nothing.
   * @param input `before`: what the last look handed on
   */
  lookAndTell(input: { before: WatchdogState; rules: WatchdogRules }): Promise<WatchdogLook>;
}
