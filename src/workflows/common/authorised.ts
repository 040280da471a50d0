/** Calls of what acts, each with the words of the people by which it is done. */
import type { Authority } from '../../contract/envelope.js';

export interface Acting {
  /** The task queue of the machine that acts. */
  runner: string;
  /** Nothing where the runner has no policy. */
  authority?: Authority;
}

type Untyped = Record<string, { executeWithOptions(options: object, args: object[]): Promise<unknown> }>;

/** The same calls, whose input has `authority` too: the runner's policy is asked about it right before the act. */
export function authorised<A extends object>(calls: A, authority: Authority | undefined): A {
  if (!authority) return calls;
  const call = (name: string) => ({
    executeWithOptions: (options: object, [input]: object[]) =>
      (calls as Untyped)[name]?.executeWithOptions(options, [{ ...input, authority }]),
  });
  return new Proxy(calls, { get: (_, name) => call(String(name)) });
}
