/** A small sample of `npm run test:kill`, and that it sees a build that does things twice. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { damageOf } from '../kill/journal.js';
import { Lane, VICTIMS } from '../kill/run.js';
import { isClean, sweep } from '../kill/sweep.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'surefoot-kill-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

test('SIGKILL of worker, recorder and both: nothing is lost, doubled or overlapping, and it ends as undisturbed', async () => {
  const rows = await sweep(folder, { paths: ['full'], victims: [...VICTIMS], sample: 3, lanes: 2 });
  expect(rows.filter((row) => !isClean(row))).toEqual([]);
  expect(rows.map(({ who, swept }) => [who, swept])).toEqual(VICTIMS.map((who) => [who, 3]));
}, 300_000);

test('a worker that forgets what it has begun is caught: the journal has a command twice', async () => {
  const lane = await Lane.start(join(folder, 'forgetful'));
  try {
    const kill = { moment: 'production.deploy/1/command running', who: 'worker' } as const;
    const run = await lane.run('happy', [kill], { forgetful: true });
    expect(run.fired).toEqual([kill]);
    const [twice] = damageOf([], run.journal, true).doubled;
    expect(twice).toBe('production.deploy: production deploy v2.0.0 (generation 1)');
  } finally {
    await lane.stop();
  }
}, 180_000);
