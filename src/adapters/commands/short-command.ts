/**
 * Runs a short command that changes nothing and reads what it prints: the one way for everything that is asked of a
 * program. It has ended when its process has, whatever it left running; a limit or a cancellation ends its whole group.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { formatDuration } from '../../domain/duration.js';
import { redact } from '../evidence/redaction.js';

export interface ShortCommand {
  argv: readonly string[];
  /** All of its variables: nothing is added. */
  environment: NodeJS.ProcessEnv;
  cwd?: string;
  /** Longest time, milliseconds. */
  limit: number;
  /** How much is kept of each output, bytes: the last of it. {@link LARGEST_OUTPUT} when left out. */
  largest?: number;
  /** What it reads; it finds the end at once when left out. */
  input?: string;
  /** `latin1` takes and gives a character for each byte; text in UTF-8 when left out. */
  inputEncoding?: BufferEncoding;
  outputEncoding?: BufferEncoding;
  /** Ends it. */
  signal?: AbortSignal;
}

/** How it ended. */
export type CommandEnd =
  | { kind: 'exited'; code: number }
  | { kind: 'killed'; signal: string }
  | { kind: 'timed out' }
  | { kind: 'cancelled' }
  /** `reason` is the system's word: ENOENT, EACCES, … */
  | { kind: 'not run'; reason: string };

export interface CommandAnswer {
  /** It ended by itself, and well. */
  ok: boolean;
  end: CommandEnd;
  stdout: string;
  stderr: string;
  /** Bytes at the beginning of each output that were not kept: who needs the whole knows nothing then. */
  cut: { stdout: number; stderr: number };
}

export const LARGEST_OUTPUT = 1024 * 1024;
/** From SIGTERM to SIGKILL, and from there until it is given up, milliseconds. */
const GRACE = 1_000;
const LOOK = 20;

/** Groups that still run: a process that ends takes them with it. */
const groups = new Set<number>();
process.on('exit', () => {
  for (const group of groups) signalGroup(group, 'SIGKILL');
});

/** Never throws: what went wrong is in the answer. */
export async function runShort(command: ShortCommand): Promise<CommandAnswer> {
  if (command.signal?.aborted) return unheard({ kind: 'cancelled' });
  const [program = '', ...words] = command.argv;
  let child: ChildProcess;
  try {
    // A group of its own, so that all of it can be ended.
    const options = { cwd: command.cwd, env: command.environment, detached: true } as const;
    child = spawn(program, words, {
      ...options,
      stdio: [command.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    return unheard({ kind: 'not run', reason: codeOf(error) });
  }
  const heard = {
    stdout: new Tail(child.stdout, command.largest),
    stderr: new Tail(child.stderr, command.largest),
  };
  // A program that reads nothing closes its input: how it ends says what that means.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(command.input, command.inputEncoding ?? 'utf8');
  const end = await endOf(child, command);
  // What was written before the end is in the pipes still: one turn of the event loop reads it.
  for (let turns = 0; turns < 2; turns += 1) await turn();
  return {
    ok: end.kind === 'exited' && end.code === 0,
    end,
    stdout: heard.stdout.close(command.outputEncoding),
    stderr: heard.stderr.close(),
    cut: { stdout: heard.stdout.cut, stderr: heard.stderr.cut },
  };
}

const unheard = (end: CommandEnd): CommandAnswer => ({
  ok: false,
  end,
  stdout: '',
  stderr: '',
  cut: { stdout: 0, stderr: 0 },
});

async function endOf(child: ChildProcess, { limit, signal }: ShortCommand): Promise<CommandEnd> {
  const ended = new Promise<CommandEnd>((resolve) => {
    child.once('exit', (code, by) =>
      resolve(code === null ? { kind: 'killed', signal: by ?? '' } : { kind: 'exited', code }),
    );
    child.once('error', (error) => resolve({ kind: 'not run', reason: codeOf(error) }));
  });
  const group = child.pid;
  if (group === undefined) return ended;
  groups.add(group);
  const over = new AbortController();
  const stopped = Promise.race([
    sleep(limit, { kind: 'timed out' } as const, { signal: over.signal }),
    cancelled(signal, over.signal),
  ]);
  try {
    const first = await Promise.race([ended, stopped]);
    if (first.kind === 'timed out' || first.kind === 'cancelled') await endGroup(group);
    return first;
  } finally {
    over.abort();
    stopped.catch(() => undefined);
    groups.delete(group);
  }
}

const cancelled = (signal: AbortSignal | undefined, over: AbortSignal): Promise<CommandEnd> =>
  new Promise((resolve) => {
    signal?.addEventListener('abort', () => resolve({ kind: 'cancelled' }), { signal: over });
  });

/** SIGTERM to the whole group, SIGKILL when that was not enough. */
async function endGroup(group: number): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    signalGroup(group, signal);
    const until = performance.now() + GRACE;
    while (performance.now() < until) {
      if (!signalGroup(group, 0)) return;
      await sleep(LOOK);
    }
  }
}

/** @returns whether the group was there to take the signal */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-group, signal);
  } catch {
    return false;
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? 'unknown reason';

/** The last bytes of a stream. Reading goes on: a program that nobody listens to would stand still. */
class Tail {
  cut = 0;
  private chunks: Buffer[] = [];
  private size = 0;

  constructor(
    private readonly stream: Readable | null,
    private readonly largest = LARGEST_OUTPUT,
  ) {
    stream?.on('data', (chunk: Buffer) => this.keep(chunk));
    stream?.on('error', () => undefined);
  }

  close(encoding: BufferEncoding = 'utf8'): string {
    this.stream?.destroy();
    return Buffer.concat(this.chunks).toString(encoding);
  }

  private keep(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.size += chunk.length;
    while (this.size > this.largest) {
      const [first] = this.chunks as [Buffer];
      const surplus = Math.min(first.length, this.size - this.largest);
      if (surplus === first.length) this.chunks.shift();
      else this.chunks[0] = first.subarray(surplus);
      this.size -= surplus;
      this.cut += surplus;
    }
  }
}

/** How a command ended, in one word: its exit code, the signal, what kept it from running. */
export const commandText = (end: CommandEnd): string | number =>
  end.kind === 'exited'
    ? end.code
    : end.kind === 'killed'
      ? end.signal
      : end.kind === 'not run'
        ? end.reason
        : end.kind;

/** How a command ended, for people: `took longer than 30 s and was killed`. Undefined when it ended well. */
export function endText(end: CommandEnd, limit: number): string | undefined {
  switch (end.kind) {
    case 'exited':
      return end.code === 0 ? undefined : `ended with exit code ${end.code}`;
    case 'killed':
      return `was killed by ${end.signal}`;
    case 'timed out':
      return `took longer than ${formatDuration(limit)} and was killed`;
    case 'cancelled':
      return 'was stopped';
    case 'not run':
      return `could not be run (${end.reason})`;
  }
}

/** The last line that a program said about its failure, on stderr or else on stdout; empty when it said nothing. */
export function lastSaid({ stdout, stderr }: CommandAnswer, secrets: string[] = []): string {
  const line = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? '';
  return redact(line, secrets).slice(0, LONGEST_LINE);
}

const LONGEST_LINE = 300;
