/** pg_restore into a database that is there and empty, and what came of it. */
import { writeFile } from 'node:fs/promises';
import { execa } from 'execa';
import pg from 'pg';
import type { Database } from '../contract/plan.js';
import { type Inventory, readEntries, takeInventory } from './database-inventory.js';
import { connectionVariables, type DumpTools, LONGEST_COMPLAINT, said, ToolFailure } from './dump.js';
import type { DumpList } from './dump-contents.js';
import { withDatabase } from './postgres.js';
import { reasonOf } from './postgres-errors.js';
import { quotable } from './quotable.js';
import { redact } from './redaction.js';
import { readSecret } from './secrets.js';

export interface Restored {
  inventory: Inventory;
  /** Of pg_restore alone. */
  milliseconds: number;
  /** Extensions that were left out because the user may not create them there, or the server has none, with the reason. */
  withoutExtensions: string[];
  /** Commands that failed and were forgiven, with the reason. */
  forgiven: string[];
}

/**
 * Restores a dump and reads back what is there then.
 * @param job.words what pg_restore is told beside the file and the place
 * @param job.forgives commands that may fail: what they would have made is not missed
 * @throws ToolFailure when pg_restore failed
 */
export async function restoreInto(
  tools: DumpTools,
  job: { database: Database; file: string; list: DumpList; words: string[]; forgives?: RegExp; signal: AbortSignal },
): Promise<Restored> {
  const { database, file, signal } = job;
  const password = await readSecret(database.password);
  const { list, left } = await withoutForbiddenExtensions(database, job.list);
  const listFile = `${file}.list`;
  await writeFile(listFile, list, { mode: 0o600 });
  const begun = performance.now();
  const target = ['--no-password', `--use-list=${listFile}`, `--dbname=${database.name}`, file];
  const run = await execa(tools.pgRestore, [...job.words, ...target], {
    env: connectionVariables(database, password),
    reject: false,
    cancelSignal: signal,
    stdin: 'ignore',
    maxBuffer: LONGEST_COMPLAINT,
  });
  const milliseconds = Math.round(performance.now() - begun);
  signal.throwIfAborted();
  const errors = restoreErrors(run.stderr);
  const forgiven = errors.filter((message) => job.forgives?.test(commandOf(message)) === true);
  const wrong = errors.filter((message) => !forgiven.includes(message)).join('');
  if (run.failed && (wrong !== '' || run.exitCode !== 1 || run.stderr === '')) {
    const whole = redact(run.stderr, [password]);
    throw new ToolFailure(`pg_restore failed: ${said(redact(wrong, [password]) || whole, run.code)}`, whole);
  }
  const inventory = await withDatabase(
    database,
    ({ transaction }) =>
      transaction(async (client) => takeInventory(client, await readEntries(client)), {
        settings: { row_security: 'off' },
      }),
    { limit: 0 },
  );
  return { inventory, milliseconds, withoutExtensions: left, forgiven: forgiven.map(inShort) };
}

/**
 * What pg_restore could not do. A newer one asks every server for a setting that came with version 17; an older server
 * refuses it, and nothing else is lost by that.
 */
const restoreErrors = (stderr: string): string[] =>
  stderr
    .split(/^(?=pg_restore: (?:error|warning): )/m)
    .filter((message) => message.startsWith('pg_restore: error: ') && !message.includes('"transaction_timeout"'));

/** `Command was: ALTER TABLE public.plans OWNER TO other;` */
const commandOf = (message: string): string => /^Command was: (.*)/m.exec(message)?.[1] ?? '';

const inShort = (message: string): string =>
  `${quotable(commandOf(message)).replace(/;$/, '')} (${/ERROR: {1,2}(.*)/.exec(quotable(message))?.[1] ?? 'no reason was given'})`;

/**
 * The list without extensions that this user can't create on this server, as pg_stat_statements without a superuser.
 * Whatever depends on one fails to be restored, and so does the restore.
 */
async function withoutForbiddenExtensions(
  database: Database,
  list: DumpList,
): Promise<{ list: string; left: string[] }> {
  const lines = list.text.split('\n');
  const left: string[] = [];
  const forbidden = new Set<string>();
  await withDatabase(
    database,
    async (client) => {
      for (const line of lines) {
        const name = EXTENSION.exec(line)?.[1];
        if (name === undefined) continue;
        await client.query('begin');
        await client.query(`create extension ${pg.escapeIdentifier(name)} cascade`).catch((error: Error) => {
          forbidden.add(line);
          left.push(`${name} (${reasonOf(error)})`);
        });
        await client.query('rollback');
      }
    },
    { session: true },
  );
  return { list: lines.filter((line) => !forbidden.has(line)).join('\n'), left };
}

/** `2; 3079 16386 EXTENSION - pg_stat_statements `: pg_extension's own number is 3079. */
const EXTENSION = /^\d+; 3079 \d+ EXTENSION - (\S+) /;
