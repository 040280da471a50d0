/** Calls of what acts, each with the words of the people by which it is done. */
import type { Authority } from '../../contract/envelope.js';

type Untyped = Record<string, { executeWithOptions(options: object, args: object[]): Promise<unknown> }>;

/**
 * The same calls, whose input has `authority` too: the runner's policy is asked about it right before the act.
 * @param authority nothing where the runner has no policy
 */
export function authorised<A extends object>(calls: A, authority: Authority | undefined): A {
  if (!authority) return calls;
  const call = (name: string) => ({
    executeWithOptions: (options: object, [input]: object[]) =>
      (calls as Untyped)[name]?.executeWithOptions(options, [{ ...input, authority }]),
  });
  return new Proxy(calls, { get: (_, name) => call(String(name)) });
}
