/**
 * Many whole deployments at once, each in its watch of 24 hours with a question open: how many ticks come in time, and
 * what one costs. The worker is the real one, in a process of its own; its monitors sample a target on this machine
 * every minute, as the shipped plan has it. Everything before the watch is answered at once.
 *
 * A tick is late when its sampling begins more than 2 s after it was due, or has not begun by then: exit 1 when more
 * than 1 in 100 are. For each number of deployments, 200 where none is said: those are started, the first tick of each is
 * waited for, and then a minute and a few seconds are measured.
 *
 *   npm run bench:scale [-- SIZE… --workers N --heap MB --seconds N --json]
 *
 * All sizes, past the cache, and with two workers (the largest takes long to get there):
 *
 *   npm run bench:scale -- 200 500 2000
 *   npm run bench:scale -- 500 --heap 700
 *   npm run bench:scale -- 500 --workers 2
 *
 * `--heap` bounds the heap of each worker in MB, and with it the workflows that the SDK keeps in its cache (0.6 for each
 * MB beyond 200): with fewer than two for each deployment every tick replays a history.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import type { ResolvedPlan } from '../src/contract/plan/plan.js';
import { percentile } from '../src/domain/statistics.js';
import { warnOfLoad } from './machine.js';
import { flag, round, tell } from './pairs.js';
import { benchPlan, unsigned } from './plan.js';
import type { Said, Tick, Usage } from './scale-worker.js';
import { deploy, onServer, served } from './stage.js';

const LATE = 2_000;
const IN_TIME = 0.99;
const TICK = 60_000;
const DAY = 24 * 3_600_000;
/** Deployments on their way into the watch at once. */
const STARTING = 20;
const MB = 1024 ** 2;

/** Everything is well, but for what people are asked about. */
function serveTarget(): Promise<{ url: string; close: () => void }> {
  const target = createServer((_, response) => response.end('errors 1\nlatency 1\ncpu 99\n'));
  return new Promise((resolve) => {
    target.listen(0, '127.0.0.1', () => {
      const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/metrics`;
      resolve({ url, close: () => target.close() });
    });
  });
}

/** Straight to production, and into the watch of 24 hours. */
function planOf(service: string, url: string): ResolvedPlan {
  const { soak: _, ...plan } = unsigned(benchPlan(service));
  const { production } = plan.environments;
  const [, asking] = plan.watches;
  if (!asking) throw new Error('the plan has no watch that asks');
  const metrics = asking.metrics.map((metric) => ({
    ...metric,
    source: { ...metric.source, url } as typeof metric.source,
  }));
  const consider = { within: 2 * DAY, otherwise: 'continue' } as const;
  return {
    ...plan,
    environments: { production },
    watches: [{ ...asking, id: 'watch-24h', duration: DAY, tick: TICK, metrics, consider }],
  };
}

/** The workers' processes, and what they say. */
class Workers {
  /** When each monitor's watch began, and when each of its ticks did. */
  readonly monitors = new Map<string, { startedAt: number; ticks: number[] }>();

  private constructor(private readonly processes: readonly ChildProcess[]) {
    for (const worker of processes) worker.on('message', (said: Said) => 'tick' in said && this.note(said.tick));
  }

  static async start(at: { folder: string; address: string; client: Client }, count: number): Promise<Workers> {
    const program = fileURLToPath(new URL('scale-worker.js', import.meta.url));
    const heap = process.argv.includes('--heap') ? [`--max-old-space-size=${flag('heap', 0)}`] : [];
    const processes = Array.from({ length: count }, (_, index) =>
      fork(program, [at.address, join(at.folder, `state-${index}`)], { execArgv: heap }),
    );
    const workers = new Workers(processes);
    const ended = Promise.race(processes.map((worker) => once(worker, 'exit')));
    await Promise.race([served(at.client, count), ended.then(() => Promise.reject(new Error('a worker has ended')))]);
    return workers;
  }

  private note({ monitor, at, since }: Tick): void {
    const known = this.monitors.get(monitor) ?? { startedAt: since, ticks: [] };
    this.monitors.set(monitor, known);
    known.ticks.push(at);
  }

  /** Of all of them together. */
  async usage(): Promise<Usage> {
    const each = await Promise.all(
      this.processes.map(async (worker) => {
        const said = new Promise<Usage>((resolve) => {
          const listen = (message: Said) => {
            if (!('usage' in message)) return;
            worker.off('message', listen);
            resolve(message.usage);
          };
          worker.on('message', listen);
        });
        worker.send('usage');
        return said;
      }),
    );
    const sum = (of: (usage: Usage) => number) => each.reduce((total, usage) => total + of(usage), 0);
    return { cpu: sum(({ cpu }) => cpu), memory: sum(({ memory }) => memory) };
  }

  async stop(): Promise<void> {
    for (const worker of this.processes) {
      if (worker.exitCode !== null || worker.signalCode !== null) continue;
      worker.kill('SIGKILL');
      await once(worker, 'exit');
    }
  }
}

/**
 * How late each tick was that was due in this time, milliseconds: until the first sampling from then on. What a monitor has
 * left out on its way here, on a machine that had its hands full with starting others, is not counted; what it leaves out in
 * this time is.
 */
function lateness(monitors: Workers['monitors'], { from, to }: { from: number; to: number }): number[] {
  return [...monitors.values()].flatMap(({ startedAt, ticks }) => {
    const first = Math.max(Math.ceil((from - startedAt) / TICK), 1);
    const last = Math.floor((to - startedAt) / TICK);
    return Array.from({ length: Math.max(last - first + 1, 0) }, (_, index) => {
      const due = startedAt + (first + index) * TICK;
      return (ticks.find((at) => at >= due) ?? Number.POSITIVE_INFINITY) - due;
    });
  });
}

/** Milliseconds of processor time of a process, where Linux tells it; NaN elsewhere. */
function processorTimeOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

async function measure(): Promise<number> {
  warnOfLoad();
  const named = process.argv
    .slice(2)
    .filter((word, index, all) => /^\d+$/.test(word) && !all[index - 1]?.startsWith('--'));
  const sizes = (named.length > 0 ? named.map(Number) : [200]).sort((a, b) => a - b);
  const count = flag('workers', 1);
  const seconds = flag('seconds', 65);
  const target = await serveTarget();
  try {
    return await onServer(async (at) => {
      const workers = await Workers.start(at, count);
      try {
        const empty = await workers.usage();
        const rows = [];
        for (const size of sizes) {
          await grow(at, { workers, size, url: target.url });
          rows.push(await measureSize({ workers, size, count, seconds, empty, server: at.server.pid }));
        }
        return tell(rows);
      } finally {
        await workers.stop();
      }
    });
  } finally {
    target.close();
  }
}

/** Until so many deployments have ticked once in their watches, and have asked. */
async function grow(
  at: { client: Client; folder: string },
  { workers, size, url }: { workers: Workers; size: number; url: string },
): Promise<void> {
  const { monitors } = workers;
  const before = monitors.size;
  for (let started = before; started < size; started += 1) {
    await deploy(at, planOf(`bench-${started}`, url));
    const inWatch = () => at.client.workflow.count(`SurefootPhase = 'watch' AND ExecutionStatus = 'Running'`);
    if (started % STARTING === STARTING - 1) while ((await inWatch()).count < started - STARTING) await pause(100);
  }
  while (monitors.size < size) await pause(200);
}

async function measureSize(of: {
  workers: Workers;
  size: number;
  count: number;
  seconds: number;
  empty: Usage;
  server: number;
}) {
  const { workers, size, count, seconds, empty } = of;
  const from = Date.now();
  const [before, serverBefore] = [await workers.usage(), processorTimeOf(of.server)];
  // So much longer that the last tick may be in time.
  await pause(seconds * 1_000 + LATE);
  const [after, serverAfter] = [await workers.usage(), processorTimeOf(of.server)];
  const late = lateness(workers.monitors, { from, to: from + seconds * 1_000 });
  const inTime = late.filter((each) => each <= LATE).length / late.length;
  const each = (milliseconds: number) => round(milliseconds / late.length);
  return {
    deployments: size,
    workers: count,
    ticks: late.length,
    inTime: `${round(inTime * 100)} %`,
    p95: `${Math.round(percentile(late, 95))} ms`,
    workerCpuPerTick: `${each(after.cpu - before.cpu)} ms`,
    serverCpuPerTick: `${each(serverAfter - serverBefore)} ms`,
    memoryPerDeployment: `${round((before.memory - empty.memory) / size / MB)} MB`,
    memory: `${Math.round(after.memory / MB)} MB`,
    growthMeanwhile: `${Math.round((after.memory - before.memory) / MB)} MB`,
    bound: `${inTime >= IN_TIME ? 'pass' : 'FAIL'} (${IN_TIME * 100} %)`,
  };
}

process.exitCode = await measure();
