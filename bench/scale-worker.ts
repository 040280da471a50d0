/**
 * The worker of {@link file://./scale.ts}, in a process of its own: `runWorker` itself, in a world that answers at once.
 * The samples of production's watches are really taken, over HTTP from a target, and each is told to the bench.
 *
 *   node dist/bench/scale-worker.js ADDRESS STATE
 */
import { runnerIdentity } from '../src/adapters/commands/runner-identity.js';
import { runnerQueue } from '../src/contract/names.js';
import { runWorker } from '../src/worker.js';
import { inWorld, type WorldCall } from './world.js';

/** A tick whose sampling has begun. Epoch milliseconds. */
export interface Tick {
  monitor: string;
  at: number;
  /** When the metric was known last: on its first tick, when the watch began. */
  since: number;
}

/** What the process has used so far; and what it uses now. */
export interface Usage {
  /** Milliseconds of processor time, user and system. */
  cpu: number;
  /** Bytes. */
  memory: number;
}

export type Said = { tick: Tick } | { usage: Usage };

const say = (said: Said) => process.send?.(said);

function perform({ activity, input, workflowId, answer, real }: WorldCall): unknown {
  if (activity !== 'sampleMetrics' || !workflowId.endsWith('/watch-24h')) return answer();
  const { since } = input as { since: Record<string, number> };
  say({ tick: { monitor: workflowId, at: Date.now(), since: Math.min(...Object.values(since)) } });
  return real();
}

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  say({ usage: { cpu: (user + system) / 1_000, memory: process.memoryUsage.rss() } });
});
process.on('disconnect', () => process.exit());

const [address = '', state = ''] = process.argv.slice(2);
const runner = runnerQueue((await runnerIdentity(state)).identity);
await runWorker({
  connection: { address },
  namespace: 'default',
  state,
  activityInterceptors: [inWorld(perform, { breaks: false, runner })],
  logLevel: 'error',
});
