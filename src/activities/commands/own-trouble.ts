/**
 * Trouble of the runner's own: a disk that is full or read-only, a recorder that does not start, records that are gone.
 * It is waited out for some tries; then people are asked, for a deployment must not stand still for a week unheard.
 */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { NotBegun } from '../../adapters/commands/recorder.js';
import { whyNotOwn } from '../../adapters/commands/runner-identity.js';
import { FailureType } from '../../contract/errors.js';
import { messageOf } from '../../domain/message.js';
import { FileRefused } from '../../files/bounded-files.js';
import { hasBegunAny } from './heartbeat.js';

/** Half a minute, with the pauses in between. */
const MOST_TRIES = 5;

/** Does what needs the runner's own disk. @param title of the command, for people */
export async function withOwnTrouble<T>(title: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    // What the activity itself says is no trouble of the runner's.
    if (error instanceof ApplicationFailure || !isOwnTrouble(error)) throw error;
    if (Context.current().info.attempt < MOST_TRIES) throw error;
    throw error instanceof NotBegun
      ? failure(FailureType.RunnerFailed, `${title} was not begun: ${error.message}`)
      : failure(
          FailureType.OutcomeUnknown,
          `${title} may have run; what became of it cannot be kept: ${messageOf(error)}`,
        );
  }
}

/** Runs it only in the folder that the runner started with: the records of an earlier attempt are there, or nowhere. */
export async function inOwnFolder<T>(
  { state, runner }: { state: string; runner?: string },
  title: string,
  work: () => Promise<T>,
): Promise<T> {
  const lack = runner === undefined ? undefined : await whyNotOwn(state, runner);
  if (lack === undefined) return work();
  return withOwnTrouble(title, () => {
    throw hasBegunAny() ? recordGone(title) : new NotBegun(lack);
  });
}

/** A command that an earlier attempt has begun, and of which nothing is there any more. */
export const recordGone = (title: string): ApplicationFailure =>
  failure(
    FailureType.OutcomeUnknown,
    `${title} was begun, and its record is gone: the state folder has been emptied, or is another one than it was`,
  );

/** Of the runner's own disk, or of its recorder: it says nothing of what was to be done. */
export const isOwnTrouble = (error: unknown): boolean =>
  [NotBegun, SyntaxError, FileRefused].some((kind) => error instanceof kind) || LOCAL.includes(codeOf(error) ?? '');

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;

/** The system's words for what a disk or a folder refuses. */
const LOCAL = ['ENOSPC', 'EDQUOT', 'EFBIG', 'EROFS', 'EACCES', 'EPERM', 'EIO', 'ENOENT', 'ENOTDIR', 'EISDIR', 'ESTALE'];

const failure = (type: FailureType, message: string): ApplicationFailure =>
  ApplicationFailure.create({ type, message, nonRetryable: true });
