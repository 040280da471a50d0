/** One command of a step, run at most once, with its output kept as evidence: what all command activities share. */
import { createWriteStream } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { CommandLine } from '../../adapters/commands/command-line.js';
import { ownSecrets } from '../../adapters/commands/program-variables.js';
import { runRecorded, stepFolder, wasPrepared } from '../../adapters/commands/recorder.js';
import type { RecordedEnd } from '../../adapters/commands/records.js';
import { readSshFailure } from '../../adapters/commands/ssh.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { redact, redaction } from '../../adapters/evidence/redaction.js';
import { knownSecrets, rememberSecrets } from '../../adapters/evidence/secrets.js';
import { quotable, WITHHELD } from '../../adapters/postgres/quotable.js';
import type { EvidencePlace, StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import type { Environment } from '../../contract/plan/environment.js';
import { hasGone, meaningOf } from '../../domain/command-meaning.js';
import { formatDuration } from '../../domain/duration.js';
import type { EvidenceReference } from '../../domain/evidence.js';
import { fileStream } from '../../files/bounded-files.js';
import { hasBegun, heartbeatContext, rethrowCancellation } from './heartbeat.js';
import { recordGone, withOwnTrouble } from './own-trouble.js';
import { processText } from './remains.js';

export interface CommandOutcome {
  /** Why it did not end well; nobody knows how it ended when its type is `OutcomeUnknown`. */
  failure?: ApplicationFailure;
  /** Where nobody knows how it ended: nothing of it runs any more. */
  isGone?: true;
  milliseconds: number;
  /** What it ended with by itself; missing where nobody has seen it end so: never started, killed, a connection lost. */
  exitCode?: number;
  /** The last 4 MB of each output as a rule, with secrets: for reading, not for writing. */
  output: string;
  errors: string;
  /** Why these are not all that it printed: who looks for something in them does not know what stood before. */
  notWhole?: string;
  evidence: EvidenceReference[];
}

/** How much of an output is read into memory as a rule. The evidence has all of it. */
const LONGEST_READ = 4 * 1024 * 1024;
const LONGEST_EXCERPT = 1_000;

/** What must not appear in the output of an environment's commands: its own secrets, and all others known here. */
export async function secretsOf(environment: Environment): Promise<string[]> {
  await rememberSecrets(ownSecrets(environment));
  return knownSecrets();
}

export interface CommandRun {
  state: string;
  key: StepKey;
  name: string;
  /** Where its output is kept; nowhere but in its record when left out. */
  evidence?: EvidencePlace;
  environment: Environment;
  line: CommandLine;
  /** Milliseconds. */
  timeout: number;
  /** How much of an output is read into memory, bytes: the last of it. */
  longest?: number;
}

/**
 * Runs the command of `key` and `name`, or re-attaches to it, or reads how it ended.
 * @throws ApplicationFailure `CommandFailed` or `OutcomeUnknown`, with the evidence in its details
 */
export async function runOnce(input: CommandRun): Promise<CommandOutcome> {
  const run = await runToEnd(input);
  if (run.failure) throw run.failure;
  return run;
}

/** As {@link runOnce}, for those to whom a bad end is a result too. */
export const runToEnd = (input: CommandRun): Promise<CommandOutcome> =>
  withOwnTrouble(input.line.title, () => attend(input));

type NamedRun = Pick<CommandRun, 'state' | 'key' | 'name'>;

const nameOf = ({ key, name }: NamedRun): string => `${key.step}/${key.generation}/${name}`;

/** @throws ApplicationFailure `OutcomeUnknown` when an earlier attempt has begun it, and nothing is there of it any more */
export async function mustHaveRecord(run: NamedRun): Promise<void> {
  if (hasBegun(nameOf(run)) && !(await wasPrepared(stepFolder(run.state, run.key, run.name)))) {
    throw recordGone(nameOf(run));
  }
}

async function attend(input: CommandRun): Promise<CommandOutcome> {
  const { line, key, longest = LONGEST_READ } = input;
  const folder = stepFolder(input.state, key, input.name);
  await mustHaveRecord(input);
  const end = await runRecorded(folder, {
    command: { argv: line.argv, cwd: line.cwd, host: line.host, timeout: input.timeout },
    environment: line.environment,
    heartbeat: heartbeatContext(nameOf(input)),
  }).catch(async (error: unknown) => {
    await rethrowCancellation(error);
    throw error;
  });
  const secrets = await secretsOf(input.environment);
  for (const log of ['stdout.log', 'stderr.log']) await hideSecrets(join(folder, log), secrets);
  const printed = await Promise.all(['stdout.log', 'stderr.log'].map((log) => readEnd(join(folder, log), longest)));
  const [output = '', errors = ''] = printed.map(({ text }) => text);
  // A command that could not be started has printed nothing.
  const spoiled = end.kind === 'ended' && end.error !== undefined ? [] : printed.flatMap(({ lack }) => lack ?? []);
  const notWhole = spoiled.length > 0 ? spoiled.join('; ') : undefined;
  const seen = {
    ...(end.kind === 'ended' ? { end } : { unseen: end.unseen, unreadable: end.unreadable }),
    alive: (end.alive ?? []).map(processText),
    limit: formatDuration(input.timeout),
    isRemote: line.overSsh,
    connection: line.overSsh && end.kind === 'ended' && end.code === 255 ? connectionOf(errors) : undefined,
  };
  const meaning = meaningOf(seen);
  // What is not known is told, also to those who have stopped waiting for it.
  if (meaning.kind === 'stopped') await rethrowCancellation(undefined);
  const evidence = input.evidence ? await keepOutput({ ...input, evidence: input.evidence }, folder) : [];
  const told = {
    milliseconds: end.kind === 'ended' ? end.milliseconds : 0,
    exitCode: end.kind === 'ended' ? exitCodeOf(end, line) : undefined,
    ...{ output, errors, notWhole, evidence },
    ...(hasGone(seen) ? { isGone: true as const } : {}),
  };
  if (meaning.kind === 'succeeded') return told;
  const said = `${line.title} ${meaning.text}${line.overSsh ? ` on ${line.host}` : ''}`;
  const failure = ApplicationFailure.create({
    type: meaning.kind === 'unknown' ? FailureType.OutcomeUnknown : FailureType.CommandFailed,
    message: redact(`${said}${excerpt(output, errors, notWhole !== undefined)}`, secrets),
    nonRetryable: true,
    details: [{ evidence }],
  });
  return { ...told, failure };
}

function connectionOf(errors: string): 'not-started' | 'lost' | undefined {
  const meaning = readSshFailure(errors);
  return meaning === 'command' ? undefined : meaning;
}

/** ssh's own word for a connection that was not there, or not to the end, says nothing of the command. */
function exitCodeOf({ error, stopReason, code }: RecordedEnd, { overSsh }: CommandLine): number | undefined {
  if (error !== undefined || stopReason !== undefined || code === null) return undefined;
  return overSsh && code === 255 ? undefined : code;
}

/** The recorder does not know the secrets; a command that prints one leaves it in the step's folder until now. */
async function hideSecrets(file: string, secrets: string[]): Promise<void> {
  if (secrets.length === 0 || !(await exists(file))) return;
  const draft = `${file}.part`;
  await pipeline(await fileStream(file), redaction(secrets), createWriteStream(draft, { mode: 0o600 }));
  await rename(draft, file);
}

async function keepOutput(
  input: { key: StepKey; name: string; evidence: EvidencePlace; line: CommandLine },
  folder: string,
): Promise<EvidenceReference[]> {
  const references: EvidenceReference[] = [];
  for (const [log, title] of [
    ['stdout.log', `Output of ${input.line.title}`],
    ['stderr.log', `Errors and log of ${input.line.title}`],
  ] as const) {
    const file = join(folder, log);
    if (!(await exists(file)) || (log === 'stderr.log' && (await stat(file)).size === 0)) continue;
    const path = evidencePath(input.key, `${input.name}.${log}`);
    references.push(await storeEvidence(input.evidence, { title, path, content: await fileStream(file) }));
  }
  return references;
}

/** Where a step's file stands in the evidence store. */
export const evidencePath = (key: StepKey, name: string): string =>
  `${key.step.replaceAll(/[^\w.-]/g, '_')}/${key.generation}/${name}`;

/** The last lines of both outputs, as far as they may be shown: alembic reports on stdout, most others on stderr. */
function excerpt(output: string, errors: string, isCut: boolean): string {
  const lines = [quotable(output, 5, isCut), quotable(errors, 10, isCut)].filter(Boolean).join('\n');
  if (lines === '') return '; it printed nothing';
  return `:\n${lines.slice(-LONGEST_EXCERPT)}${lines.includes(WITHHELD) ? `\n(${WITHHELD} stands only in the evidence)` : ''}`;
}

async function readEnd(file: string, longest: number): Promise<{ text: string; lack?: string }> {
  if (!(await exists(file))) return { text: '', lack: `${basename(file)} is gone` };
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - longest);
    const buffer = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
    const text = buffer.toString('utf8', 0, bytesRead);
    if (start === 0) return { text };
    return {
      text,
      lack: `only the last ${longest >> 20} MB of the ${Math.ceil(size / 2 ** 20)} MB of ${basename(file)} are read`,
    };
  } finally {
    await handle.close();
  }
}

const exists = (file: string) =>
  stat(file).then(
    () => true,
    () => false,
  );
