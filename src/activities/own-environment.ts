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

type Named = string | { name?: unknown };

interface Asked {
  key?: StepKey;
  environment?: Named;
  environments?: Named[];
  metrics?: { source?: { environment?: Named } }[];
}

/** Every environment that an input is about. */
const namesIn = ({ environment, environments = [], metrics = [] }: Asked): unknown[] =>
  [environment, ...environments, ...metrics.map(({ source }) => source?.environment)].flatMap((each) =>
    each === undefined ? [] : [typeof each === 'string' ? each : each?.name],
  );

/** Refuses what is about another environment than the worker's, or says none. */
export const keepToEnvironment = (own: EnvironmentName) => () => ({
  inbound: {
    async execute<I extends { args: unknown[] }>(input: I, next: (input: I) => Promise<unknown>): Promise<unknown> {
      const { activityType, attempt } = activityInfo();
      const asked = (input.args[0] ?? {}) as Asked;
      const names = namesIn(asked);
      const isOwn = names.length > 0 ? names.every((name) => name === own) : OF_NO_ENVIRONMENT.includes(activityType);
      if (isOwn) return next(input);
      const about = names.find((name) => name !== own);
      const reason = `the worker of this runner serves ${own} only, and this is about ${String(about ?? 'no environment').slice(0, 40)}`;
      // It may have served others when it was asked before.
      throw attempt > 1 || (asked.key?.begun ?? []).length > 0 ? leftAlone(reason) : refused(reason);
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
