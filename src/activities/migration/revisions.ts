/** Asks a migration tool which revision the database is at, and which one its code would bring it to. */

import { ApplicationFailure } from '@temporalio/common';
import { commandLine } from '../../adapters/commands/command-line.js';
import { endText, runShort } from '../../adapters/commands/short-command.js';
import { redact } from '../../adapters/evidence/redaction.js';
import { queriedRevisions, storedRevisions } from '../../adapters/migration/revision-table.js';
import { type DatabaseClient, withDatabase } from '../../adapters/postgres/postgres.js';
import { quotable } from '../../adapters/postgres/quotable.js';
import { FailureType } from '../../contract/errors.js';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment } from '../../contract/plan/environment.js';
import type { Migration } from '../../contract/plan/migration.js';
import { databaseOf } from '../../contract/plan/parts.js';
import { UnreadableRevision } from '../../domain/migration/migration-tool.js';
import { migrationTool } from '../../domain/migration/migration-tools.js';
import { NO_REVISION } from '../../domain/rollback/destination.js';
import { secretsOf } from '../commands/recorded-commands.js';

/** What is known: none yet, one, several heads; or why nothing can be known. */
export type Revisions = { found: string[] } | { problem: string };

interface Asked {
  environment: Environment;
  migration: Migration;
}

/**
 * At which revision the database is, by the tool; where the tool's own table is known the database is asked too, and
 * has to say the same.
 * @param connected a connection to the database, where there is one already
 */
export async function askCurrent(
  { environment, migration }: Asked,
  signal: AbortSignal,
  connected?: DatabaseClient,
): Promise<Revisions> {
  const stored = await readTable({ environment, migration }, connected);
  if ('problem' in stored) return stored;
  const { current: command, noRevision } = migration;
  if (!command) return { found: stored.table ?? [] };
  const tool = migrationTool(migration.tool);
  const ours = (line: string) => (line.trim() === noRevision ? NO_REVISION : line);
  const read = (output: string) => tool.current(output.split('\n').map(ours).join('\n'), stored.table);
  const told = await askTool({ environment, command, read }, signal);
  // After a rollback of the code alone the old code can't name the new revision: its own table does.
  const unnamed = 'problem' in told ? tool.cannotName?.(told.problem) : undefined;
  return unnamed !== undefined && stored.table?.includes(unnamed) ? { found: stored.table } : told;
}

/** What the tool's own table says, without the tool; undefined where that is not known or holds nothing. */
export async function askTable(asked: Asked, connected: DatabaseClient): Promise<Revisions | undefined> {
  const stored = await readTable(asked, connected);
  if ('problem' in stored) return stored;
  return stored.table?.length ? { found: stored.table } : undefined;
}

async function readTable(
  { environment, migration }: Asked,
  connected?: DatabaseClient,
): Promise<{ table: string[] | null } | { problem: string }> {
  const { table } = migrationTool(migration.tool);
  const { query, noRevision } = migration;
  if (!table && query === undefined) return { table: null };
  const read = async (client: DatabaseClient) => {
    if (table) return storedRevisions(client, table);
    return (await queriedRevisions(client, query ?? '')).filter((revision) => revision !== noRevision);
  };
  try {
    return { table: await (connected ? read(connected) : withDatabase(databaseOf(environment), read)) };
  } catch (error) {
    const isKnown = error instanceof UnreadableRevision || error instanceof ApplicationFailure;
    if (!isKnown) throw error;
    return { problem: error.message };
  }
}

/** The newest revisions of the code in an environment. */
export const askHeads = ({ environment, migration }: Asked, command: Command, signal: AbortSignal) =>
  askTool({ environment, command, read: migrationTool(migration.tool).heads }, signal);

/** Asks by a command that changes nothing, and so is run as often as it is needed. */
async function askTool(
  input: { environment: Environment; command: Command; read: (output: string) => string[] },
  signal: AbortSignal,
): Promise<Revisions> {
  const { environment, command, read } = input;
  const line = commandLine({ environment, command, values: { environment: environment.name } });
  const { argv, cwd, environment: variables } = line;
  const run = await runShort({ argv, cwd, environment: variables, limit: command.timeout, signal });
  signal.throwIfAborted();
  const secrets = await secretsOf(environment);
  const problem = (what: string) => {
    const isCut = run.cut.stdout + run.cut.stderr > 0;
    const said = quotable([run.stdout, run.stderr].filter(Boolean).join('\n'), undefined, isCut).slice(-1_000);
    return { problem: redact(`${line.title} ${what}${said ? `:\n${said}` : ''}`, secrets) };
  };
  const wrong = endText(run.end, command.timeout);
  if (wrong !== undefined) return problem(wrong);
  if (run.cut.stdout > 0) return problem('printed more than is read');
  try {
    return { found: read(run.stdout) };
  } catch (error) {
    if (!(error instanceof UnreadableRevision)) throw error;
    // What there is to see of a silent one stands on its other output.
    if (run.stdout.trim() === '') return problem(`did not tell the revision: ${error.message}`);
    return { problem: redact(`${line.title}: ${quotable(error.message)}`, secrets) };
  }
}

/** The one revision of the database; null when it has none yet. @throws ApplicationFailure when there is no such answer */
export async function currentRevision(
  environment: Environment,
  migration: Migration,
  signal: AbortSignal,
): Promise<string | null> {
  return theRevision(await askCurrent({ environment, migration }, signal));
}

/** The one among them; null for none yet. @throws ApplicationFailure when it is not known, or there are several */
export function theRevision(revisions: Revisions): string | null {
  if ('problem' in revisions) {
    throw ApplicationFailure.create({
      type: FailureType.CommandFailed,
      message: revisions.problem,
      nonRetryable: true,
    });
  }
  const { found } = revisions;
  if (found.length > 1) {
    throw ApplicationFailure.create({
      type: FailureType.PreconditionFailed,
      message: `The database has ${found.length} heads (${found.join(', ')}); one is required`,
      nonRetryable: true,
    });
  }
  return found[0] ?? null;
}

/** The one revision among them; null for none yet, undefined when it is not known or there are several. */
export const onlyRevision = (revisions: Revisions | undefined): string | null | undefined => {
  if (!revisions || 'problem' in revisions || revisions.found.length > 1) return undefined;
  return revisions.found[0] ?? null;
};
