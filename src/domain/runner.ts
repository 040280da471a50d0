/** A runner's name, made once, kept in its state folder, and a part of its queue's name; and which runner runs what. */

export const isRunnerIdentity = (text: string): boolean => /^[0-9a-f]{16}$/.test(text);

/** Whether it is this runner's own queue. */
export const isQueueOf = (queue: string, identity: string): boolean => queue.endsWith(`@${identity}`);

/** An environment's own runner, where the policy of who admitted the deployment names some. */
export interface OwnRunner {
  /** The queue of the one that runs its commands now. */
  queue: string;
  /** Those that the policy named, by their identities. */
  named: string[];
}

export interface OwnRunners {
  staging?: OwnRunner;
  production?: OwnRunner;
}

type EnvironmentName = keyof OwnRunners;

const ENVIRONMENTS = ['staging', 'production'] as const;

/** On which queues the commands of a deployment run. What is moved is given another value, never changed. */
export interface CommandQueues {
  /** Of environments without a runner of their own; empty until one has admitted the deployment. */
  runner: string;
  runners?: OwnRunners;
}

/** Where an environment's commands run; what is about none runs where it was admitted, or moved to since. */
export const queueFor = ({ runner, runners }: CommandQueues, environment?: EnvironmentName): string =>
  (environment && runners?.[environment]?.queue) ?? runner;

/** All of them, each once; none before the deployment was admitted. */
export function commandQueues({ runner, runners }: Partial<CommandQueues>): string[] {
  if (runner === undefined) return [];
  return [...new Set(ENVIRONMENTS.map((environment) => queueFor({ runner, runners }, environment)))];
}

/** The environments whose own runner it is now. */
export const ownedBy = ({ runners = {} }: Pick<CommandQueues, 'runners'>, identity: string): EnvironmentName[] =>
  ENVIRONMENTS.filter((environment) => isQueueOf(runners[environment]?.queue ?? '', identity));

/** Commands run on another queue from then on: an environment's, where it has a runner of its own, or all others. */
export interface RunnerMove {
  /** The queue. */
  runner: string;
  environment?: EnvironmentName;
}

/**
 * What goes to a runner: the commands of the environments that it is named for, or, where it is named for none, those of
 * the environments without a runner of their own. There may be none of either.
 * @param to `named`: environments that its own policy names it for, which may be younger than the deployment
 */
export function movesTo(
  { runners = {} }: Pick<CommandQueues, 'runners'>,
  { identity, queue, named = [] }: { identity: string; queue: string; named?: readonly EnvironmentName[] },
): RunnerMove[] {
  const own = ENVIRONMENTS.filter((environment) => {
    const { [environment]: before } = runners;
    return before !== undefined && (named.includes(environment) || before.named.includes(identity));
  });
  if (own.length > 0) return own.map((environment) => ({ runner: queue, environment }));
  return ENVIRONMENTS.some((environment) => !runners[environment]) ? [{ runner: queue }] : [];
}

/** Whose commands a move is about. */
export const affectedBy = ({ runners = {} }: Pick<CommandQueues, 'runners'>, move: RunnerMove): EnvironmentName[] =>
  ENVIRONMENTS.filter((each) => (move.environment === undefined ? !runners[each] : each === move.environment));

/** The queues after a move; the same where it is about an environment without a runner of its own. */
export function movedBy({ runner, runners }: CommandQueues, move: RunnerMove): CommandQueues {
  if (move.environment === undefined) return { runner: move.runner, ...(runners ? { runners } : {}) };
  const { [move.environment]: own } = runners ?? {};
  if (!own) return { runner, ...(runners ? { runners } : {}) };
  return { runner, runners: { ...runners, [move.environment]: { ...own, queue: move.runner } } };
}

/** What a child has to hear that was told the former queues. */
export const movesBetween = (before: CommandQueues, now: CommandQueues): RunnerMove[] => [
  ...(now.runner === before.runner ? [] : [{ runner: now.runner }]),
  ...ENVIRONMENTS.flatMap((environment) => {
    const { [environment]: own } = now.runners ?? {};
    return own && own.queue !== before.runners?.[environment]?.queue ? [{ runner: own.queue, environment }] : [];
  }),
];
