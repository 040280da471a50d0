/** Migrations: look, lock, run once, look again (checklist 1.2, 3.4, rollback options 1 and 3). */

import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { commandLine } from '../../adapters/commands/command-line.js';
import { NotBegun, stepFolder, wasStarted } from '../../adapters/commands/recorder.js';
import { Deadline } from '../../adapters/deadline.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { redact } from '../../adapters/evidence/redaction.js';
import {
  describeBackend,
  HELD,
  lockName,
  locksForDeployment,
  migrationName,
  runningMigrations,
  takeMigrationLock,
} from '../../adapters/migration/migration-lock.js';
import {
  additions,
  describeChanges,
  describeSchema,
  fingerprint,
} from '../../adapters/migration/schema-fingerprint.js';
import { losses, takeStock } from '../../adapters/migration/table-stock.js';
import { readLeftovers } from '../../adapters/postgres/catalogue.js';
import { type DatabaseClient, withDatabase } from '../../adapters/postgres/postgres.js';
import type { CommandActivities } from '../../contract/activities/commands.js';
import type { StepKey } from '../../contract/activities/step.js';
import { FailureType } from '../../contract/errors.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { formatDuration } from '../../domain/duration.js';
import type { EvidenceReference } from '../../domain/evidence.js';
import { messageOf } from '../../domain/message.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { LARGEST_RECORD, readText } from '../../files/bounded-files.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { withOwnTrouble } from '../commands/own-trouble.js';
import { evidencePath, mustHaveRecord, runToEnd, secretsOf } from '../commands/recorded-commands.js';
import { type DatabaseState, type MigrationRun, migrationFacts, nameOf, refusalOf, short } from './migration-facts.js';
import { askCurrent, askHeads, askTable, onlyRevision } from './revisions.js';

type MigrateInput = Parameters<CommandActivities['migrate']>[0];
type MigrateReport = Awaited<ReturnType<CommandActivities['migrate']>>;
type Work = MigrateInput & { state: string; client: DatabaseClient; signal: AbortSignal; target: string | null };

/** How often a statement of an earlier attempt is looked for while it ends. */
const PROBE_EVERY = 500;
/** How much longer than its own limit a statement may stand in the database. */
const GRACE = 5_000;

/**
 * Facts, whatever happens: `ran`, `revision`, `heads`, `warnings`, `schema`, `leftovers`, and `duration` when a longest
 * time is given.
 * @throws ApplicationFailure `OutcomeUnknown`; retryable when the database cannot be reached
 */
export async function migrate(state: string, input: MigrateInput): Promise<MigrateReport> {
  const { key, environment, migration, direction } = input;
  const target = direction.kind === 'upgrade' ? migration.revision : direction.to;
  const database = databaseOf(environment);
  const locked = (held: string | undefined, signal: AbortSignal) =>
    withDatabase(database, async (client) => {
      const work = { ...input, state, client, signal, target };
      return held === undefined ? migrateLocked(work) : reportOf(work, { refusal: held });
    });
  // The lock lives on a connection of its own for as long as this attempt; the probe covers what outlives an attempt.
  return withHeartbeat((signal) =>
    withDatabase(
      database,
      (holder) => holder.transaction(async (client) => locked(await lock(client, key), signal), HELD),
      { applicationName: lockName(key), session: true },
    ),
  );
}

async function migrateLocked(work: Work): Promise<MigrateReport> {
  const { state, key, migration, direction, target } = work;
  await mustHaveRecord({ state, key, name: direction.kind });
  // A command that this very step has started is waited for by its recorder; only others' statements are probed for.
  if (await wasStarted(stepFolder(work.state, key, direction.kind))) {
    return runAndLook(work, await withOwnTrouble(direction.kind, () => recall(work, key, 'before')));
  }
  const busy = await awaitQuiet(work, migration[direction.kind].timeout);
  if (busy) return reportOf(work, { refusal: busy });
  const before = await look(work, { heads: direction.kind === 'upgrade' });
  const from = direction.kind === 'downgrade' ? direction.from : undefined;
  const refusal = refusalOf({ ...courseOf(work), before }, from);
  if (refusal !== undefined) return reportOf(work, { before, refusal });
  const at = onlyRevision(before.revisions);
  if (at !== undefined && migrationTool(migration.tool).same(at, target)) {
    return reportOf(work, { before, after: before });
  }
  await remember(work, 'before', before).catch((error: unknown) =>
    withOwnTrouble(direction.kind, () => Promise.reject(new NotBegun(messageOf(error)))),
  );
  return runAndLook(work, before);
}

/** Runs the command, or waits for the one that runs, and looks at what has become of the database. */
async function runAndLook(work: Work, before: DatabaseState): Promise<MigrateReport> {
  const { state, key, environment, migration, direction } = work;
  const command = migration[direction.kind];
  const line = commandLine({
    environment,
    command,
    values: {
      environment: environment.name,
      revision: argumentOf(work),
    },
    variables: {
      PGOPTIONS: `-c lock_timeout=${migration.lockTimeout}ms -c statement_timeout=${migration.statementTimeout}ms`,
      PGAPPNAME: migrationName(key),
    },
  });
  const { timeout } = command;
  const run = await runToEnd({ state, key, name: direction.kind, evidence: work.evidence, environment, line, timeout });
  if (run.failure?.type === FailureType.OutcomeUnknown) throw run.failure;
  if (run.failure) {
    // A client that was killed leaves its server process at work: only when that has gone is there a state to look at.
    const left = await awaitQuiet(work, migration.statementTimeout + GRACE);
    if (left) throw unknownOutcome(`${run.failure.message}\n${left}`, run.evidence);
  }
  const after = await look(work, { heads: false });
  if (work.stock) await withOwnTrouble(line.title, () => remember(work, 'after', after));
  const output = redact(`${run.output}\n${run.errors}`, await secretsOf(environment));
  const { milliseconds, failure, notWhole } = run;
  const course = {
    before,
    after,
    run: { title: line.title, failure: failure?.message, milliseconds, output, notWhole },
  };
  return reportOf(work, course, run.evidence);
}

/** An upgrade goes to what the plan calls it, a downgrade to what the database itself has said. */
function argumentOf({ direction, migration }: Work): string {
  const tool = migrationTool(migration.tool);
  if (direction.kind === 'upgrade') return tool.upgradeTo(migration.revision);
  return direction.to === null && migration.noRevision ? migration.noRevision : tool.downgradeTo(direction.to);
}

const courseOf = ({ migration, direction, target, within }: Work): MigrationRun => ({
  tool: migrationTool(migration.tool),
  kind: direction.kind,
  toHead: !migration.upgrade.run.some((word) => word.includes('{revision}')),
  target,
  within,
});

async function reportOf(
  work: Work,
  seen: Partial<MigrationRun>,
  evidence: EvidenceReference[] = [],
): Promise<MigrateReport> {
  const course = { ...courseOf(work), ...seen };
  const { before, run } = course;
  const after = course.after ?? before;
  const [was, is] = [onlyRevision(before?.revisions), onlyRevision(after?.revisions)];
  const facts = migrationFacts(course);
  const took = run ? ` in ${formatDuration(run.milliseconds)}` : '';
  const said = facts.find(({ ok, advisory }) => !ok && !advisory)?.text;
  return {
    summary: said ?? (run ? `${course.kind} from ${nameOf(was)} to ${nameOf(is)}${took}` : (facts[0]?.text ?? '')),
    facts,
    evidence: before
      ? [...evidence, await withOwnTrouble(course.kind, () => keepStates(work, before, after))]
      : evidence,
    before: was,
    after: is,
    milliseconds: run?.milliseconds ?? 0,
    ...(before && after ? { schema: { before: fingerprint(before.schema), after: fingerprint(after.schema) } } : {}),
    ...(work.stock && before && after ? { added: additions(before.schema, after.schema) } : {}),
    ...(work.stock?.since && after ? { compared: await compare(work, work.stock.since, after) } : {}),
  };
}

/** What a downgrade has not given back, or an upgrade not made again, of what the first upgrade found and left. */
async function compare(work: Work, since: StepKey, now: DatabaseState): Promise<{ schema: string; lost: string[] }> {
  const first: Work = { ...work, direction: { kind: 'upgrade' } };
  const found = await recall(first, since, 'before');
  const then = work.direction.kind === 'downgrade' ? found : await recall(first, since, 'after');
  const lost = losses(then.stock ?? {}, now.stock ?? {}, { among: found.stock });
  return { schema: describeChanges(then.schema, now.schema), lost };
}

/** The database as it is now. */
async function look(work: Work, options: { heads: boolean }): Promise<DatabaseState> {
  const { environment, migration, client, signal } = work;
  const asked = { environment, migration };
  // A proof goes there and back after the tool has been heard; each of its answers costs a second of starting Python.
  const isProof = work.stock?.since !== undefined;
  const stored = isProof ? await askTable(asked, client) : undefined;
  const [revisions, heads] = await Promise.all([
    stored ?? askCurrent(asked, signal, client),
    options.heads && migration.heads && !isProof ? askHeads(asked, migration.heads, signal) : undefined,
  ]);
  const schema = await describeSchema(client);
  const leftovers = await readLeftovers(client);
  return { revisions, heads, schema, leftovers, ...(work.stock ? { stock: await takeStock(client) } : {}) };
}

function keepStates({ evidence, key }: Work, before: DatabaseState, after = before): Promise<EvidenceReference> {
  const shown = (state: DatabaseState) => ({ ...state, fingerprint: fingerprint(state.schema) });
  return storeEvidence(evidence, {
    title: `Revision and schema before (${short(before)}) and after (${short(after)})`,
    path: evidencePath(key, 'states.json'),
    content: `${JSON.stringify({ before: shown(before), after: shown(after) }, undefined, 2)}\n`,
  });
}

/** Takes the lock. Retried while only an earlier attempt, or an earlier step of the deployment, has not let go yet. */
async function lock(client: DatabaseClient, key: StepKey): Promise<string | undefined> {
  const { heldBy } = await takeMigrationLock(client);
  if (heldBy === undefined) return undefined;
  const message = `the migration lock of the database is held by ${describeBackend(heldBy)}`;
  if (locksForDeployment(heldBy, key)) throw ApplicationFailure.retryable(message, 'LockHeldByEarlierAttempt');
  return message;
}

/**
 * Waits until no statement of this deployment's migrations is left.
 * @param within milliseconds
 * @returns what is still at work: another deployment's migration at once, this one's after the time
 */
async function awaitQuiet({ client, key, signal }: Work, within: number): Promise<string | undefined> {
  const until = new Deadline(within);
  for (;;) {
    const { ours, others } = await runningMigrations(client, key);
    const other = others[0];
    if (other) return `another migration is running in the database: ${describeBackend(other)}`;
    const own = ours[0];
    if (!own) return undefined;
    if (until.passed) return `an earlier run is still at work in the database: ${describeBackend(own)}`;
    await sleep(PROBE_EVERY, undefined, { signal });
  }
}

/** Beside the step's own folder, for attempts and steps that come later: on this machine, where the command was run. */
const memory = ({ state, direction }: Work, key: StepKey, when: 'before' | 'after'): string =>
  `${stepFolder(state, key, direction.kind)}.${when}.json`;

async function remember(work: Work, when: 'before' | 'after', seen: DatabaseState): Promise<void> {
  const file = memory(work, work.key, when);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.part`, JSON.stringify(seen), { mode: 0o600 });
  await rename(`${file}.part`, file);
}

const recall = async (work: Work, key: StepKey, when: 'before' | 'after'): Promise<DatabaseState> =>
  JSON.parse(await readText(memory(work, key, when), LARGEST_RECORD)) as DatabaseState;

const unknownOutcome = (message: string, evidence: EvidenceReference[]) =>
  ApplicationFailure.create({
    type: FailureType.OutcomeUnknown,
    message,
    nonRetryable: true,
    details: [{ evidence }],
  });
