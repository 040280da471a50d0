/** Runs the demo in a state folder of its own; everything is stopped and removed when the test file has ended. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { resetState } from '../../sandbox/local/state.js';
import { summary } from '../../src/client/commands/demo.js';
import { type DemoOptions, type DemoRun, runDemo } from '../../src/demo/run.js';
import { claimHome } from '../helpers/own-home.js';

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
  await claimHome(home);
  return home;
}

export async function demo(
  home: string,
  options: Partial<Pick<DemoOptions, 'fault' | 'ask' | 'signal' | 'onLedger'>> = {},
): Promise<DemoRun> {
  const run = await runDemo({
    home,
    reset: false,
    fault: options.fault,
    ask: options.ask,
    signal: options.signal ?? new AbortController().signal,
    progress: () => {},
    onLedger: options.onLedger ?? (() => {}),
  });
  runs.push(run);
  return run;
}

/** A demo in which this goes wrong. In one folder, one run after the other: each begins at the checklist's starting point. */
export async function rolledBack(home: string, fault: string, signal: AbortSignal) {
  const run = await demo(home, { fault, signal });
  const operations = await readFile(join(home, 'environments', 'production', 'operations.log'), 'utf8');
  const { production } = run;
  await run.stop();
  return { document: summary(run), production, operations };
}
