/** moto, a stand-in for AWS, as a real server: https://docs.getmoto.org. It keeps to a Python environment of its own. */
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { vi } from 'vitest';
import { cacheFolder } from '../../src/local/folders.js';
import { deadPort } from './server.js';

const run = promisify(execFile);

const VERSION = '5.2.5';
const HOME = join(cacheFolder(), `moto-${VERSION}`);

export interface Moto {
  url: string;
  stop: () => Promise<void>;
}

/** @throws Error when Python or the packages cannot be had */
export async function startMoto(): Promise<Moto> {
  const python = await findPython();
  const port = await deadPort();
  const server = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => fetch(`${url}/moto-api/`), { timeout: 60_000, interval: 200 });
  return {
    url,
    stop: async () => {
      server.kill('SIGKILL');
      await ended;
    },
  };
}

/** The environment is made by whoever needs it first; two at once each make one, and one of them stays. */
async function findPython(): Promise<string> {
  const python = join(HOME, 'bin', 'python');
  if (existsSync(python)) return python;
  await mkdir(dirname(HOME), { recursive: true });
  const scratch = await mkdtemp(`${HOME}.new-`);
  try {
    await run('python3', ['-m', 'venv', scratch]);
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `moto[server]==${VERSION}`];
    await run(join(scratch, 'bin', 'python'), install, { timeout: 240_000 });
    await rename(scratch, HOME);
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    if (!existsSync(python)) throw new Error(`moto ${VERSION} could not be installed`, { cause: error });
  }
  return python;
}
