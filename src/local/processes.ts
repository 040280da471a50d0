import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { reason, SandboxError } from './errors.js';
import { writeAtomically } from './folders.js';

/** A process that can be told from a later one with the same pid: `started` is opaque and only compared. */
export type ProcessIdentity = { pid: number; started: string };

/** A child of the sandbox, on disk, so that a later start finds it if this process is killed. */
export type ServiceRecord = ProcessIdentity & {
  name: string;
  command: string;
  stopSignal: NodeJS.Signals;
  since: string;
};

/** A running local service. `stop` is idempotent, and resolves when the process is gone. */
export type LocalService = {
  name: string;
  pid: number;
  logFile: string;
  /** Resolves when the process has ended, whoever ended it. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  stop(): Promise<void>;
};

export type ServiceOptions = {
  name: string;
  file: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Run as this account; only root may ask for it. */
  account?: { uid: number; gid: number };
  /** Output is appended here. */
  logFile: string;
  /** Where `<name>.json` is kept while the process runs. */
  recordsFolder: string;
  /** What asks it to end; SIGTERM by default. SIGKILL follows `stopWithin` later. */
  stopSignal?: NodeJS.Signals;
  /** Milliseconds; 3,000 by default. */
  stopWithin?: number;
};

/** When a live process started, as an opaque text, or undefined when there is none (a zombie counts as none). */
export async function processStart(pid: number): Promise<string | undefined> {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

async function startFromProc(pid: number): Promise<string | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The command, in parentheses, may hold blanks: fields are counted after it. State is field 3, start time field 22.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
    return `${boot.trim()}/${fields[19]}`;
  } catch {
    return undefined;
  }
}

async function startFromPs(pid: number): Promise<string | undefined> {
  const { stdout, exitCode } = await execa('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], {
    reject: false,
    env: { LC_ALL: 'C' },
  });
  const [state, ...started] = stdout.trim().split(/\s+/);
  return exitCode !== 0 || !state || state.startsWith('Z') ? undefined : started.join(' ');
}

/** This process' own identity. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  return { pid: process.pid, started: (await processStart(process.pid)) ?? '' };
}

/** Whether exactly this process (and not a later one with its pid) is alive. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await processStart(identity.pid)) === identity.started;
}

/** Polls until `condition` gives something other than undefined or false; `timeout` and `every` in milliseconds. */
export async function waitFor<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  options: { timeout: number; every?: number; hint?: string },
): Promise<T> {
  const deadline = Date.now() + options.timeout;
  for (;;) {
    const value = await condition();
    if (value !== undefined && value !== false) return value;
    if (Date.now() >= deadline) {
      throw new SandboxError('timeout', `${what}: not so after ${options.timeout / 1000} s`, {
        hint: options.hint ?? 'Look at the logs in the state folder.',
      });
    }
    await delay(options.every ?? 50);
  }
}

/** Starts a child in a process group of its own (so that Ctrl-C reaches only us), with a log file and a record on disk. */
export async function startService(options: ServiceOptions): Promise<LocalService> {
  await mkdir(dirname(options.logFile), { recursive: true });
  await mkdir(options.recordsFolder, { recursive: true });
  const child = await spawnLogged(options);
  const pid = child.pid as number;
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  child.unref();
  const stopSignal = options.stopSignal ?? 'SIGTERM';
  const identity = { pid, started: (await processStart(pid)) ?? '' };
  const recordFile = join(options.recordsFolder, `${options.name}.json`);
  const record: ServiceRecord = {
    ...identity,
    name: options.name,
    command: options.file,
    stopSignal,
    since: new Date().toISOString(),
  };
  await writeAtomically(recordFile, JSON.stringify(record, null, 2));
  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await stopProcess(identity, { signal: stopSignal, within: options.stopWithin ?? 3000 });
    await rm(recordFile, { force: true });
  };
  return {
    name: options.name,
    pid,
    logFile: options.logFile,
    exited,
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}

async function spawnLogged(options: ServiceOptions): Promise<ChildProcess> {
  const output = openSync(options.logFile, 'a', 0o600);
  try {
    const child = spawn(options.file, options.args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      detached: true,
      stdio: ['ignore', output, output],
      ...(options.account ? { uid: options.account.uid, gid: options.account.gid } : {}),
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return child;
  } catch (error) {
    throw new SandboxError('service-died', `${options.name} could not be started (${options.file}): ${reason(error)}`, {
      hint: 'Check that the file exists and may be run.',
      cause: error,
    });
  } finally {
    closeSync(output);
  }
}

/**
 * Ends exactly this process: a signal, then SIGKILL to its whole process group after `within` milliseconds.
 * Does nothing when the process is gone or its pid belongs to another one by now.
 */
export async function stopProcess(
  identity: ProcessIdentity,
  options: { signal?: NodeJS.Signals; within?: number } = {},
): Promise<void> {
  if (!(await isAlive(identity))) return;
  send(identity.pid, options.signal ?? 'SIGTERM');
  const deadline = Date.now() + (options.within ?? 3000);
  while (await isAlive(identity)) {
    if (Date.now() >= deadline) {
      sendToGroup(identity.pid, 'SIGKILL');
      send(identity.pid, 'SIGKILL');
      await waitFor(`process ${identity.pid} killed`, async () => !(await isAlive(identity)), { timeout: 5000 });
      return;
    }
    await delay(20);
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function sendToGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch (error) {
    // EPERM (macOS) and ESRCH: no such group, so there is only the process itself.
    if (!['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Stops what an earlier, killed sandbox left running, by its records; returns the names of what was stopped. */
export async function stopLeftovers(recordsFolder: string): Promise<string[]> {
  const files = (await readdir(recordsFolder).catch(() => [])).filter((name) => name.endsWith('.json'));
  const stopped = await Promise.all(
    files.map(async (file) => {
      const path = join(recordsFolder, file);
      const record = await readRecord(path);
      const alive = record !== undefined && (await isAlive(record));
      if (alive) await stopProcess(record, { signal: record.stopSignal });
      await rm(path, { force: true });
      return alive ? [record.name] : [];
    }),
  );
  return stopped.flat();
}

async function readRecord(path: string): Promise<ServiceRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ServiceRecord;
  } catch {
    return undefined;
  }
}

/** The last lines of a log file, for an error message; empty when there is none. */
export async function lastLines(path: string, count = 15): Promise<string> {
  try {
    const { size } = await stat(path);
    const handle = await open(path, 'r');
    try {
      const length = Math.min(size, 16_384);
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8').trimEnd().split('\n').slice(-count).join('\n');
    } finally {
      await handle.close();
    }
  } catch {
    return '';
  }
}
