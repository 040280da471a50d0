/** What is shipped stands without the sandbox: the built code, its package and its libraries, in a folder of their own. */
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = resolve('.');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'surefoot-shipped-'));
  const sandbox = join(root, 'dist', 'sandbox');
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true, filter: (path) => !path.startsWith(sandbox) });
  for (const each of ['package.json', 'plans']) cpSync(join(root, each), join(folder, each), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const surefoot = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join('dist', 'src', 'client', 'main.js'), ...args], { cwd: folder });

test.each([
  ['--version', /^\d+\.\d+\.\d+$/m],
  ['worker --help', /surefoot worker/],
  ['plan check plans/eduautismo-performance.yaml', /./],
  ['rehearse --help', /surefoot rehearse/],
  ['sandbox fault --help', /errors/],
])('surefoot %s works where there is no sandbox', async (command, says) => {
  expect((await surefoot(...command.split(' '))).stdout).toMatch(says);
});

test('only the demo and the sandbox need it, and then they say what is missing', async () => {
  await expect(surefoot('sandbox')).rejects.toMatchObject({ stderr: expect.stringContaining('sandbox') });
});
