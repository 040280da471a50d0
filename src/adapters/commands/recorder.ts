/**
 * Runs a command at most once, whatever happens to the worker: a small detached process (`recorder-process.mjs`)
 * runs it and writes pid, output and exit code to a folder; whoever opens the folder later waits for the end or reads it.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { getSystemErrorMap } from 'node:util';
import { Deadline } from '../deadline.js';
import {
  aliveIn,
  type Claim,
  isRunning,
  type RecordedEnd,
  readClaim,
  readEnd,
  remainsOf,
  UnreadableRecord,
  whyUnseen,
} from './records.js';
import { endSurvivors, type Survivor } from './survivors.mjs';

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

/** The recorder is gone and left no end: the command may have done all, some or nothing. */
export interface RecordedUnknown {
  kind: 'unknown';
  /** What of the command runs still, when its limit has passed. */
  alive: Survivor[];
  /** Why it cannot be seen whether it runs. */
  unseen?: string;
  /** A record of it that cannot be understood: nothing is known of what it was about. */
  unreadable?: string;
}

/** Whoever waits for the end of a command. */
export interface HeartbeatContext {
  /** Called right before it is started: from then on it may run. */
  begins?(): void;
  /** Called at every look. */
  heartbeat(): void;
  /** Aborted when nobody waits any more. */
  signal: AbortSignal;
  /** Asked after an abort: whether the command is killed, or left running for the next attempt. */
  stops(): boolean;
}

const GOES_ON = 'The command goes on; the next attempt re-attaches to it';

/** The command did not begin, and will not. The message says what kept it from it. */
export class NotBegun extends Error {}

/** Its worker went away and the command was left running. */
export class LeftRunning extends Error {}

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
export const wasStarted = (folder: string): Promise<boolean> => isThere(join(folder, 'started.json'));

/** Whether its command was about to be started at least. */
export const wasPrepared = (folder: string): Promise<boolean> => isThere(join(folder, 'command.json'));

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
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
  try {
    return await follow(folder, { command, environment, heartbeat });
  } catch (error) {
    if (error instanceof UnreadableRecord) return { kind: 'unknown', alive: [], unreadable: error.file };
    throw error;
  }
}

async function follow(
  folder: string,
  { command, environment, heartbeat }: Parameters<typeof runRecorded>[1],
): Promise<RecordedEnd | RecordedUnknown> {
  let claim = await readClaim(folder);
  if (claim === undefined && !heartbeat.signal.aborted) {
    claim = await awaitClaim(folder, await launch(folder, { command, environment, heartbeat }), heartbeat);
  }
  if (claim === undefined) throw new LeftRunning('Nobody waits for the command any more; it was not started');

  for (let look = SHORTEST_LOOK; ; look = Math.min(look * 1.5, LONGEST_LOOK)) {
    const end = await readEnd(folder);
    if (end) return end;
    if (!isRunning(claim)) return orphaned(folder, claim, { command, heartbeat });
    if (heartbeat.signal.aborted) return leave(folder, claim, { command, heartbeat });
    heartbeat.heartbeat();
    await sleep(look, undefined, { signal: heartbeat.signal }).catch(() => undefined);
  }
}

async function launch(
  folder: string,
  { command, environment, heartbeat }: Parameters<typeof runRecorded>[1],
): Promise<ChildProcess> {
  const draft = join(folder, `command.${randomUUID()}.part`);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(draft, JSON.stringify({ format: 1, ...command }, undefined, 2), { mode: 0o600 });
    await rename(draft, join(folder, 'command.json'));
    heartbeat.begins?.();
    // A session of its own: signals for the worker's group (Ctrl-C) do not reach the recorder.
    const recorder = spawn(process.execPath, [RECORDER, folder], { detached: true, stdio: 'ignore', env: environment });
    await new Promise<void>((resolve, reject) => recorder.once('spawn', resolve).once('error', reject));
    recorder.on('error', () => undefined);
    recorder.unref();
    return recorder;
  } catch (error) {
    throw new NotBegun((error as Error).message);
  }
}

async function awaitClaim(folder: string, recorder: ChildProcess, heartbeat: HeartbeatContext): Promise<Claim> {
  const until = new Deadline(CLAIM_WITHIN);
  for (;;) {
    // Looked at first: one that has ended well has found another's claim.
    const { exitCode, signalCode } = recorder;
    const claim = await readClaim(folder);
    if (claim) return claim;
    if (exitCode !== null) throw new NotBegun(`the recorder could not begin in ${folder}: ${reasonOf(exitCode)}`);
    if (signalCode !== null) {
      const how = until.passed ? `did not begin within ${CLAIM_WITHIN / 1_000} s` : `was killed by ${signalCode}`;
      throw new NotBegun(`the recorder ${how} in ${folder}`);
    }
    // One that is late must not begin when nobody reckons with it any more.
    if (until.passed) recorder.kill('SIGKILL');
    heartbeat.heartbeat();
    await sleep(SHORTEST_LOOK);
  }
}

/** The recorder ends with the system's number of what kept it from beginning. */
const reasonOf = (exitCode: number): string =>
  getSystemErrorMap().get(-exitCode)?.join(', ') ?? `it ended with ${exitCode}`;

type Waiting = { command: RecordedCommand; heartbeat: HeartbeatContext };

async function leave(folder: string, claim: Claim, waiting: Waiting): Promise<RecordedEnd | RecordedUnknown> {
  if (!waiting.heartbeat.stops()) throw new LeftRunning(GOES_ON);
  await stopRecorder(claim);
  return orphaned(folder, claim, waiting);
}

/** The recorder stops what belongs to the command and writes down the end; a signal from here could not do that. */
export async function stopRecorder(claim: Claim): Promise<void> {
  if (isRunning(claim)) process.kill(claim.pid, 'SIGTERM');
  const until = new Deadline(STOP_WITHIN);
  while (!until.passed && isRunning(claim)) await sleep(SHORTEST_LOOK);
}

/**
 * The recorder has gone: its last file may be there now, or never. What the command left at work is waited for as long
 * as the command might have taken, for whoever is asked then should not find it at work.
 */
async function orphaned(
  folder: string,
  claim: Claim,
  { command, heartbeat }: Waiting,
): Promise<RecordedEnd | RecordedUnknown> {
  const until = new Deadline(LAST_WORDS);
  do {
    const end = await readEnd(folder);
    if (end) return end;
    await sleep(SHORTEST_LOOK);
  } while (!until.passed);
  const unseen = whyUnseen(claim);
  const { timeout } = command;
  const limit = new Deadline(Math.min(timeout, claim.startedAt + timeout - Date.now()));
  for (;;) {
    const alive = await aliveIn(folder);
    if (alive.length === 0 || limit.passed) return { kind: 'unknown', alive, unseen };
    if (heartbeat.signal.aborted) {
      if (!heartbeat.stops()) throw new LeftRunning(GOES_ON);
      return { kind: 'unknown', alive: await endSurvivors(await remainsOf(folder)), unseen };
    }
    heartbeat.heartbeat();
    await sleep(LONGEST_LOOK, undefined, { signal: heartbeat.signal }).catch(() => undefined);
  }
}
