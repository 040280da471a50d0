/**
 * Runs a command at most once, whatever happens to the worker: a small detached process (`recorder-process.mjs`)
 * runs it and writes pid, output and exit code to a folder; whoever opens the folder later waits for the end or reads it.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Deadline } from '../deadline.js';
import { processIdentity } from './process-identity.mjs';

const RECORDER = fileURLToPath(new URL('./recorder-process.mjs', import.meta.url));

const SHORTEST_LOOK = 50;
const LONGEST_LOOK = 500;
/** How long a recorder may take to claim the step, and an ended one to let its last file be seen. */
const CLAIM_WITHIN = 15_000;
const LAST_WORDS = 1_000;
/** The recorder's own grace before SIGKILL, and time to write down the end. */
const STOP_WITHIN = 10_000;

/** What is run; kept in the step's folder, so without secrets. */
export interface RecordedCommand {
  argv: string[];
  cwd: string;
  /** For people: the machine it acts on. */
  host: string;
  /** Longest time, milliseconds; after it the command's process group is killed. */
  timeout: number;
}

/** How a command ended. */
export interface RecordedEnd {
  kind: 'ended';
  code: number | null;
  signal: string | null;
  /** Why it was killed, when it was. */
  stopReason?: 'stopped' | 'timed out';
  /** Why it could not be started, when it could not. */
  error?: string;
  startedAt: number;
  endedAt: number;
  milliseconds: number;
}

/** The recorder is gone and left no end: the command may have done all, some or nothing. */
export interface RecordedUnknown {
  kind: 'unknown';
  /** The command's own process, when it outlived the recorder. */
  stillRunning?: number;
  /** A record of it that cannot be understood: nothing is known of what it was about. */
  unreadable?: string;
}

/** Whoever waits for the end of a command. */
export interface HeartbeatContext {
  /** Called at every look. */
  heartbeat(): void;
  /** Aborted when nobody waits any more. */
  signal: AbortSignal;
  /** Asked after an abort: whether the command is killed, or left running for the next attempt. */
  stops(): boolean;
}

/** Its worker went away and the command was left running. */
export class LeftRunning extends Error {}

interface Claim {
  pid: number;
  identity?: string;
  startedAt: number;
}

/** The folder of one command of a step; any text is made into one safe name for each level. */
export function stepFolder(
  state: string,
  key: { deployment: string; step: string; generation: number },
  name: string,
): string {
  const level = (text: string) => encodeURIComponent(text).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
  return join(state, 'steps', level(key.deployment), level(key.step), String(key.generation), level(name));
}

/** Whether a recorder has claimed this folder: from then on its command must not be started again. */
export const wasStarted = (folder: string): Promise<boolean> =>
  stat(join(folder, 'started.json')).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );

/**
 * Starts the command unless it was started before, and waits for its end.
 * @param environment of the command; may hold secrets: it goes to the process and is not written anywhere
 * @throws {LeftRunning} when its worker goes away and does not want the command stopped
 */
export async function runRecorded(
  folder: string,
  step: { command: RecordedCommand; environment: NodeJS.ProcessEnv; heartbeat: HeartbeatContext },
): Promise<RecordedEnd | RecordedUnknown> {
  const { command, environment, heartbeat } = step;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  try {
    return await follow(folder, { command, environment, heartbeat });
  } catch (error) {
    if (error instanceof UnreadableRecord) return { kind: 'unknown', unreadable: error.file };
    throw error;
  }
}

async function follow(
  folder: string,
  { command, environment, heartbeat }: Parameters<typeof runRecorded>[1],
): Promise<RecordedEnd | RecordedUnknown> {
  let claim = await readJson<Claim>(join(folder, 'started.json'));
  if (claim === undefined && !heartbeat.signal.aborted) {
    await launch(folder, command, environment);
    claim = await awaitClaim(folder, heartbeat);
  }
  if (claim === undefined) throw new LeftRunning('Nobody waits for the command any more; it was not started');

  for (let look = SHORTEST_LOOK; ; look = Math.min(look * 1.5, LONGEST_LOOK)) {
    const end = await readEnd(folder);
    if (end) return end;
    if (!isRunning(claim)) return lastWords(folder);
    if (heartbeat.signal.aborted) return leave(folder, claim, heartbeat);
    heartbeat.heartbeat();
    await sleep(look, undefined, { signal: heartbeat.signal }).catch(() => undefined);
  }
}

async function launch(folder: string, command: RecordedCommand, environment: NodeJS.ProcessEnv): Promise<void> {
  const draft = join(folder, `command.${randomUUID()}.part`);
  await writeFile(draft, JSON.stringify(command, undefined, 2), { mode: 0o600 });
  await rename(draft, join(folder, 'command.json'));
  // A session of its own: signals for the worker's group (Ctrl-C) do not reach the recorder.
  const recorder = spawn(process.execPath, [RECORDER, folder], { detached: true, stdio: 'ignore', env: environment });
  await new Promise<void>((resolve, reject) => recorder.once('spawn', resolve).once('error', reject));
  recorder.on('error', () => undefined);
  recorder.unref();
}

async function awaitClaim(folder: string, heartbeat: HeartbeatContext): Promise<Claim> {
  const until = new Deadline(CLAIM_WITHIN);
  for (;;) {
    const claim = await readJson<Claim>(join(folder, 'started.json'));
    if (claim) return claim;
    if (until.passed) throw new Error(`The recorder did not start within ${CLAIM_WITHIN / 1_000} s in ${folder}`);
    heartbeat.heartbeat();
    await sleep(SHORTEST_LOOK);
  }
}

async function leave(
  folder: string,
  claim: Claim,
  heartbeat: HeartbeatContext,
): Promise<RecordedEnd | RecordedUnknown> {
  if (!heartbeat.stops()) throw new LeftRunning('The command goes on; the next attempt re-attaches to it');
  // The recorder stops the command's group and writes down the end; signalling the group from here could not do that.
  if (isRunning(claim)) process.kill(claim.pid, 'SIGTERM');
  const until = new Deadline(STOP_WITHIN);
  while (!until.passed && isRunning(claim)) await sleep(SHORTEST_LOOK);
  return lastWords(folder);
}

/** The recorder has gone: its last file may be there now, or never. */
async function lastWords(folder: string): Promise<RecordedEnd | RecordedUnknown> {
  const until = new Deadline(LAST_WORDS);
  do {
    const end = await readEnd(folder);
    if (end) return end;
    await sleep(SHORTEST_LOOK);
  } while (!until.passed);
  const command = await readJson<{ pid: number; identity?: string }>(join(folder, 'command-pid.json'));
  return { kind: 'unknown', stillRunning: command && isRunning(command) ? command.pid : undefined };
}

const isRunning = ({ pid, identity }: { pid: number; identity?: string }): boolean => {
  const present = processIdentity(pid);
  return present !== undefined && present === identity;
};

async function readEnd(folder: string): Promise<RecordedEnd | undefined> {
  const end = await readJson<Omit<RecordedEnd, 'kind'>>(join(folder, 'exit.json'));
  return end && { ...end, kind: 'ended' };
}

/** Records appear whole: one that is empty or broken was spoiled later, by a full disk or a lost one. */
class UnreadableRecord extends Error {
  constructor(readonly file: string) {
    super(`${file} cannot be understood`);
  }
}

async function readJson<T extends object>(file: string): Promise<T | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const content = JSON.parse(text) as T | null;
    if (typeof content === 'object' && content !== null) return content;
  } catch {
    // Said below.
  }
  throw new UnreadableRecord(file);
}
