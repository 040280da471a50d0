/** Every way in which the sandbox can refuse or fail, by name. */
export type SandboxErrorCode =
  | 'unsupported-platform'
  | 'python-missing'
  | 'download-failed'
  | 'temporal-cli-unusable'
  | 'temporal-start-failed'
  | 'postgres-missing'
  | 'postgres-start-failed'
  | 'no-unprivileged-account'
  | 'virtual-environment-failed'
  | 'target-missing'
  | 'target-failed'
  | 'sandbox-in-use'
  | 'not-a-state-folder'
  | 'service-died'
  | 'timeout'
  | 'stopped';

/** A failure of the sandbox: `message` says what and where, `hint` what to do about it. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
  readonly code: SandboxErrorCode;
  readonly hint: string;

  constructor(code: SandboxErrorCode, message: string, options: { hint: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** The words of any thrown thing, for use inside another message. */
export function reason(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reason).join('; ');
  return error instanceof Error ? error.message : String(error);
}
