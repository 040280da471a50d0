/** Keeps the demo's worker running: when it is killed, another takes over where it was. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../local/folders.js';
import type { DemoWorkerInput } from './worker-process.js';

/** The built one, also under test: a process of its own runs what is shipped. */
const PROGRAM = join(projectFolder(), 'dist', 'src', 'demo', 'worker-process.js');
/** A worker that dies this often is broken, not killed. */
const MOST_DEATHS = 20;

export interface SupervisedWorker {
  pid(): number | undefined;
  deaths(): number;
  stop(): Promise<void>;
}

export function superviseWorker(
  input: DemoWorkerInput,
  options: { environment: NodeJS.ProcessEnv; home: string; onDeath: (text: string) => void },
): SupervisedWorker {
  const log = openSync(join(options.home, 'worker.log'), 'a', 0o600);
  let child: ChildProcess | undefined;
  let deaths = 0;
  let stopping = false;

  const start = () => {
    child = spawn(process.execPath, ['--enable-source-maps', PROGRAM, JSON.stringify(input)], {
      env: options.environment,
      stdio: ['ignore', log, log],
      // Its own process group: Ctrl-C reaches the demo alone, which then stops everything in order.
      detached: true,
    });
    child.once('exit', (code, signal) => {
      if (stopping) return;
      deaths += 1;
      options.onDeath(`the worker ended (${signal ?? `exit code ${code}`}); another one takes over`);
      if (deaths < MOST_DEATHS) setTimeout(start, 250);
    });
  };
  start();

  return {
    pid: () => child?.pid,
    deaths: () => deaths,
    async stop() {
      stopping = true;
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const killer = setTimeout(() => child?.kill('SIGKILL'), 4_000);
      await ended;
      clearTimeout(killer);
    },
  };
}
