/** A small sample of `npm run test:kill`, and that it sees a build that does things twice. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { damageOf } from '../kill/journal.js';
import { Lane, type Victim } from '../kill/run.js';
import { isClean, sweep } from '../kill/sweep.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surefoot-kill-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** Where the recorder is killed with its worker, both are in it; all of them alone are for the whole sweep. */
const KILLED: Victim[] = ['worker', 'both'];

test('SIGKILL of worker, and of worker and recorder: nothing is lost, doubled or overlapping, and it ends as undisturbed', async () => {
  const rows = await sweep(folder, { paths: ['full'], victims: KILLED, sample: 3, lanes: 1 });
  expect(rows.filter((row) => !isClean(row))).toEqual([]);
  expect(rows.map(({ who, swept }) => [who, swept])).toEqual(KILLED.map((who) => [who, 3]));
}, 600_000);

test('a worker that forgets what it has begun is caught: the journal has a command twice', async () => {
  const lane = await Lane.start(join(folder, 'forgetful'));
  try {
    const kill = { moment: 'production.deploy/1/command running', who: 'worker' } as const;
    const run = await lane.run('happy', [kill], { forgetful: true });
    expect(run.fired).toEqual([kill]);
    const [twice] = damageOf([], run.journal, 'anew').doubled;
    expect(twice).toBe('production.deploy: production deploy v2.0.0 (generation 1)');
  } finally {
    await lane.stop();
  }
}, 300_000);
