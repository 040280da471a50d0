/** Migrations: probe, lock, run once, read the revision again (checklist 1.2, 3.4, rollback options 1 and 3). */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { execa } from 'execa';
import { bareRevision, readCurrent, sameRevision, UnreadableRevision, warningLines } from '../adapters/alembic.js';
import { commandLine } from '../adapters/command-line.js';
import {
  describeBackend,
  lockName,
  migrationName,
  runningMigrations,
  takeMigrationLock,
} from '../adapters/database-locks.js';
import { storeEvidence } from '../adapters/evidence-store.js';
import { type DatabaseClient, withDatabase } from '../adapters/postgres.js';
import { stepFolder, wasStarted } from '../adapters/recorder.js';
import { redact } from '../adapters/redaction.js';
import type { CommandActivities, StepKey } from '../contract/activities.js';
import { FailureType } from '../contract/errors.js';
import type { Environment, Migration } from '../contract/plan.js';
import { formatDuration } from '../domain/duration.js';
import type { EvidenceReference, Fact } from '../domain/evidence.js';
import { attended } from './attendance.js';
import { evidencePath, runOnce, secretsOf } from './recorded-commands.js';

type MigrateInput = Parameters<CommandActivities['migrate']>[0];
type MigrateReport = Awaited<ReturnType<CommandActivities['migrate']>>;

/** How often a statement of an earlier attempt is looked for while it ends. */
const PROBE_EVERY = 500;

/** Facts: `ran`, `revision`, `warnings`, and `duration` when a longest time is given. */
export async function migrate(state: string, input: MigrateInput): Promise<MigrateReport> {
  const { key, environment } = input;
  // The lock lives on a connection of its own for as long as this attempt; the probe covers what outlives an attempt.
  return attended((signal) =>
    withDatabase(
      environment.database,
      async (client) => {
        await lock(client, key);
        return migrateLocked({ ...input, state, client, signal });
      },
      { applicationName: lockName(key) },
    ),
  );
}

async function migrateLocked(
  input: MigrateInput & { state: string; client: DatabaseClient; signal: AbortSignal },
): Promise<MigrateReport> {
  const { state, key, environment, migration, direction, client, signal } = input;
  const target = direction.kind === 'upgrade' ? migration.revision : direction.to;
  const folder = stepFolder(state, key, direction.kind);
  const started = await wasStarted(folder);
  // A command that this very step has started is waited for by its recorder; only others' statements are probed for.
  if (!started) await awaitQuiet(client, key, migration[direction.kind].timeout, signal);

  const memory = `${folder}.before.json`;
  const before = started ? await recall(memory) : await currentRevision(environment, migration, signal);
  if (!started && sameRevision(before, target)) return nothingRun(input, before);
  if (!started && direction.kind === 'downgrade' && !sameRevision(before, direction.from)) {
    throw refused(
      `The database is at ${name(before)}, not at ${direction.from} that this deployment brought it to: no downgrade`,
    );
  }
  if (!started) await remember(memory, before);

  const line = commandLine({
    environment,
    command: migration[direction.kind],
    values: { environment: environment.name, revision: target === null ? 'base' : bareRevision(target) },
    variables: {
      PGOPTIONS: `-c lock_timeout=${migration.lockTimeout}ms -c statement_timeout=${migration.statementTimeout}ms`,
      PGAPPNAME: migrationName(key),
    },
  });
  const timeout = migration[direction.kind].timeout;
  const run = await runOnce({ state, key, name: direction.kind, evidence: input.evidence, environment, line, timeout });

  const after = await currentRevision(environment, migration, signal);
  const warnings = warningLines(`${run.output}\n${run.errors}`);
  const secrets = await secretsOf(environment);
  const facts: Fact[] = [
    { name: 'ran', ok: true, text: `${line.title} ended without error after ${formatDuration(run.milliseconds)}` },
    {
      name: 'revision',
      ok: sameRevision(after, target),
      text: `revision ${name(before)} → ${name(after)}, expected ${name(target)}`,
    },
    {
      name: 'warnings',
      ok: warnings.length === 0,
      text: redact(
        warnings.length === 0
          ? 'no warnings in the output'
          : `${warnings.length} warnings: ${warnings[0]?.slice(0, 300)}`,
        secrets,
      ),
    },
    ...durationFact(input.within, run.milliseconds),
  ];
  return {
    summary: `${direction.kind} from ${name(before)} to ${name(after)} in ${formatDuration(run.milliseconds)}`,
    facts,
    evidence: [...run.evidence, await keepRevisions(input, before, after)],
    before,
    after,
    milliseconds: run.milliseconds,
  };
}

/** The database is where it should be: nothing is run, and what a run would have shown holds. */
async function nothingRun(input: MigrateInput, at: string | null): Promise<MigrateReport> {
  const text = `the database was already at ${name(at)}; nothing was run`;
  return {
    summary: text,
    facts: [
      { name: 'ran', ok: true, text },
      { name: 'revision', ok: true, text: `revision ${name(at)}` },
      { name: 'warnings', ok: true, text: 'nothing was run' },
      ...durationFact(input.within, 0),
    ],
    evidence: [await keepRevisions(input, at, at)],
    before: at,
    after: at,
    milliseconds: 0,
  };
}

function durationFact(within: number | undefined, milliseconds: number): Fact[] {
  if (within === undefined) return [];
  const text = `${formatDuration(milliseconds)} (longest ${formatDuration(within)})`;
  return [{ name: 'duration', ok: milliseconds <= within, text }];
}

function keepRevisions(input: MigrateInput, before: string | null, after: string | null): Promise<EvidenceReference> {
  return storeEvidence(input.evidence, {
    title: 'Revision before and after',
    path: evidencePath(input.key, 'revisions.json'),
    content: `${JSON.stringify({ before, after }, undefined, 2)}\n`,
  });
}

/** Takes the lock; retried when it is only the last attempt of this very step that has not let go yet. */
async function lock(client: DatabaseClient, key: StepKey): Promise<void> {
  const { heldBy } = await takeMigrationLock(client);
  if (heldBy === undefined) return;
  const message = `The migration lock of the database is held by ${describeBackend(heldBy)}`;
  if (heldBy.applicationName === lockName(key)) throw ApplicationFailure.retryable(message, 'LockHeldByEarlierAttempt');
  throw refused(message);
}

/** Waits until no statement of an earlier run of this step is left: a killed client leaves its server process running. */
async function awaitQuiet(client: DatabaseClient, key: StepKey, within: number, signal: AbortSignal): Promise<void> {
  const until = Date.now() + within;
  for (;;) {
    const { ours, others } = await runningMigrations(client, key);
    const other = others[0];
    if (other) throw refused(`Another migration is running in the database: ${describeBackend(other)}`);
    const own = ours[0];
    if (!own) return;
    if (Date.now() > until) {
      throw refused(`An earlier run of this step is still at work in the database: ${describeBackend(own)}`);
    }
    await sleep(PROBE_EVERY, undefined, { signal });
  }
}

/** The revision by the tool's `current` command, which changes nothing and so is run as often as it is needed. */
export async function currentRevision(
  environment: Environment,
  migration: Migration,
  signal: AbortSignal,
): Promise<string | null> {
  const line = commandLine({ environment, command: migration.current, values: { environment: environment.name } });
  const [program = '', ...words] = line.argv;
  const run = await execa(program, words, {
    cwd: line.cwd,
    env: line.environment,
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout: migration.current.timeout,
    cancelSignal: signal,
    maxBuffer: 1_000_000,
  });
  signal.throwIfAborted();
  const secrets = await secretsOf(environment);
  const said = redact([run.stdout, run.stderr].filter(Boolean).join('\n').slice(-1_000), secrets);
  const failed = (type: FailureType, what: string) =>
    ApplicationFailure.create({
      type,
      message: `${line.title} ${what}${said ? `:\n${said}` : ''}`,
      nonRetryable: true,
    });
  if (run.timedOut)
    throw failed(FailureType.CommandFailed, `took longer than ${formatDuration(migration.current.timeout)}`);
  if (run.failed) {
    const how =
      run.exitCode === undefined
        ? `could not be run (${run.code ?? run.signal})`
        : `ended with exit code ${run.exitCode}`;
    throw failed(FailureType.CommandFailed, how);
  }
  try {
    return readCurrent(run.stdout);
  } catch (error) {
    if (!(error instanceof UnreadableRevision)) throw error;
    throw refused(redact(`${line.title}: ${error.message}`, secrets));
  }
}

async function remember(file: string, before: string | null): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.part`, JSON.stringify({ before }), { mode: 0o600 });
  await rename(`${file}.part`, file);
}

async function recall(file: string): Promise<string | null> {
  return (JSON.parse(await readFile(file, 'utf8')) as { before: string | null }).before;
}

const name = (revision: string | null) => revision ?? 'no revision';

const refused = (message: string) =>
  ApplicationFailure.create({ type: FailureType.PreconditionFailed, message, nonRetryable: true });
