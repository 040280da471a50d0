/** What ends the way forward, and what is said of it. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  TemporalFailure,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { BackupActivities, CommandBackupActivities, RestoreActivities } from '../../contract/activities/backup.js';
import type { CommandActivities } from '../../contract/activities/commands.js';
import { FailureType } from '../../contract/errors.js';
import { type StepReport, unknownFact } from '../../domain/evidence.js';
import type { RollbackTrigger } from '../../domain/ledger/ledger.js';
import { innermostOf, messageOf } from '../../domain/message.js';

/** Ends the forward path: production, where it has changed, has to be rolled back. */
export class RollbackNeeded extends Error {
  /** @param report what the step has established all the same */
  constructor(
    readonly trigger: RollbackTrigger,
    readonly report?: StepReport,
  ) {
    super(trigger.text);
  }
}

/**
 * A child that somebody has cancelled in Temporal is a child that failed. Only where its deployment is being cancelled too
 * does that end the way forward.
 */
export function cancelledAlone(error: unknown): never {
  if (!isCancellation(error) || CancellationScope.current().consideredCancelled) throw error;
  const message = 'it was cancelled in Temporal by somebody, and its deployment was not';
  throw ApplicationFailure.create({ type: FailureType.StepFailed, message, nonRetryable: true });
}

/** What went wrong, in the words of the innermost failure. */
export const describe = (error: unknown): string => messageOf(innermostOf(error));

/** A command that ended badly has established one thing: that it did not run well, or that nobody knows. */
export function commandFailed(error: unknown): StepReport | undefined {
  const innermost = innermostOf(error);
  if (!(innermost instanceof ApplicationFailure)) return undefined;
  const { type, message: text } = innermost;
  if (type !== FailureType.CommandFailed && type !== FailureType.OutcomeUnknown) return undefined;
  const [details] = (innermost.details ?? []) as { evidence?: StepReport['evidence'] }[];
  const ran = type === FailureType.OutcomeUnknown ? unknownFact('ran', text) : { name: 'ran', ok: false, text };
  return { summary: text, facts: [ran], evidence: details?.evidence ?? [] };
}

/** What runs commands: while it has not been heard of, they may be at work. */
const RUNS_COMMANDS: string[] = [
  ...(['runCommand', 'checkCommand', 'checkLogs', 'migrate'] satisfies (keyof CommandActivities)[]),
  ...(['backUpByCommands', 'restoreByCommands'] satisfies (keyof CommandBackupActivities)[]),
  ...(['backUpDatabase'] satisfies (keyof BackupActivities)[]),
  ...(['restoreDatabase'] satisfies (keyof RestoreActivities)[]),
  'ReversibilityWorkflow',
];

/** It came of what runs commands, rather than looks or loads. */
export function runsCommands(error: unknown): boolean {
  const by =
    error instanceof ActivityFailure
      ? error.activityType
      : error instanceof ChildWorkflowFailure
        ? error.workflowType
        : undefined;
  return by !== undefined && RUNS_COMMANDS.includes(by);
}

/** Nobody knows how a command ended: its runner has said so, or has not been heard of, or was cut off by somebody. */
export function isUnknown(error: unknown): boolean {
  if (!runsCommands(error)) return false;
  const innermost = innermostOf(error);
  if (innermost instanceof ApplicationFailure) return innermost.type === FailureType.OutcomeUnknown;
  return innermost instanceof TimeoutFailure || innermost instanceof TerminatedFailure;
}

/**
 * Its command was not begun, for a reason of the runner's own or because its policy does not let it: there is nothing to
 * undo, nor would the way back begin.
 */
export function isNotBegun(error: unknown): boolean {
  const innermost = innermostOf(error);
  return (
    innermost instanceof ApplicationFailure &&
    (innermost.type === FailureType.RunnerFailed || innermost.type === FailureType.NotAuthorised)
  );
}

/** Work that has failed: neither a cancellation nor a mistake in this code, of which nothing may be made. */
export const isFailure = (error: unknown): error is TemporalFailure =>
  error instanceof TemporalFailure && !isCancellation(error);
