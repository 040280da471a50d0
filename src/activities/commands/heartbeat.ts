/** Heartbeats and cancellation, the same for every activity that takes its time. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { type HeartbeatContext, LeftRunning } from '../../adapters/commands/recorder.js';
import type { StepKey } from '../../contract/activities/step.js';
import { commandsBegun } from '../../domain/command-meaning.js';

/** What attempts tell the ones after them, the commands that have begun, and what people are told meanwhile. */
interface Told {
  begun: string[];
  details?: () => unknown;
}

const told = new WeakMap<Context, Told>();

function toldOf(context: Context): Told {
  const known = told.get(context);
  if (known) return known;
  const earlier = { begun: commandsBegun(context.info.heartbeatDetails) };
  told.set(context, earlier);
  return earlier;
}

/** The commands that this activity has begun, in this attempt or an earlier one, as far as that was heard of. */
const begunIn = (context: Context): string[] => toldOf(context).begun;

/** What an activity before this one has begun, for which this one was scheduled anew. */
export function knowBegun(key: Pick<StepKey, 'begun'>): void {
  begunIn(Context.current()).push(...commandsBegun(key));
}

/** Whether an earlier attempt has begun this command, wherever its records are now. */
export const hasBegun = (command: string): boolean => begunIn(Context.current()).includes(command);

/** Whether this activity has begun any. */
export const hasBegunAny = (): boolean => begunIn(Context.current()).length > 0;

/** A heartbeat: what the next attempt has to know, and how far the work is, for people. */
function beat(context: Context): void {
  const { begun, details } = toldOf(context);
  const progress = details?.();
  context.heartbeat(begun.length > 0 ? { begun, ...(progress === undefined ? {} : { progress }) } : progress);
}

/**
 * Waits for a recorded command on behalf of this activity. Only a cancellation that the workflow asked for stops the
 * command: when this worker shuts down or the attempt has timed out, the next attempt re-attaches.
 */
export function heartbeatContext(command: string): HeartbeatContext {
  const context = Context.current();
  return {
    begins: () => {
      if (!begunIn(context).includes(command)) begunIn(context).push(command);
      beat(context);
    },
    heartbeat: () => beat(context),
    signal: context.cancellationSignal,
    stops: () => context.cancellationDetails?.cancelRequested === true,
  };
}

const HEARTBEAT_EVERY = 1_000;

/**
 * Heartbeats until the work is done. The work must end soon when the signal is aborted; its end then is the cancellation.
 * @param details how far the work is, as people see it in the Web UI and in `surefoot status`
 */
export async function withHeartbeat<T>(work: (signal: AbortSignal) => Promise<T>, details?: () => unknown): Promise<T> {
  const context = Context.current();
  toldOf(context).details = details;
  // A local activity has no heartbeat: the SDK would warn of each.
  const heartbeat = () => {
    if (!context.info.isLocal) beat(context);
  };
  const timer = setInterval(heartbeat, HEARTBEAT_EVERY);
  heartbeat();
  try {
    return await work(context.cancellationSignal);
  } catch (error) {
    await rethrowCancellation(error);
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** The workflow has asked for the end of this activity: nobody comes after it. */
export const isCancelled = (): boolean => Context.current().cancellationDetails?.cancelRequested === true;

/** Throws what the workflow is to see when the activity was cancelled; returns when it was not. */
export async function rethrowCancellation(error: unknown): Promise<void> {
  const context = Context.current();
  if (!context.cancellationSignal.aborted) return;
  // Nobody re-attaches to a local activity, and its end is reported to this very worker.
  if (context.info.isLocal) await context.cancelled;
  const requested = context.cancellationDetails?.cancelRequested === true;
  // What the activity has found out is worth more than the news that somebody has stopped waiting for it.
  if (error instanceof ApplicationFailure && (error.nonRetryable || !requested)) return;
  if (requested) await context.cancelled;
  const message = error instanceof LeftRunning ? error.message : 'The worker went away during the activity';
  throw ApplicationFailure.retryable(message, 'AttemptInterrupted');
}
