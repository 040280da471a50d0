/** pg_restore into a database that is there and empty, and what came of it. */
import { execa } from 'execa';
import type { Database } from '../../contract/plan/environment.js';
import type { RevisionTable } from '../../domain/migration/migration-tool.js';
import { redact } from '../evidence/redaction.js';
import { readSecret } from '../evidence/secrets.js';
import { type DatabaseClient, withDatabase } from '../postgres/postgres.js';
import { type Inventory, readEntries, takeInventory } from './database-inventory.js';
import { connectionVariables, type DumpTools, said, ToolFailure } from './dump.js';
import { type DumpEntry, type DumpList, LONGEST_LIST } from './dump-contents.js';
import { judgeFailures, type RestoreFailure, readFailures } from './restore-failures.js';

export interface Restored {
  inventory: Inventory;
  /** Of pg_restore alone. */
  milliseconds: number;
  /** Entries that could not be restored where they were, with the reason: no fault of the dump. */
  without: { entry: DumpEntry; text: string }[];
  /** Commands that failed and were forgiven, with the reason: what they were to change is there without it. */
  forgiven: string[];
}

/**
 * Restores a dump and reads back what is there then.
 * @param job.words what pg_restore is told beside the file and the place
 * @param job.mayFail whether an entry may be missing for the reason that its failure gives
 * @param job.table of the migration tool, where it is known
 * @param job.forgives commands that may fail: what they would have made is not missed
 * @throws ToolFailure when pg_restore failed
 */
export async function restoreInto(
  tools: DumpTools,
  job: {
    database: Database;
    file: string;
    list: DumpList;
    words: string[];
    table: RevisionTable | undefined;
    mayFail: (failure: RestoreFailure) => boolean;
    forgives?: RegExp;
    signal: AbortSignal;
  },
): Promise<Restored> {
  const { database, file, signal, forgives } = job;
  const { entries } = job.list;
  const password = await readSecret(database.password);
  const begun = performance.now();
  const target = ['--verbose', '--no-password', `--dbname=${database.name}`, file];
  const run = await execa(tools.pgRestore, [...job.words, ...target], {
    env: await connectionVariables(database, password),
    reject: false,
    cancelSignal: signal,
    stdin: 'ignore',
    // It tells of every entry.
    maxBuffer: LONGEST_LIST,
  });
  const milliseconds = Math.round(performance.now() - begun);
  signal.throwIfAborted();
  const printed = redact(run.stderr, [password]);
  const failures = readFailures(printed, entries);
  const isForgiven = ({ command }: RestoreFailure) => forgives?.test(command) === true;
  const { wrong, without } = judgeFailures(
    failures.filter((failure) => !isForgiven(failure)),
    entries,
    job.mayFail,
  );
  if (run.failed && (wrong.length > 0 || !cameToItsEnd(run.exitCode, printed))) {
    const what = wrong.slice(0, MOST_TOLD).map(inWords).join('; ') || said(printed, run.code);
    throw new ToolFailure(`pg_restore failed: ${what}`, printed);
  }
  const inventory = await withDatabase(database, countEverything(job.table), { session: true, limit: 0 });
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
