import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { SandboxError } from '../../src/local/errors.js';
import { stopLeftovers } from '../../src/local/processes.js';
import { stopApplications } from './applications.js';
import { removeExternalFolder } from './external-folder.js';
import { acquireLock, type Lock } from './lock.js';

const MARKER = '.surefoot-state';

/** The one folder that holds all of a sandbox's state, locked for this process. */
export type State = {
  folder: string;
  servicesFolder: string;
  logsFolder: string;
  secretsFolder: string;
  /** Describes the running sandbox for other commands; absent when none runs. */
  descriptionFile: string;
  /** Removes the description and gives the lock back. */
  close(): Promise<void>;
};

/**
 * Opens the state folder, making it when absent, and locks it for this process.
 * @throws SandboxError `sandbox-in-use` when a live process holds it, `not-a-state-folder` when it holds other things.
 */
export async function openState(folder: string): Promise<State> {
  const home = resolve(folder);
  await claimFolder(home);
  const lock = await lockFolder(home);
  const state = {
    folder: home,
    servicesFolder: join(home, 'services'),
    logsFolder: join(home, 'logs'),
    secretsFolder: join(home, 'secrets'),
    descriptionFile: join(home, 'sandbox.json'),
    close: async () => {
      await rm(join(home, 'sandbox.json'), { force: true });
      await lock.release();
    },
  };
  await mkdir(state.servicesFolder, { recursive: true });
  await mkdir(state.logsFolder, { recursive: true });
  await mkdir(state.secretsFolder, { recursive: true, mode: 0o700 });
  await chmod(state.secretsFolder, 0o700);
  await rm(state.descriptionFile, { force: true });
  return state;
}

/**
 * Removes all of a sandbox's state, including what lies outside the folder. An absent folder is fine.
 * @throws SandboxError `sandbox-in-use` when a live process holds it, `not-a-state-folder` when it is something else.
 */
export async function resetState(folder: string): Promise<void> {
  const home = resolve(folder);
  const names = await readdir(home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw notAStateFolder(home, error);
  });
  if (names === undefined || names.length === 0) return;
  if (!names.includes(MARKER)) throw notAStateFolder(home);
  const lock = await lockFolder(home);
  await stopApplications(home);
  await stopLeftovers(join(home, 'services'));
  await removeExternalFolder(home);
  const kept = new Set([MARKER, 'lock.json']);
  for (const name of await readdir(home)) {
    if (!kept.has(name)) await rm(join(home, name), { recursive: true, force: true, maxRetries: 3 });
  }
  await rm(join(home, MARKER), { force: true });
  await lock.release();
  await rm(home, { recursive: true, force: true });
}

async function claimFolder(home: string): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 }).catch((error) => {
    throw notAStateFolder(home, error);
  });
  const names = await readdir(home);
  const isOurs = names.includes(MARKER);
  // Two first starts at once: the other one may have written its marker since, or be about to lock.
  if (!isOurs && names.length > 0 && !(await stat(join(home, MARKER)).catch(() => undefined)))
    throw notAStateFolder(home);
  await closeToOthers(home);
  if (!isOurs)
    await writeFile(join(home, MARKER), 'This folder belongs to surefoot; `surefoot demo --reset` clears it.\n');
}

/** The folder may have been there before, open to every user of this machine; it is to hold keys and passwords. */
async function closeToOthers(home: string): Promise<void> {
  await chmod(home, 0o700).catch((cause) => {
    throw new SandboxError('not-a-state-folder', `${home} belongs to another user of this machine`, {
      hint: 'Point SUREFOOT_HOME at a folder of your own, or at one that is absent.',
      cause,
    });
  });
}

async function lockFolder(home: string): Promise<Lock> {
  const result = await acquireLock(join(home, 'lock.json'));
  if ('lock' in result) return result.lock;
  const { pid, since } = result.heldBy;
  const uiUrl = await runningUiUrl(home);
  throw new SandboxError(
    'sandbox-in-use',
    `the sandbox in ${home} is in use by process ${pid} since ${since}${uiUrl ? `; its Web UI is ${uiUrl}` : ''}`,
    { hint: `Stop it (Ctrl-C there, or kill ${pid}), or use another folder: SUREFOOT_HOME=${home}-2.` },
  );
}

async function runningUiUrl(home: string): Promise<string | undefined> {
  try {
    const { temporal } = JSON.parse(await readFile(join(home, 'sandbox.json'), 'utf8')) as {
      temporal: { uiUrl: string };
    };
    return temporal.uiUrl;
  } catch {
    return undefined;
  }
}

function notAStateFolder(home: string, cause?: unknown): SandboxError {
  return new SandboxError('not-a-state-folder', `${home} is not a surefoot state folder: it has no ${MARKER}`, {
    hint: `Nothing in it was touched. Point SUREFOOT_HOME at an empty or absent folder (${basename(home)} holds other things).`,
    cause,
  });
}
