/** What time it is by the Temporal server: it says so of whoever has just asked it for work. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connected } from './connection.js';
import { CliError, EXIT, innermost } from './errors.js';

/** Nobody puts any work there. */
const QUEUE = 'surefoot-clock';
/** Temporal's number for activities. */
const OF_ACTIVITIES = 2;
const ANSWER_WITHIN = 5_000;
/** The server takes nobody who asks for less than a moment. */
const LONGEST_POLL = 30_000;

/**
 * How far this machine's clock is ahead of the server's, milliseconds; behind where it is negative, and 0 where nothing
 * speaks for a difference.
 * @throws CliError exit 3 where the server does not say what time it is
 */
export async function aheadOfServer(connected: Pick<Connected, 'connection' | 'namespace'>): Promise<number> {
  const { connection, namespace } = connected;
  const identity = `surefoot-clock-${randomBytes(8).toString('hex')}`;
  const given = new AbortController();
  const before = Date.now();
  const taskQueue = { name: QUEUE };
  const ask = () => connection.workflowService.pollActivityTaskQueue({ namespace, taskQueue, identity });
  const polling = connection.withDeadline(before + LONGEST_POLL, () => connection.withAbortSignal(given.signal, ask));
  let refusal: unknown;
  polling.catch((error: unknown) => {
    refusal = error;
  });
  try {
    for (let waited = 0; waited < ANSWER_WITHIN && refusal === undefined; waited += 50) {
      const at = await timeOf(connected, identity);
      if (at !== undefined) return apart(at, before, Date.now());
      await sleep(50);
    }
  } catch (error) {
    refusal = error;
  } finally {
    given.abort();
  }
  throw new CliError(
    `What time it is by Temporal is not known: ${refusal ? innermost(refusal) : 'it has not said so'}`,
    {
      hint: 'Nothing is removed while one clock alone says how old it is. Try it again.',
      exitCode: EXIT.unreachable,
    },
  );
}

async function timeOf({ connection, namespace }: Pick<Connected, 'connection' | 'namespace'>, identity: string) {
  const asked = { namespace, taskQueue: { name: QUEUE }, taskQueueType: OF_ACTIVITIES };
  const { pollers } = await connection.withDeadline(Date.now() + ANSWER_WITHIN, () =>
    connection.workflowService.describeTaskQueue(asked),
  );
  const { lastAccessTime: at } = pollers?.find((poller) => poller.identity === identity) ?? {};
  return at ? Number(at.seconds ?? 0) * 1_000 + (at.nanos ?? 0) / 1e6 : undefined;
}

/** The server's time is of some moment between these two of this machine. */
function apart(server: number, before: number, after: number): number {
  if (server < before) return before - server;
  return server > after ? after - server : 0;
}
