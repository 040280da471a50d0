/**
 * Secrets that a program of the worker's machine fetches: from a vault, a keychain, a cloud. It writes the secret to its
 * stdout and ends with 0. Which programs those are the worker says, and no plan: a plan only names one of them.
 */
import { programVariables } from '../commands/program-variables.js';
import { runShort } from '../commands/short-command.js';

/** Absolute paths, separated by colons. */
const HELPERS = 'SUREFOOT_SECRET_HELPERS';

const LIMIT = 10_000;
const LARGEST = 64 * 1024;

/** For so long an answer holds: each command asks for every secret, so that none stands in its output. Milliseconds. */
const HOLDS = 60_000;

const answers = new Map<string, { at: number; secret: string }>();

/**
 * @param line the program and its words, as they follow `exec:`; no shell reads it
 * @throws Error that says why there is no secret, and nothing of what the program has written
 */
export async function askSecretHelper(line: string): Promise<string> {
  const known = answers.get(line);
  if (known && performance.now() - known.at < HOLDS) return known.secret;
  const argv = line.split(' ').filter((word) => word !== '');
  const [program = ''] = argv;
  if (!(process.env[HELPERS] ?? '').split(':').includes(program) || !program.startsWith('/')) {
    throw new Error(`${program} is none of the worker's helpers: its ${HELPERS} names them, by absolute paths`);
  }
  const asked = { argv, environment: programVariables(), limit: LIMIT, largest: LARGEST };
  const { ok, end, stdout, cut } = await runShort(asked);
  if (!ok) throw new Error(`${program} ${howItEnded(end)}`);
  if (cut.stdout > 0) throw new Error(`${program} has written more than ${LARGEST} bytes, which is no secret`);
  const secret = stdout.replace(/\r?\n$/, '');
  if (secret === '') throw new Error(`${program} has written nothing`);
  answers.set(line, { at: performance.now(), secret });
  return secret;
}

function howItEnded(end: Awaited<ReturnType<typeof runShort>>['end']): string {
  if (end.kind === 'exited') return `ended with exit code ${end.code}`;
  if (end.kind === 'killed') return `was ended by ${end.signal}`;
  if (end.kind === 'not run') return `cannot be run (${end.reason})`;
  return end.kind === 'timed out' ? `has not ended within ${LIMIT / 1_000} s` : 'was cancelled';
}
