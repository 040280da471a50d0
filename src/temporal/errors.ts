import { innermostOf, messageOf } from '../domain/message.js';

/** What the CLI ends with: 0 good, 1 the deployment went badly, 2 wrong usage or plan, 3 a needed service is away, 4 not over yet. */
export const EXIT = { good: 0, badly: 1, usage: 2, unreachable: 3, underway: 4 } as const;
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

/** The innermost words of a thrown thing; those of gRPC are in its details. */
export function innermost(error: unknown): string {
  const failure = innermostOf(error);
  const details = failure instanceof Error ? (failure as { details?: unknown }).details : undefined;
  return typeof details === 'string' && details !== '' ? details : messageOf(failure);
}
