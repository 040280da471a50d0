/** What the CLI ends with: 0 good, 1 the deployment went badly, 2 wrong usage or plan, 3 a needed service is away. */
export const EXIT = { good: 0, badly: 1, usage: 2, unreachable: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure as a person reads it: `message` says what and where, `hint` what to do. Wrong usage unless said otherwise. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly hint: string;
  readonly exitCode: ExitCode;

  constructor(message: string, options: { hint: string; exitCode?: ExitCode; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.hint = options.hint;
    this.exitCode = options.exitCode ?? EXIT.usage;
  }
}

export const usageError = (message: string, hint: string): CliError => new CliError(message, { hint });

/** The innermost words of a thrown thing: gRPC and update errors carry what matters in their causes. */
export function innermost(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  if (!(current instanceof Error)) return String(current);
  const details = (current as { details?: unknown }).details;
  return typeof details === 'string' && details !== '' ? details : current.message;
}
