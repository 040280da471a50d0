/**
 * Who a runner is: a name made once, kept in the state folder with the records of its commands. It outlives the worker,
 * its container and the machine's name, so that a deployment finds its runner wherever this folder is served.
 */
import { createHash, randomBytes } from 'node:crypto';
import { access, constants, link, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { TASK_QUEUE } from '../../contract/names.js';
import { isRunnerIdentity } from '../../domain/runner.js';
import { FileRefused, readText } from '../../files/bounded-files.js';

/** The file's name in the state folder. */
export const IDENTITY_FILE = 'runner.json';

export interface RunnerIdentity {
  identity: string;
  /** There were records of commands before there was an identity: their deployments know the runner by an older name. */
  older: boolean;
  /** This folder is another one than the identity was made in, as a copy is. */
  copied: boolean;
}

/** The state folder cannot tell who the runner is. The message is for people, and says what to do. */
export class StateFolderUnusable extends Error {
  override name = 'StateFolderUnusable';
}

/** Much more than an identity needs, bytes. */
const LARGEST = 10_000;

interface Content {
  identity: string;
  older: boolean;
  madeAt: string;
  /** Of the folder: a copy has another one. */
  inode: string;
}

/** Reads the identity, or makes it: workers that start at once on one folder agree. @throws StateFolderUnusable */
export async function runnerIdentity(state: string): Promise<RunnerIdentity> {
  try {
    await mkdir(state, { recursive: true, mode: 0o700 });
    await access(state, constants.W_OK | constants.X_OK);
    const inode = String((await stat(state, { bigint: true })).ino);
    const content = (await readIdentity(state)) ?? (await makeIdentity(state, inode));
    return { identity: content.identity, older: content.older, copied: content.inode !== inode };
  } catch (error) {
    if (error instanceof StateFolderUnusable) throw error;
    throw unusable(state, error);
  }
}

/** Why this folder is not this runner's any more, as one that was emptied or put in its place; undefined while it is. */
export async function whyNotOwn(state: string, identity: string): Promise<string | undefined> {
  try {
    const found = await readIdentity(state);
    if (found?.identity === identity) return undefined;
    const whose = found === undefined ? 'nobody’s' : `runner ${found.identity}’s`;
    return `the state folder ${state} is ${whose} now, and this worker is runner ${identity}: bring its folder back`;
  } catch (error) {
    return error instanceof StateFolderUnusable ? error.message : unusable(state, error).message;
  }
}

async function makeIdentity(state: string, inode: string): Promise<Content> {
  const older = (await readdir(join(state, 'steps')).catch(() => [])).length > 0;
  const content = { identity: randomBytes(8).toString('hex'), older, madeAt: new Date().toISOString(), inode };
  const draft = join(state, `${IDENTITY_FILE}.${content.identity}.part`);
  try {
    const file = await open(draft, 'wx', 0o600);
    await file.writeFile(`${JSON.stringify(content)}\n`);
    await file.sync();
    await file.close();
    // A link, not a rename: the first worker's stays, and appears together with its content.
    await link(draft, join(state, IDENTITY_FILE)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  const made = await readIdentity(state);
  if (made === undefined) throw new StateFolderUnusable(`The state folder ${state} loses what is written to it`);
  return made;
}

/** Undefined when none was made yet; an empty or broken file is neither: another name would strand its deployments. */
export async function readIdentity(state: string): Promise<Content | undefined> {
  const file = join(state, IDENTITY_FILE);
  const text = await readText(file, LARGEST).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'EISDIR' || error instanceof FileRefused) return 'something else';
    throw error;
  });
  if (text === undefined) return undefined;
  const content = parsed(text);
  if (content !== undefined) return content;
  throw new StateFolderUnusable(
    `${file} ${text.trim() === '' ? 'is empty' : 'cannot be understood'}: which runner this is, is not known. Bring ` +
      'the file back from a backup; without one, delete it, and a new runner begins: deployments under way that wait ' +
      'for the old one are then served by nobody',
  );
}

function parsed(text: string): Content | undefined {
  try {
    const { identity, older, madeAt, inode } = JSON.parse(text) as Partial<Content>;
    if (typeof identity !== 'string' || !isRunnerIdentity(identity)) return undefined;
    return { identity, older: older === true, madeAt: String(madeAt), inode: String(inode) };
  } catch {
    return undefined;
  }
}

const WHY: Record<string, string> = {
  EACCES: 'this user may not write there',
  EPERM: 'this user may not write there',
  EROFS: 'it is read-only',
  ENOSPC: 'its disk is full',
  ENOTDIR: 'it is no folder',
  EEXIST: 'it is no folder',
};

function unusable(state: string, error: unknown): StateFolderUnusable {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown reason';
  return new StateFolderUnusable(
    `The state folder ${state} cannot hold the runner's records: ${WHY[code] ?? 'it cannot be used'} (${code}). ` +
      'Name one with --state that this user may write to and that outlives the worker',
  );
}

/**
 * The queue's name before runners had an identity. Deployments that were admitted then wait there, and their records
 * are in this folder; it is found again where the machine still has the name of then.
 */
export const formerQueue = (state: string): { taskQueue: string } => ({
  taskQueue: `${TASK_QUEUE}@${hostname()}-${createHash('sha256').update(state).digest('hex').slice(0, 8)}`,
});

export const copyWarning = (state: string, identity: string): string =>
  `the identity of runner ${identity} was made in another folder than ${state}: if this is a copy, stop the other worker, ` +
  `as both would run each other's commands; or delete ${IDENTITY_FILE} here, and this becomes a runner of its own`;
