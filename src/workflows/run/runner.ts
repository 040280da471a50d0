/**
 * Commands on their runner's own queue. One that nobody takes is neither failed nor lost: people are told, it is waited
 * for whoever serves the runner again, or for a move to another one, and what may have begun is never begun elsewhere.
 */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  condition,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { LoadActivities } from '../../contract/activities/application.js';
import type { BackupActivities, CommandBackupActivities, RestoreActivities } from '../../contract/activities/backup.js';
import type { CommandActivities } from '../../contract/activities/commands.js';
import type { Authority } from '../../contract/envelope.js';
import { FailureType, NOT_IN_HAND } from '../../contract/errors.js';
import type { Absence } from '../../contract/messages.js';
import { runnerOf } from '../../contract/names.js';
import type { Environment, EnvironmentName } from '../../contract/plan/environment.js';
import { commandsBegun } from '../../domain/command-meaning.js';
import { type CommandQueues, queueFor } from '../../domain/runner.js';
import { authorised } from '../common/authorised.js';
import type { Calls } from '../common/briefly.js';
import { NOT_SERVED_AFTER } from '../common/patience.js';
import { COMMAND_HEARTBEAT, commandsOn, loadOn, looksOn, presenceOn } from '../common/policies.js';
import { runsCommands } from './failures.js';

/** Whose commands they are: the deployment, or a child of it. */
export interface Owner extends Readonly<CommandQueues> {
  /** By whose word they are run, as of now; nothing where the runner has no policy. */
  readonly authority?: Authority;
  /** Commands wait for a runner that nobody serves. @returns says that they do not any more */
  away(absence: Absence): () => void;
  /** How what nobody has begun is waited for. @throws what is to happen instead */
  meanwhile(wait: () => Promise<unknown>): Promise<unknown>;
  /** Before what nobody has begun is tried again, however long that takes. @throws what is to happen instead */
  again(): Promise<void>;
}

/** The runner's commands, wherever it is by then, by the words that people have said by then. */
export const runnerCommands = (
  owner: Owner,
): Calls<CommandActivities & BackupActivities & RestoreActivities & CommandBackupActivities> =>
  callsOf(owner, commandsOn);

/** Its load tests. */
export const runnerLoad = (owner: Owner): Calls<LoadActivities> => callsOf(owner, loadOn);

type Call = { executeWithOptions(how: { summary: string }, args: unknown[]): Promise<unknown> };

function callsOf<A>(owner: Owner, on: (queue: string) => object): Calls<A> {
  const call = (name: string): Call => ({
    executeWithOptions: (how, args) =>
      carryOut(owner, { what: how.summary, environment: environmentIn(args) }, (queue, known) =>
        (authorised(on(queue), owner.authority) as Record<string, Call>)[name]?.executeWithOptions(
          how,
          known.length > 0 ? knowing(args, known) : args,
        ),
      ),
  });
  return new Proxy({}, { get: (_, name) => call(String(name)) }) as Calls<A>;
}

/**
 * Calls of what only looks, by the same words; what is about an environment with a runner of its own is looked at there.
 * @param on how they are called on a runner's queue
 */
export function placed<A extends object>(owner: Owner, shared: A, on: (queue: string) => object = looksOn): A {
  const there = callsOf<Record<string, (input: unknown) => Promise<unknown>>>(owner, on);
  const call = (name: string): Call => ({
    executeWithOptions: (how, args) => {
      const environment = environmentIn(args);
      const calls = environment && owner.runners?.[environment] ? there : authorised(shared, owner.authority);
      return (calls as Record<string, Call>)[name]?.executeWithOptions(how, args) as Promise<unknown>;
    },
  });
  return new Proxy(shared, { get: (_, name) => call(String(name)) });
}

/** Whose runner does it: each input has the environment that it is about. */
const environmentIn = ([input]: unknown[]): EnvironmentName | undefined =>
  (input as { environment?: Environment } | undefined)?.environment?.name;

async function carryOut(
  owner: Owner,
  { what, environment }: { what: string; environment: EnvironmentName | undefined },
  call: (queue: string, known: string[]) => Promise<unknown> | undefined,
): Promise<unknown> {
  const isMoved = (from: string) => queueFor(owner, environment) !== from;
  let begun = false;
  let known: string[] = [];
  for (;;) {
    const queue = queueFor(owner, environment);
    const scheduledAt = Date.now();
    try {
      return await call(queue, known);
    } catch (error) {
      if (isCutOff(error)) throw cutOff(error, { queue, what });
      if (!isNotTaken(error)) throw error;
      begun ||= runsCommands(error) && mayHaveBegun(error, Date.now() - scheduledAt);
      known = heardOf(error) ?? known;
      if (!isMoved(queue)) {
        await untilServed(owner, { queue, what, begun, isMoved }).catch((end) => {
          throw begun && isCancellation(end) ? cutOff(error, { queue, what }) : end;
        });
      }
      if (isMoved(queue) && begun)
        throw new ActivityFailure(...leftBehind(error, { queue, what, verb: 'was begun', because: MOVED }));
      // What may be at work is attended to, and what is left of it ended, whatever has happened meanwhile.
      if (!begun && error.activityType !== ENDING) await owner.again();
    }
  }
}

/** It begins nothing. */
const ENDING = 'endCommands' satisfies keyof CommandActivities;

type NotTaken = ActivityFailure & { cause: TimeoutFailure };

const isNotTaken = (error: unknown): error is NotTaken =>
  error instanceof ActivityFailure &&
  error.cause instanceof TimeoutFailure &&
  error.cause.timeoutType === 'SCHEDULE_TO_START';

/**
 * Whether an earlier attempt was taken: it said so by a heartbeat, or was missed after one, and what is scheduled anew has
 * its own time to be taken. A workflow that was itself not served meanwhile rather asks than believes that it was not.
 */
const mayHaveBegun = ({ cause }: NotTaken, waited: number): boolean =>
  cause.lastHeartbeatDetails !== undefined || waited >= NOT_SERVED_AFTER + COMMAND_HEARTBEAT / 2;

/** The commands that an earlier attempt has told of, which the next activity would not hear of by itself. */
function heardOf({ cause: { lastHeartbeatDetails: told } }: NotTaken): string[] | undefined {
  const begun = commandsBegun(told);
  return begun.length > 0 ? begun : undefined;
}

function knowing([input, ...others]: unknown[], begun: string[]): unknown[] {
  const { key, ...rest } = input as { key?: object };
  return [key ? { ...rest, key: { ...key, begun } } : input, ...others];
}

/** The server's own word for an activity that no worker has in hand: an earlier attempt may have begun all the same. */
const isCutOff = (error: unknown): error is ActivityFailure =>
  error instanceof ActivityFailure &&
  runsCommands(error) &&
  error.cause instanceof CancelledFailure &&
  error.cause.details.includes(NOT_IN_HAND);

/** A command that was stopped while nobody had it in hand: what is left of it is still to be ended. */
export class CutOff extends ActivityFailure {}

const cutOff = (error: ActivityFailure, of: { queue: string; what: string }): CutOff =>
  new CutOff(...leftBehind(error, { ...of, verb: 'may have begun', because: 'the deployment was stopped meanwhile' }));

/** Waits for whoever serves the queue, or until commands run elsewhere. */
async function untilServed(
  owner: Owner,
  { queue, what, begun, isMoved }: { queue: string; what: string; begun: boolean; isMoved: (from: string) => boolean },
): Promise<void> {
  const looking = new CancellationScope();
  const runner = runnerOf(queue);
  const since = new Date(Date.now() - NOT_SERVED_AFTER).toISOString();
  const back = owner.away({ runner, what, since, begun: begun ? 'yes' : 'no' });
  try {
    const served = looking.run(() =>
      presenceOn(queue).present.executeWithOptions({ summary: `Wait until runner ${runner} is served` }, []),
    );
    // Nobody waits for it any more after a move.
    served.catch(() => undefined);
    const wait = () => Promise.race([served, condition(() => isMoved(queue))]);
    // What may be at work is attended to first, whatever has happened meanwhile.
    await (begun ? wait() : owner.meanwhile(wait));
  } finally {
    looking.cancel();
    back();
  }
}

const MOVED = 'the deployment was moved away from there';

/** Nobody waits for its runner any more, which has not said how it ended. */
function leftBehind(
  error: ActivityFailure,
  { queue, what, verb, because }: { queue: string; what: string; verb: string; because: string },
): ConstructorParameters<typeof ActivityFailure> {
  const message =
    `“${what}” ${verb} on runner ${runnerOf(queue)}, which nobody serves, and ${because}: how it ended is not known, ` +
    'nor whether it is at work there still';
  const cause = ApplicationFailure.create({ type: FailureType.OutcomeUnknown, message, nonRetryable: true });
  const { activityType, activityId, retryState, identity } = error;
  return [message, activityType, activityId, retryState, identity, cause];
}
