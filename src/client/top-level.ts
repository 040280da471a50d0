/** What is said about an error that no command has put into words. */
import { isGrpcServiceError } from '@temporalio/client';
import { SandboxError } from '../local/errors.js';
import { PlanError } from '../plan/core/problems.js';
import { CliError, EXIT, type ExitCode, innermost } from '../temporal/errors.js';

const DEBUG = 'Run it again with SUREFOOT_DEBUG=1 for the whole story.';

/** Sandbox failures that the person at the terminal can put right by calling it otherwise. */
const SANDBOX_USAGE: readonly string[] = ['sandbox-in-use', 'not-a-state-folder'];

export function explainError(error: unknown): { message: string; hint: string; exitCode: ExitCode } {
  if (error instanceof CliError) return { message: error.message, hint: error.hint, exitCode: error.exitCode };
  if (error instanceof SandboxError) {
    const exitCode = SANDBOX_USAGE.includes(error.code) ? EXIT.usage : EXIT.unreachable;
    return { message: error.message, hint: error.hint, exitCode };
  }
  if (error instanceof PlanError) {
    return { message: error.message, hint: 'Put the plan right; nothing was started.', exitCode: EXIT.usage };
  }
  const unreadable = aboutPayloadKeys(innermost(error));
  if (unreadable !== undefined) {
    const hint = 'Set SUREFOOT_PAYLOAD_KEYS as the workers have it; see docs/security.md.';
    return { message: unreadable, hint, exitCode: EXIT.usage };
  }
  if (comesFromServer(error)) {
    const hint = `Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and the rights of the API key or certificate. ${DEBUG}`;
    return { message: `Temporal refused or did not answer: ${innermost(error)}`, hint, exitCode: EXIT.unreachable };
  }
  return { message: `Unexpected: ${innermost(error)}`, hint: DEBUG, exitCode: EXIT.badly };
}

/** What the codec or, without one, the SDK says of a payload that cannot be read here; undefined for anything else. */
function aboutPayloadKeys(message: string): string | undefined {
  if (message.includes('binary/encrypted'))
    return 'What Temporal holds is encrypted, and SUREFOOT_PAYLOAD_KEYS is not set here';
  return /SUREFOOT_PAYLOAD_KEYS|cannot be decrypted with the key|^A payload (is|was) /.test(message)
    ? message
    : undefined;
}

function comesFromServer(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (isGrpcServiceError(current) || current.name === 'ServiceError') return true;
  }
  return false;
}
