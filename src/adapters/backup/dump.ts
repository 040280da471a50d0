/** pg_dump and pg_restore: finding ones that fit the server, making a dump, reading it whole. */
import { readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../contract/errors.js';
import type { Database } from '../../contract/plan/environment.js';
import { inOneLine } from '../../domain/one-line.js';
import { programVariables, searchPath } from '../commands/program-variables.js';
import { runShort } from '../commands/short-command.js';
import { redact } from '../evidence/redaction.js';
import { readSecret } from '../evidence/secrets.js';
import { tlsVariablesOfTools } from '../postgres/postgres-tls.js';
import { quotable } from '../postgres/quotable.js';
import { AttemptLost, type RunTool, ToolFailure, toolLine } from './tool-run.js';

/** Where Debian and its kin keep one folder for each major version. */
const DEBIAN = '/usr/lib/postgresql';

export interface DumpTools {
  pgDump: string;
  pgRestore: string;
  /** As it says itself: `pg_dump (PostgreSQL) 15.18`. */
  version: string;
}

/**
 * The first pg_dump that is at least as new as the server: an older one refuses. Looked for in SUREFOOT_PG_BIN, on PATH,
 * then among the system's versions, newest first.
 * @throws ApplicationFailure `PreconditionFailed` that names what was found
 */
export async function findDumpTools(serverMajor: number, tools: string[]): Promise<DumpTools> {
  const chosen = process.env.SUREFOOT_PG_BIN;
  const folders = [...(chosen ? [chosen] : []), ...searchPath(tools).split(delimiter), ...(await systemFolders())];
  const found: string[] = [];
  for (const folder of new Set(folders)) {
    const pgDump = join(folder, 'pg_dump');
    const { ok, stdout } = await runShort({
      argv: [pgDump, '--version'],
      environment: programVariables(),
      limit: 10_000,
    });
    const major = Number(/(\d+)(\.\d+|devel|beta\d+|rc\d+)*\s*(\(|$)/.exec(stdout.slice(0, 200))?.[1]);
    if (!ok || !(major > 0)) continue;
    if (major >= serverMajor) return { pgDump, pgRestore: join(folder, 'pg_restore'), version: stdout.trim() };
    found.push(`${pgDump} (${major})`);
  }
  throw ApplicationFailure.create({
    type: FailureType.PreconditionFailed,
    message: `No pg_dump for PostgreSQL ${serverMajor} found; too old: ${found.join(', ') || 'none'}. Install the client of that version or set SUREFOOT_PG_BIN to its folder`,
    nonRetryable: true,
  });
}

async function systemFolders(): Promise<string[]> {
  const versions = await readdir(DEBIAN).catch(() => []);
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN, version, 'bin'));
}

/**
 * What libpq's programs are told by their own variables, not by arguments: they are in no process list, and a name
 * can't be read as an option.
 */
export const connectionVariables = async (database: Database, password: string): Promise<NodeJS.ProcessEnv> => ({
  PGHOST: database.host,
  PGPORT: String(database.port),
  PGUSER: database.user,
  PGDATABASE: database.name,
  PGPASSWORD: password,
  PGAPPNAME: 'surefoot-backup',
  PGCONNECT_TIMEOUT: '10',
  ...(await tlsVariablesOfTools(database)),
  // What they say is read.
  LC_ALL: 'C',
});

/**
 * Dumps a database in custom format, as it is in an exported snapshot, which pg_dump takes over with its first words to the
 * server: from then on it needs nobody else for it.
 * @returns what pg_dump warns of: it leaves out subscriptions that the user may not see, and ends well
 * @throws ToolFailure when pg_dump failed; AttemptLost when it found the snapshot gone
 */
export async function dumpDatabase(
  tools: DumpTools,
  job: { database: Database; snapshot: string; file: string; run: RunTool },
): Promise<{ warnings: string[]; milliseconds: number }> {
  const { database, snapshot, file, run } = job;
  const password = await readSecret(database.password);
  const variables = await connectionVariables(database, password);
  // A table that somebody keeps locked fails the dump instead of queueing everybody else behind it.
  const words = ['--format=custom', '--no-password', '--lock-wait-timeout=60s', `--snapshot=${snapshot}`];
  const title = `pg_dump of ${database.name}`;
  const ended = await run(toolLine([tools.pgDump, ...words, `--file=${file}`], { title, variables }));
  const whole = redact(ended.errors, [password]);
  const { milliseconds } = ended;
  if (ended.problem === undefined) {
    const warnings = [...quotable(whole).matchAll(/^pg_dump: warning: (.*)$/gm)].map(([, warning = '']) => warning);
    return { warnings, milliseconds };
  }
  if (ended.exitCode === undefined) throw new ToolFailure(ended.problem, whole);
  const told = `${title} failed (exit code ${ended.exitCode}):\n${quotable(whole, 20).slice(-1_000)}`;
  const failure = new ToolFailure(told, whole);
  throw WITHOUT_SNAPSHOT.test(whole) ? new AttemptLost(failure) : failure;
}

/** Whoever held it for pg_dump has gone before it came; as PostgreSQL says it in English, up to version 16 and after. */
const WITHOUT_SNAPSHOT =
  /invalid snapshot identifier|snapshot ".*" does not exist|could not import the requested snapshot/;

/** Reads a dump to its last byte. A list of contents is not enough: it is whole in a dump that was cut. */
export async function readDump(
  tools: DumpTools,
  file: string,
  run: RunTool,
): Promise<{ readable: boolean; text: string }> {
  const title = 'pg_restore, reading the dump,';
  const ended = await run(toolLine([tools.pgRestore, '--file=/dev/null', file], { title }));
  if (ended.problem === undefined) return { readable: true, text: 'pg_restore read the dump whole' };
  const why = ended.exitCode === undefined ? ended.problem : said(ended.errors);
  return { readable: false, text: `pg_restore could not read the dump: ${why}` };
}

/** What pg_restore said, on one line, as far as it may be shown. */
export const said = (stderr: string, code = 'no reason was given'): string =>
  inOneLine(quotable(stderr, 20)).slice(-300) || code;
