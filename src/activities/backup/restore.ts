/** The last resort: the dump from before the deploy takes the place of a database that no rollback could mend. */
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { createDatabase, databaseNumber } from '../../adapters/backup/database-administration.js';
import { type Inventory, inventoryDifferences } from '../../adapters/backup/database-inventory.js';
import { type Locale, localeOf } from '../../adapters/backup/database-snapshot.js';
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
import { type DumpTools, findDumpTools } from '../../adapters/backup/dump.js';
import { type DumpList, listDump } from '../../adapters/backup/dump-contents.js';
import { type Restored, readRestored, runRestore } from '../../adapters/backup/pg-restore.js';
import { isEssential, isOfTheServer, type RestoreFailure } from '../../adapters/backup/restore-failures.js';
import { AttemptLost, printedBy, type RunTool } from '../../adapters/backup/tool-run.js';
import { stepFolder, wasPrepared, wasStarted } from '../../adapters/commands/recorder.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { type DatabaseClient, serverVersion } from '../../adapters/postgres/postgres.js';
import { isLost } from '../../adapters/postgres/postgres-errors.js';
import type { RestoreActivities } from '../../contract/activities/backup.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { formatDuration } from '../../domain/duration.js';
import { type Fact, failures, passed, type StepReport } from '../../domain/evidence.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { isCancelled } from '../commands/heartbeat.js';
import { recordGone } from '../commands/own-trouble.js';
import { evidencePath } from '../commands/recorded-commands.js';
import { once, recall, remember } from '../commands/remembered.js';
import { inventoryText, shortList, untried } from './backup-proofs.js';
import { type Draft, inOwnDraft, type Records } from './draft.js';
import { isInterrupted, limitOf, recordedTool, untilMade, withinTries } from './dump-tools.js';
import { ToolProgress, tablesIn, tablesRestored } from './progress.js';
import { fetchBackup, recordOf } from './stored-backup.js';

type Input = Parameters<RestoreActivities['restoreDatabase']>[0];

/**
 * Facts, always these: `fetched` (the dump, with the sha256 that it had), `restored` (into a database beside the present
 * one, and as the dump's record says), `in-place` (renamed; the one before is kept under another name).
 */
export function createRestoreActivities(records: Records): RestoreActivities {
  return {
    restoreDatabase: (input) => {
      const progress = new ToolProgress();
      const work = (draft: Draft) => withinTries(() => restore({ state: records.state, input, progress, ...draft }));
      return inOwnDraft(records, input, work, progress.text);
    },
  };
}

interface Work extends Draft {
  state: string;
  input: Input;
  progress: ToolProgress;
}

/** What gives orders to the server, and about which databases. */
interface Orders {
  client: DatabaseClient;
  swap: Swap;
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

async function restore(work: Work): Promise<StepReport> {
  const { key, evidence, environment, from } = work.input;
  const { signal } = work;
  const database = databaseOf(environment);
  const swap = swapOf(database.name, { deployment: key.deployment, sha256: from.sha256 });
  await awaitRestore(work, swap);
  const { inPlace, ...found } = await administering(database, swap, async (client) => {
    const progress = await readProgress(client, swap);
    if (progress.state === 'in-place') {
      await reopen(client, progress.kept);
      const text = `${swap.present} is the restored database already; the one before it is ${progress.kept}`;
      return { ...earlier(swap, progress.kept), inPlace: { name: 'in-place', ok: true, text } };
    }
    const beside =
      progress.state === 'restored' ? earlier(swap, progress.kept) : await restoreBeside(work, { client, swap });
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

async function restoreBeside(work: Work, orders: Orders): Promise<RestoreState> {
  const { state, input, file, signal } = work;
  const memory = `${stepFolder(state, input.key, 'restore')}.fetched.json`;
  let isKept = false;
  try {
    const fetched = await once(memory, () => fetchBackup(input, { ...input.backup, file, signal }));
    if (!fetched.ok) return { fetched, restored: untried('restored', 'restored', [fetched]) };
    const found = await restoreFile(work, orders);
    isKept = found.kept !== undefined;
    return { ...found, fetched };
  } catch (error) {
    // The next attempt goes on with it, where there is one.
    isKept = !isCancelled();
    throw error;
  } finally {
    // When that cannot be done now, the next one does it first of all.
    if (!isKept) await dropRestored(orders.client, orders.swap).catch(() => undefined);
  }
}

/** Commands whose failure loses no data: the objects then belong to the user who restores, with that user's rights. */
const FORGIVEN = /^(ALTER .* OWNER TO |ALTER DEFAULT PRIVILEGES |GRANT |REVOKE |COMMENT ON |SECURITY LABEL )/;

/** Without row security or one of its policies everybody would see every row, or more of them than before. */
const mayFail = (failure: RestoreFailure): boolean =>
  isOfTheServer(failure) && !['POLICY', 'ROW SECURITY'].includes(failure.entry?.kind ?? '');

/** Tablespaces are the server's; a subscription would go on to receive what another database has received since. */
const WORDS = ['--no-tablespaces', '--no-subscriptions'];

async function restoreFile(work: Work, orders: Orders): Promise<Omit<RestoreState, 'fetched'>> {
  const { client, swap } = orders;
  const { file, signal } = work;
  const { environment, evidence, tool, from } = work.input;
  const failed = (text: string) => ({ restored: { name: 'restored', ok: false, text } });
  try {
    const tools = await findDumpTools(await serverVersion(client), environment.tools);
    const list = await listDump(tools, file, signal);
    if ('wrong' in list) return failed(list.wrong);
    const locale = await localeOf(client, swap.present);
    if (!locale) return failed(`there is no database ${swap.present} whose place could be taken: make an empty one`);
    const { inventory, milliseconds, without, forgiven } = await untilMade((attempt) =>
      restoreOnce(work, { ...orders, tools, list, locale, attempt }),
    );
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
    if (isInterrupted(error)) throw error;
    signal.throwIfAborted();
    if (!isForPeople(error)) throw error;
    return { ...failed(`${error.message}${advice(error, databaseOf(environment).user)}`), printed: printedBy(error) };
  }
}

/** What an attempt remembers before it begins: by what it restores how much, and which database of that name it is. */
interface Begun {
  tools: DumpTools;
  tables: number;
  number: number | undefined;
}

const recordNamed = (attempt: number) => `restore-${attempt}`;
const folderFor = ({ state, input }: Work, attempt: number) => stepFolder(state, input.key, recordNamed(attempt));
const memoryOf = (work: Work, attempt: number) => `${folderFor(work, attempt)}.begun.json`;

function toolOf({ state, input: { key, environment, backup } }: Work, attempt: number): RunTool {
  return recordedTool({ state, key, environment, limit: limitOf(backup) }, recordNamed(attempt));
}

const target = ({ file, input: { environment } }: Work, { restored }: Swap) => ({
  database: { ...databaseOf(environment), name: restored },
  file,
  words: WORDS,
});

function runWith(work: Work, swap: Swap, { tools, tables, attempt }: Omit<Begun, 'number'> & { attempt: number }) {
  work.progress.at(tablesRestored(join(folderFor(work, attempt), 'stderr.log'), tables));
  return runRestore(tools, target(work, swap), toolOf(work, attempt));
}

/** One that an earlier attempt has begun may be at work: it is waited for before a server is asked that may be away. */
async function awaitRestore(work: Work, swap: Swap): Promise<void> {
  await untilMade(async (attempt) => {
    if (!(await wasStarted(folderFor(work, attempt)))) return;
    const begun = await recall<Begun>(memoryOf(work, attempt));
    if (begun) await runWith(work, swap, { ...begun, attempt });
  });
}

/**
 * Restores into a new database; or goes on with the one of an attempt that was interrupted, whether its pg_restore runs
 * still or has ended. One of which nobody knows how it ended is given up, with its database.
 */
async function restoreOnce(
  work: Work,
  at: Orders & { tools: DumpTools; list: DumpList; locale: Locale; attempt: number },
): Promise<Restored> {
  const { client, swap, tools, list, attempt } = at;
  const { input, signal } = work;
  const tables = tablesIn(list);
  const memory = memoryOf(work, attempt);
  const { table } = migrationTool(input.tool);
  const limit = limitOf(input.backup);
  const restore = { ...target(work, swap), list, table, mayFail, forgives: FORGIVEN, limit, signal };
  if (await wasPrepared(folderFor(work, attempt))) {
    const begun = await recall<Begun>(memory);
    if (begun === undefined) throw recordGone(recordNamed(attempt));
    if (begun.number !== (await databaseNumber(client, swap.restored))) {
      throw new AttemptLost(new Error(`${swap.restored} is not the database any more that was restored into`));
    }
  } else {
    await dropRestored(client, swap);
    await createDatabase(client, swap.restored, at.locale);
    const number = await databaseNumber(client, swap.restored);
    await remember(memory, { tools, tables, number });
    signal.throwIfAborted();
  }
  return readRestored(restore, await runWith(work, swap, { tools, tables, attempt }));
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
