/** The benches are built as `npm run bench` builds them, and the shortest are run: figures are for a quiet machine. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { projectFolder } from '../../src/local/folders.js';

const run = promisify(execFile);

beforeAll(() =>
  run(process.execPath, ['node_modules/rolldown/bin/cli.mjs', '-c', 'bench/rolldown.config.js'], {
    cwd: projectFolder(),
  }),
);

/** What a bench says, whether its bound is met or not. */
async function figuresOf(name: string, ...args: string[]) {
  const program = join(projectFolder(), 'dist', 'bench', `${name}.js`);
  const { stdout } = await run(process.execPath, [program, ...args, '--json'], { cwd: projectFolder() }).catch(
    (error: { stdout: string }) => error,
  );
  return JSON.parse(stdout) as { machine: string; rows: Record<string, unknown>[] };
}

test('a sign-off is timed against a bare workflow', async () => {
  const { machine, rows } = await figuresOf('approval', '--rounds', '1');
  expect(machine).toContain(process.version);
  expect(rows).toEqual([
    expect.objectContaining({ what: 'last sign-off → next step', pairs: 1, surefoot: expect.any(Number) }),
  ]);
}, 180_000);

test('what it takes to verify by whose word an act is done is timed against the act alone', async () => {
  const { rows } = await figuresOf('verification', '--rounds', '1');
  const [added, p95, first] = Array.from({ length: 3 }, () => expect.any(Number));
  expect(rows).toEqual([expect.objectContaining({ what: '6 signed words before an act', acts: 1, added, p95, first })]);
}, 60_000);
