/** The last resort: the dump from before the deploy takes the place of a database that no rollback could mend. */

import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { createDatabase } from '../../adapters/backup/database-administration.js';
import { type Inventory, inventoryDifferences } from '../../adapters/backup/database-inventory.js';
import { localeOf } from '../../adapters/backup/database-snapshot.js';
import {
  administering,
  dropRestored,
  inherit,
  putInPlace,
  readProgress,
  reopen,
  replacedName,
  type Swap,
  swapOf,
} from '../../adapters/backup/database-swap.js';
import { findDumpTools, printedBy } from '../../adapters/backup/dump.js';
import { listDump } from '../../adapters/backup/dump-contents.js';
import { restoreInto } from '../../adapters/backup/pg-restore.js';
import { isEssential, isOfTheServer, type RestoreFailure } from '../../adapters/backup/restore-failures.js';
import { evidenceFile, storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { type DatabaseClient, serverVersion } from '../../adapters/postgres/postgres.js';
import { isLost } from '../../adapters/postgres/postgres-errors.js';
import type { RestoreActivities } from '../../contract/activities/backup.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, failures, passed, type StepReport } from '../../domain/evidence.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';
import { inventoryText, shortList, untried } from './backup-proofs.js';
import { fetchBackup, recordOf } from './stored-backup.js';

type Input = Parameters<RestoreActivities['restoreDatabase']>[0];

/**
 * Facts, always these: `fetched` (the dump, with the sha256 that it had), `restored` (into a database beside the present
 * one, and as the dump's record says), `in-place` (renamed; the one before is kept under another name).
 */
export function createRestoreActivities(): RestoreActivities {
  return { restoreDatabase: (input) => withHeartbeat((signal) => restore(input, signal)) };
}

interface RestoreState {
  fetched: Fact;
  restored: Fact;
  /** Missing when nothing may be put in place. */
  kept?: string;
  inventory?: Inventory;
  milliseconds?: number;
  /** What this user may not restore, with the reasons. */
  unkept?: string[];
  /** By a pg_restore that failed: for the evidence only. */
  printed?: string;
}

async function restore(input: Input, signal: AbortSignal): Promise<StepReport> {
  const { key, evidence, environment, from } = input;
  const database = databaseOf(environment);
  const swap = swapOf(database.name, { deployment: key.deployment, sha256: from.sha256 });
  const { inPlace, ...found } = await administering(database, swap, async (client) => {
    const progress = await readProgress(client, swap);
    if (progress.state === 'in-place') {
      await reopen(client, progress.kept);
      const text = `${swap.present} is the restored database already; the one before it is ${progress.kept}`;
      return { ...earlier(swap, progress.kept), inPlace: { name: 'in-place', ok: true, text } };
    }
    const beside =
      progress.state === 'restored'
        ? earlier(swap, progress.kept)
        : await restoreBeside({ input, client, swap, signal });
    return { ...beside, inPlace: await place(client, { swap, beside, user: database.user, signal }) };
  });
  const facts = [found.fetched, found.restored, inPlace];
  const { inventory, milliseconds, kept, unkept, printed } = found;
  const record = { database: database.name, from, kept, milliseconds, unkept, restored: inventory, facts, printed };
  const reference = await storeEvidence(evidence, {
    title: `Restore of ${database.name}`,
    path: evidencePath(key, 'restore.json'),
    content: `${JSON.stringify(record, undefined, 2)}\n`,
  });
  const report = { summary: '', facts, evidence: [reference] };
  return { ...report, summary: passed(report) ? inPlace.text : failures(report) };
}

/** What an attempt before this one has done, as its mark says. */
function earlier({ sha256, restored }: Swap, kept: string): RestoreState {
  return {
    fetched: { name: 'fetched', ok: true, text: `fetched by an earlier attempt: sha256 ${sha256}` },
    restored: { name: 'restored', ok: true, text: `restored as ${restored} and compared by an earlier attempt` },
    kept,
  };
}

async function place(
  client: DatabaseClient,
  { swap, beside, user, signal }: { swap: Swap; beside: RestoreState; user: string; signal: AbortSignal },
): Promise<Fact> {
  const name = 'in-place';
  const { kept } = beside;
  if (kept === undefined) return untried(name, 'put in place', [beside.fetched, beside.restored]);
  signal.throwIfAborted();
  try {
    const ended = await putInPlace(client, swap, kept);
    const sessions = ended > 0 ? `; ${ended} sessions were ended` : '';
    return {
      name,
      ok: true,
      text: `${swap.present} is the restored database now; the one before it is ${kept}${sessions}`,
    };
  } catch (error) {
    if (!isForPeople(error)) throw error;
    const text = `${error.message}${advice(error, user)}; the restored one is ${swap.restored}`;
    return { name, ok: false, text };
  }
}

async function restoreBeside(job: {
  input: Input;
  client: DatabaseClient;
  swap: Swap;
  signal: AbortSignal;
}): Promise<RestoreState> {
  const { input, client, swap, signal } = job;
  const draft = evidenceFile(input.evidence, evidencePath(input.key, `${input.environment.name}.dump`));
  const file = `${draft}.${randomUUID()}.part`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  let whole = false;
  try {
    const fetched = await fetchBackup(input, { ...input.backup, file, signal });
    if (!fetched.ok) return { fetched, restored: untried('restored', 'restored', [fetched]) };
    const found = await restoreFile({ ...job, file });
    whole = found.kept !== undefined;
    return { ...found, fetched };
  } finally {
    await rm(file, { force: true });
    // When that cannot be done now, the next attempt does it first of all.
    if (!whole) await dropRestored(client, swap).catch(() => undefined);
  }
}

/** Commands whose failure loses no data: the objects then belong to the user who restores, with that user's rights. */
const FORGIVEN = /^(ALTER .* OWNER TO |ALTER DEFAULT PRIVILEGES |GRANT |REVOKE |COMMENT ON |SECURITY LABEL )/;

/** Without row security or one of its policies everybody would see every row, or more of them than before. */
const mayFail = (failure: RestoreFailure): boolean =>
  isOfTheServer(failure) && !['POLICY', 'ROW SECURITY'].includes(failure.entry?.kind ?? '');

/** Tablespaces are the server's; a subscription would go on to receive what another database has received since. */
const WORDS = ['--no-tablespaces', '--no-subscriptions'];

async function restoreFile(job: {
  input: Input;
  client: DatabaseClient;
  swap: Swap;
  file: string;
  signal: AbortSignal;
}): Promise<Omit<RestoreState, 'fetched'>> {
  const { client, swap, file, signal } = job;
  const { environment, evidence, tool, from } = job.input;
  const failed = (text: string) => ({ restored: { name: 'restored', ok: false, text } });
  try {
    const tools = await findDumpTools(await serverVersion(client), environment.tools);
    const list = await listDump(tools, file, signal);
    if ('wrong' in list) return failed(list.wrong);
    const locale = await localeOf(client, swap.present);
    if (!locale) return failed(`there is no database ${swap.present} whose place could be taken: make an empty one`);
    await dropRestored(client, swap);
    await createDatabase(client, swap.restored, locale);
    const database = { ...databaseOf(environment), name: swap.restored };
    const { table } = migrationTool(tool);
    const job = { database, file, list, words: WORDS, table, mayFail, forgives: FORGIVEN, signal };
    const { inventory, milliseconds, without, forgiven } = await restoreInto(tools, job);
    const essential = without.filter(({ entry }) => isEssential(entry)).map(({ text }) => text);
    if (essential.length > 0) return failed(`restored as ${swap.restored}, but without ${shortList(essential)}`);
    const recorded = (await recordOf<{ dumped?: Inventory }>(evidence, from))?.dumped;
    const missing = new Set(without.map(({ entry }) => entry.id));
    const wrong = recorded ? inventoryDifferences(recorded, inventory, missing) : [];
    if (wrong.length > 0) return failed(`restored as ${swap.restored}, but ${wrong.join('; ')}`);
    const kept = replacedName(swap.present, Date.now());
    const uninherited = await inherit(client, swap, kept);
    const unkept = [...without.map(({ text }) => text), ...forgiven, ...uninherited];
    const compared = recorded
      ? 'as the record of the dump says'
      : 'the record of the dump is not there to compare with';
    const text = `restored in ${formatDuration(milliseconds)}: ${inventoryText(inventory, tool)}, ${compared}${lost(unkept)}`;
    return { restored: { name: 'restored', ok: true, text }, kept, inventory, milliseconds, unkept };
  } catch (error) {
    signal.throwIfAborted();
    if (!isForPeople(error)) throw error;
    return { ...failed(`${error.message}${advice(error, databaseOf(environment).user)}`), printed: printedBy(error) };
  }
}

/** What this user may not restore. */
const lost = (unkept: string[]): string => (unkept.length === 0 ? '' : `; without ${shortList(unkept)}`);

/** It says what does not work; else it is worth another try. */
const isForPeople = (error: unknown): error is Error =>
  error instanceof Error && (error instanceof ApplicationFailure ? error.nonRetryable === true : !isLost(error));

const advice = ({ message }: Error, user: string): string =>
  /permission denied to (create|rename) database|must be owner of database/.test(message)
    ? ` (${user} has to have CREATEDB, and to own the database)`
    : '';
