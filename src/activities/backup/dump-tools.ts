/** PostgreSQL's programs as a step runs them: recorded, within the plan's limit, and begun anew only where that does no harm. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { AttemptLost, type RunTool } from '../../adapters/backup/tool-run.js';
import type { StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import type { DumpBackup } from '../../contract/plan/backup.js';
import type { Environment } from '../../contract/plan/environment.js';
import { isCancelled } from '../commands/heartbeat.js';
import { isOwnTrouble } from '../commands/own-trouble.js';
import { runToEnd } from '../commands/recorded-commands.js';

/** Longest time of each program, milliseconds, where the plan names none. */
const LONGEST = 2 * 3_600_000;

/** Longest time of pg_dump, and of each pg_restore, milliseconds. */
export const limitOf = ({ timeout = LONGEST }: Pick<DumpBackup, 'timeout'>): number => timeout;

/** pg_restore tells of every entry: room for some hundred thousand, bytes. */
const LONGEST_COMPLAINT = 32 * 1024 * 1024;

/** @param name of its record, one for each program of the step and attempt at it */
export const recordedTool =
  (step: { state: string; key: StepKey; environment: Environment; limit: number }, name: string): RunTool =>
  async (line) => {
    const { limit: timeout, ...known } = step;
    const run = await runToEnd({ ...known, name, line, timeout, longest: LONGEST_COMPLAINT });
    const { failure, isGone, exitCode, errors, notWhole, milliseconds } = run;
    if (failure?.type === FailureType.OutcomeUnknown) throw isGone ? new AttemptLost(failure) : failure;
    return { exitCode, problem: failure?.message, errors, notWhole, milliseconds };
  };

/** Whatever ends a program three times, ends it a fourth time, too. */
const MOST_ATTEMPTS = 3;

/** Makes what is nobody else's: where an attempt at it is lost, it is made anew beside that one. */
export async function untilMade<T>(make: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await make(attempt);
    } catch (error) {
      if (!(error instanceof AttemptLost)) throw error;
      if (attempt === MOST_ATTEMPTS) throw error.failure;
    }
  }
}

/** It says nothing of a dump or a restore: the next attempt goes on from here, or people are asked what is at work. */
export const isInterrupted = (error: unknown): boolean =>
  (error instanceof ApplicationFailure && OF_THE_RUNNER.includes(error.type)) ||
  isOwnTrouble(error) ||
  (Context.current().cancellationSignal.aborted && !isCancelled());

const OF_THE_RUNNER: (string | null | undefined)[] = [FailureType.OutcomeUnknown, FailureType.RunnerFailed];

/** A server that is away is worth some tries: a minute, with the pauses in between. */
const MOST_TRIES = 5;

/** What is worth another try is so for some tries only: then people should hear of it. */
export async function withinTries<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { info, cancellationSignal } = Context.current();
    if (!(error instanceof ApplicationFailure) || error.nonRetryable) throw error;
    if (cancellationSignal.aborted || info.attempt < MOST_TRIES) throw error;
    const { message, type } = error;
    throw ApplicationFailure.nonRetryable(message, type);
  }
}
