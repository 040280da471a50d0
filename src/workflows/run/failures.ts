/** What ends the way forward, and what is said of it. */
import { ApplicationFailure, isCancellation, TemporalFailure } from '@temporalio/workflow';
import { FailureType } from '../../contract/errors.js';
import type { StepReport } from '../../domain/evidence.js';
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
