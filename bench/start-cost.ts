/**
 * What the command line costs before and while it answers: processor time (user and system) of whole processes, each
 * against `node -e 0` of the same round, on a real server with a real worker and a deployment that waits for somebody.
 * Exit 1 when a bound is missed.
 *
 * Loading the Temporal client as it is installed, which is the row before `status`, costs more than four times as much
 * as Node: the commands that ask are bundled (`src/client/bundle.ts`).
 *
 *   npm run bench:start [-- --json]
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { percentile } from '../src/domain/statistics.js';
import { projectFolder } from '../src/local/folders.js';
import { choosePorts } from '../src/local/ports.js';
import { startTemporalServer } from '../src/local/temporal.js';
import { warnOfLoad } from './machine.js';

const ROUNDS = 21;
const MAIN = join(projectFolder(), 'dist', 'src', 'client', 'main.js');
const PLANS = join(projectFolder(), 'plans');

interface Subject {
  name: string;
  args: string[];
  /** At most so many times `node -e 0`. */
  bound?: number;
}

const BASE: Subject = { name: 'node -e 0', args: ['-e', '0'] };
const SUBJECTS: readonly Subject[] = [
  { name: 'surefoot --help', args: [MAIN, '--help'], bound: 4 },
  { name: 'surefoot --version', args: [MAIN, '--version'], bound: 4 },
  { name: 'surefoot statsu', args: [MAIN, 'statsu'], bound: 4 },
  { name: '@temporalio/client, loaded', args: ['-e', "require('@temporalio/client')"] },
  { name: 'surefoot status', args: [MAIN, 'status', '--json'], bound: 4 },
];

/** Milliseconds of processor time of one process, as it says itself at its end. */
function processorTime(args: readonly string[], { hook, env }: { hook: string; env: NodeJS.ProcessEnv }): number {
  const { output, stderr, status } = spawnSync(process.execPath, ['--require', hook, ...args], {
    cwd: projectFolder(),
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const said = Number(output[3]);
  // 2: a mistyped command is wrong usage.
  if (!(said > 0) || (status !== 0 && status !== 2))
    throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return said;
}

const HOOK = `process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  require('node:fs').writeSync(3, String((user + system) / 1000));
});`;

/** Works while a deployment, carried out by a worker of its own on a server of its own, waits for somebody. */
async function whileOneWaits<T>(folder: string, work: (env: NodeJS.ProcessEnv) => T): Promise<T> {
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  const server = await startTemporalServer({ folder, ports, virtualTime: false });
  const config = join(folder, 'none.toml');
  const env = { ...process.env, TEMPORAL_ADDRESS: server.address, TEMPORAL_CONFIG_FILE: config, SUREFOOT_HOME: folder };
  const worker = spawn(process.execPath, [MAIN, 'worker', '--state', join(folder, 'state')], { env, stdio: 'ignore' });
  try {
    // A copy: what its steps find is written beside it.
    cpSync(PLANS, join(folder, 'plans'), { recursive: true });
    const plan = join(folder, 'plans', 'eduautismo-performance.yaml');
    const surefoot = (...args: string[]) => spawnSync(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' });
    const started = surefoot('start', plan, '--as', 'ana.souza');
    if (started.status !== 0) throw new Error(`no deployment could be started: ${started.stderr}`);
    // The repository of the plan is not here: its first step fails, and the deployment asks what to do.
    while (!/"questions": \[\s*\{/.test(surefoot('status', '--json').stdout)) await setTimeout(500);
    return work(env);
  } finally {
    worker.kill('SIGKILL');
    await server.stop();
  }
}

async function measure(): Promise<number> {
  warnOfLoad();
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-start-cost-'));
  try {
    const hook = join(folder, 'processor-time.cjs');
    writeFileSync(hook, HOOK);
    const rounds = await whileOneWaits(folder, (env) =>
      // In turn, so that a slow moment of the machine meets all.
      Array.from({ length: ROUNDS }, () => [BASE, ...SUBJECTS].map(({ args }) => processorTime(args, { hook, env }))),
    );
    const median = (of: (times: number[]) => number) => percentile(rounds.map(of), 50);
    const rows = [BASE, ...SUBJECTS].map(({ name, bound }, index) => {
      const ratio = median((times) => (times[index] ?? Number.NaN) / (times[0] ?? Number.NaN));
      return {
        name,
        milliseconds: Math.round(median((times) => times[index] ?? Number.NaN)),
        ratio: Math.round(ratio * 100) / 100,
        bound: bound === undefined ? 'none' : ratio <= bound ? 'pass' : 'FAIL',
      };
    });
    const good = rows.every((row) => row.bound !== 'FAIL');
    if (process.argv.includes('--json'))
      console.log(JSON.stringify({ node: process.version, rounds: ROUNDS, good, rows }));
    else {
      console.table(rows);
      console.log(`${good ? 'All bounds are met' : 'A bound is missed: see FAIL above'} (Node ${process.version}).`);
    }
    return good ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await measure();
