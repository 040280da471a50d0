/** Asks a migration tool which revision the database is at, and which one its code would bring it to. */
import { ApplicationFailure } from '@temporalio/common';
import { UnreadableRevision } from '../adapters/alembic.js';
import { commandLine } from '../adapters/command-line.js';
import { migrationTool } from '../adapters/migration-tools.js';
import { quotable } from '../adapters/quotable.js';
import { redact } from '../adapters/redaction.js';
import { endInWords, runShort } from '../adapters/short-command.js';
import { FailureType } from '../contract/errors.js';
import type { Command, Environment, Migration } from '../contract/plan.js';
import { secretsOf } from './recorded-commands.js';

/** What the tool said: none yet, one, several heads; or why nothing can be known. */
export type Revisions = { found: string[] } | { problem: string };

/** Asks by a command that changes nothing, and so is run as often as it is needed. */
export async function askRevisions(
  input: { environment: Environment; migration: Migration; command: Command },
  signal: AbortSignal,
): Promise<Revisions> {
  const { environment, migration, command } = input;
  const line = commandLine({ environment, command, values: { environment: environment.name } });
  const { argv, cwd, environment: variables } = line;
  const run = await runShort({ argv, cwd, environment: variables, limit: command.timeout, signal });
  signal.throwIfAborted();
  const secrets = await secretsOf(environment);
  const problem = (what: string) => {
    const said = quotable([run.stdout, run.stderr].filter(Boolean).join('\n')).slice(-1_000);
    return { problem: redact(`${line.title} ${what}${said ? `:\n${said}` : ''}`, secrets) };
  };
  const wrong = endInWords(run.end, command.timeout);
  if (wrong !== undefined) return problem(wrong);
  if (run.cut.stdout > 0) return problem('printed more than is read');
  try {
    return { found: migrationTool(migration.tool).read(run.stdout) };
  } catch (error) {
    if (!(error instanceof UnreadableRevision)) throw error;
    return { problem: redact(`${line.title}: ${quotable(error.message)}`, secrets) };
  }
}

/** The one revision of the database; null when it has none yet. @throws ApplicationFailure when there is no such answer */
export async function currentRevision(
  environment: Environment,
  migration: Migration,
  signal: AbortSignal,
): Promise<string | null> {
  const revisions = await askRevisions({ environment, migration, command: migration.current }, signal);
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
