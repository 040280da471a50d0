/**
 * A worker for one environment has that one's credentials, and does nothing of another's: looked at here, with or without
 * a policy, whatever is sent to its queue and whoever has sent it.
 */
import { activityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { CommandActivities } from '../contract/activities/commands.js';
import type { StepKey } from '../contract/activities/step.js';
import { FailureType } from '../contract/errors.js';
import type { EnvironmentName } from '../contract/plan/environment.js';

/** About the runner itself, and about what it has begun. */
const OF_NO_ENVIRONMENT: string[] = ['present', 'endCommands'] satisfies (keyof CommandActivities)[];

/** Refuses what is about another environment than the worker's, or says none. */
export const keepToEnvironment = (own: EnvironmentName) => () => ({
  inbound: {
    async execute<I extends { args: unknown[] }>(input: I, next: (input: I) => Promise<unknown>): Promise<unknown> {
      const { activityType, attempt } = activityInfo();
      const { environment, key } = (input.args[0] ?? {}) as {
        environment?: string | { name?: unknown };
        key?: StepKey;
      };
      const about = typeof environment === 'string' ? environment : environment?.name;
      if (about === own || (about === undefined && OF_NO_ENVIRONMENT.includes(activityType))) return next(input);
      const reason = `the worker of this runner serves ${own} only, and this is about ${String(about ?? 'no environment').slice(0, 40)}`;
      // It may have served others when it was asked before.
      throw attempt > 1 || (key?.begun ?? []).length > 0 ? leftAlone(reason) : refused(reason);
    },
  },
});

const refused = (reason: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: FailureType.NotAuthorised,
    message: `Not begun: ${reason}`,
    nonRetryable: true,
  });

const leftAlone = (reason: string): ApplicationFailure =>
  ApplicationFailure.create({
    type: FailureType.OutcomeUnknown,
    message: `Not gone on with: ${reason}. An earlier attempt may have begun it: how that has ended is not known`,
    nonRetryable: true,
  });
