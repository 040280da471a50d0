/** What ends the way forward, and what is said of it. */
import { ApplicationFailure, CancellationScope, isCancellation, TemporalFailure } from '@temporalio/workflow';
import { FailureType } from '../../contract/errors.js';
import type { StepReport } from '../../domain/evidence.js';
import type { RollbackTrigger } from '../../domain/ledger/ledger.js';
import { innermostOf, messageOf } from '../../domain/message.js';

/** Ends the forward path: production has to be rolled back. */
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

/** A command that ended badly has established one thing: that it did not run well. Its output is the evidence. */
export function commandFailed(error: unknown): StepReport | undefined {
  const innermost = innermostOf(error);
  if (!(innermost instanceof ApplicationFailure) || innermost.type !== FailureType.CommandFailed) return undefined;
  const [details] = (innermost.details ?? []) as { evidence?: StepReport['evidence'] }[];
  const facts = [{ name: 'ran', ok: false, text: innermost.message }];
  return { summary: innermost.message, facts, evidence: details?.evidence ?? [] };
}

/** Work that has failed: neither a cancellation nor a mistake in this code, of which nothing may be made. */
export const isFailure = (error: unknown): error is TemporalFailure =>
  error instanceof TemporalFailure && !isCancellation(error);
