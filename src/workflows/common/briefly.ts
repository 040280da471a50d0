/** Calls that as a rule take a moment: local for that moment, ordinary activities when they take longer. */
import {
  type ActivityOptions,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  TemporalFailure,
} from '@temporalio/workflow';
import { innermostOf } from '../../domain/message.js';

/**
 * How long a local try may take. While one is under way the workflow hears and answers nobody, and after 10 s the server
 * takes its task away. Milliseconds.
 */
export const MOMENT = 2_000;

/** What a call brings about on the history, for people. */
interface CallOptions {
  summary: string;
}

/** Activities as they are called. */
export type Calls<A> = {
  [K in keyof A]: A[K] extends (...input: infer I) => infer R
    ? { executeWithOptions(options: CallOptions, args: I): R }
    : never;
};

/**
 * Each call is tried once as a local activity, which costs the history one event instead of six. When its time is not
 * ours to bound and it takes longer than a {@link MOMENT}, or it fails, it is made again as an ordinary activity, and
 * the workflow listens meanwhile. For what may be done twice: the local try may still be at its end by then.
 * @param options of the ordinary activity; what it fails with is what the call fails with
 * @param moment how long the local try may take, milliseconds
 */
export function briefly<A>(options: ActivityOptions, moment = MOMENT): Calls<A> {
  const local = proxyLocalActivities<Untyped>({ startToCloseTimeout: moment, retry: { maximumAttempts: 1 } });
  const ordinary = proxyActivities<Untyped>(options);
  const call = (name: string) => ({
    async executeWithOptions(how: CallOptions, args: unknown[]) {
      try {
        return await local[name]?.executeWithOptions(how, args);
      } catch (error) {
        if (!isWorthAnotherTry(error)) throw error;
        return ordinary[name]?.executeWithOptions(how, args);
      }
    },
  });
  return new Proxy({}, { get: (_, name) => call(String(name)) }) as Calls<A>;
}

type Untyped = Record<string, (...input: unknown[]) => Promise<unknown>>;

/**
 * As the server would judge it of an ordinary activity. By the innermost failure: a local activity's is wrapped in an
 * ActivityFailure when it happens, and bare when it is replayed from the history.
 */
export function isWorthAnotherTry(error: unknown): boolean {
  if (!(error instanceof TemporalFailure) || isCancellation(error)) return false;
  const innermost = innermostOf(error);
  return !(innermost instanceof ApplicationFailure && innermost.nonRetryable);
}
