/** pg_restore into a database that is there and empty, and what came of it. */
import type { Database } from '../../contract/plan/environment.js';
import type { RevisionTable } from '../../domain/migration/migration-tool.js';
import { redact } from '../evidence/redaction.js';
import { readSecret } from '../evidence/secrets.js';
import { type DatabaseClient, withDatabase } from '../postgres/postgres.js';
import { type Inventory, readEntries, takeInventory } from './database-inventory.js';
import { connectionVariables, type DumpTools, said } from './dump.js';
import type { DumpEntry, DumpList } from './dump-contents.js';
import { judgeFailures, type RestoreFailure, readFailures } from './restore-failures.js';
import { type RunTool, ToolFailure, type ToolRun, toolLine } from './tool-run.js';

export interface Restored {
  inventory: Inventory;
  /** Of pg_restore alone. */
  milliseconds: number;
  /** Entries that could not be restored where they were, with the reason: no fault of the dump. */
  without: { entry: DumpEntry; text: string }[];
  /** Commands that failed and were forgiven, with the reason: what they were to change is there without it. */
  forgiven: string[];
}

/** What is restored, and where to. */
export interface Restore {
  database: Database;
  file: string;
  list: DumpList;
  /** What pg_restore is told beside the file and the place. */
  words: string[];
  /** Of the migration tool, where it is known. */
  table: RevisionTable | undefined;
  /** Whether an entry may be missing for the reason that its failure gives. */
  mayFail: (failure: RestoreFailure) => boolean;
  /** Commands that may fail: what they would have made is not missed. */
  forgives?: RegExp;
  /** Longest time of a statement that reads it back, milliseconds. */
  limit: number;
  signal: AbortSignal;
}

/** Runs pg_restore, into a database that is there and empty; or waits for the one that does. */
export async function runRestore(
  tools: DumpTools,
  { database, file, words }: Pick<Restore, 'database' | 'file' | 'words'>,
  run: RunTool,
): Promise<ToolRun> {
  const password = await readSecret(database.password);
  const target = ['--verbose', '--no-password', `--dbname=${database.name}`, file];
  const variables = await connectionVariables(database, password);
  const title = `pg_restore into ${database.name}`;
  const ended = await run(toolLine([tools.pgRestore, ...words, ...target], { title, variables }));
  return { ...ended, errors: redact(ended.errors, [password]) };
}

/**
 * What came of pg_restore, and what is in the database now.
 * @throws ToolFailure when pg_restore failed
 */
export async function readRestored(restore: Restore, ended: ToolRun): Promise<Restored> {
  const { database, limit, signal, forgives } = restore;
  const { entries } = restore.list;
  const { exitCode, problem, errors, notWhole, milliseconds } = ended;
  if (problem !== undefined && exitCode === undefined) throw new ToolFailure(problem, errors);
  // Which entries failed, nobody knows where its words are not all there.
  if (problem !== undefined && notWhole !== undefined) throw new ToolFailure(`pg_restore failed: ${notWhole}`, errors);
  const failures = readFailures(errors, entries);
  const isForgiven = ({ command }: RestoreFailure) => forgives?.test(command) === true;
  const { wrong, without } = judgeFailures(
    failures.filter((failure) => !isForgiven(failure)),
    entries,
    restore.mayFail,
  );
  if (problem !== undefined && (wrong.length > 0 || !cameToItsEnd(exitCode, errors))) {
    const what = wrong.slice(0, MOST_TOLD).map(inWords).join('; ') || said(errors, `exit code ${exitCode}`);
    throw new ToolFailure(`pg_restore failed: ${what}`, errors);
  }
  const inventory = await withDatabase(database, countEverything(restore.table), { session: true, limit, signal });
  const forgiven = failures.filter(isForgiven).map(({ command, reason }) => `${command} (${reason})`);
  return { inventory, milliseconds, without, forgiven };
}

/** The most failures that people are told of. */
const MOST_TOLD = 3;

const inWords = ({ entry, reason }: RestoreFailure): string => (entry ? `${entry.label}: ${reason}` : reason);

/** Only then does it count what it had to ignore; whatever stops it is an error as well. */
const cameToItsEnd = (exitCode: number | undefined, printed: string): boolean =>
  exitCode === 1 && /^pg_restore: warning: errors ignored on restore: \d+$/m.test(printed);

/** Row security that holds for the owner too is lifted for as long as it is counted, and never beyond. */
const countEverything =
  (table: RevisionTable | undefined) =>
  ({ transaction }: DatabaseClient): Promise<Inventory> =>
    transaction(
      async (client) => {
        const { rows: forced } = await client.query<{ name: string }>(
          `select c.oid::regclass::text as name from pg_class c
            where relforcerowsecurity and relkind in ('r', 'p') and pg_has_role(relowner, 'usage')`,
        );
        for (const { name } of forced) await client.query(`alter table ${name} no force row level security`);
        return takeInventory(client, await readEntries(client), table);
      },
      { writes: true, settings: { row_security: 'off', transaction_timeout: '0' } },
    );
