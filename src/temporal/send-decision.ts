/** What a person says, handed to the deployment that it is about. */
import {
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { decideUpdate } from '../contract/messages.js';
import type { Decision } from '../domain/ledger/ledger.js';
import type { Connected } from './connection.js';
import { type FoundDeployment, unansweredError } from './deployments.js';
import { CliError, innermost, usageError } from './errors.js';

const DECIDE_WITHIN = 15_000;

/** The error that says that it is too late. */
export function notRunning(found: FoundDeployment): CliError {
  const name = found.deployment ?? found.workflowId;
  return usageError(
    `${name} is not running any more (${found.status.toLowerCase()}); nothing can be decided about it`,
    `See how it ended with \`surefoot status ${name}\`.`,
  );
}

/**
 * @returns what it led to
 * @throws CliError exit 2 where it is refused, 3 where nobody answers
 */
export async function sendDecision(connected: Connected, found: FoundDeployment, decision: Decision): Promise<string> {
  try {
    const update = () => found.handle.executeUpdate(decideUpdate, { args: [decision] });
    return await connected.connection.withDeadline(Date.now() + DECIDE_WITHIN, update);
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      throw usageError(`Refused: ${innermost(error)}`, `See what is waited for with \`surefoot status\`.`);
    }
    if (error instanceof WorkflowNotFoundError) throw notRunning({ ...found, status: 'ended' });
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)) throw error;
    const { message, hint, exitCode } = await unansweredError(connected, found, error);
    throw new CliError(`${message}. The decision was not taken within ${DECIDE_WITHIN / 1_000} s`, {
      hint: `${hint} Then see with \`surefoot status\` whether it has to be repeated.`,
      exitCode,
      cause: error,
    });
  }
}
