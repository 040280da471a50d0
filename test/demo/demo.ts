/** Runs the demo in a state folder of its own; everything is stopped and removed when the test file has ended. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { resetState } from '../../sandbox/local/state.js';
import { type DemoRun, runDemo } from '../../src/demo/run.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';

const homes: string[] = [];
const runs: DemoRun[] = [];

afterAll(async () => {
  for (const run of runs) await run.stop();
  for (const home of homes) {
    await resetState(home);
    await rm(home, { recursive: true, force: true });
  }
});

export async function newHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'surefoot-demo-'));
  homes.push(home);
  return home;
}

export async function demo(
  home: string,
  options: { fault?: string; signal?: AbortSignal; onLedger?: (ledger: Ledger) => void } = {},
): Promise<DemoRun> {
  const run = await runDemo({
    home,
    reset: false,
    fault: options.fault,
    signal: options.signal ?? new AbortController().signal,
    progress: () => {},
    onLedger: options.onLedger ?? (() => {}),
  });
  runs.push(run);
  return run;
}
