/** A dump restored on trial: into a database of its own, which is dropped whatever happens. */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../contract/plan/environment.js';
import { withDatabase } from '../postgres/postgres.js';
import { createDatabase, databaseIsThere, dropDatabase, expelOthers } from './database-administration.js';
import type { Locale } from './database-snapshot.js';
import type { DumpTools } from './dump.js';
import { type Restore, type Restored, readRestored, runRestore } from './pg-restore.js';
import { isOfTheServer } from './restore-failures.js';
import { AttemptLost, type RunTool } from './tool-run.js';

/** The names of scratch databases begin so, and no other database's does. */
const PREFIX = 'surefoot_restore_';

/** Every attempt has a database of its own: one that was given up and still runs can't drop the next one's. */
export const scratchName = (deployment: string): string => `${familyOf(deployment)}${randomBytes(4).toString('hex')}`;

/** Owners, rights and comments need roles and rights that the scratch server has no reason to have. */
const WORDS = [
  '--no-owner',
  '--no-privileges',
  '--no-comments',
  '--no-security-labels',
  '--no-tablespaces',
  '--no-publications',
  '--no-subscriptions',
];

const familyOf = (deployment: string) =>
  `${PREFIX}${createHash('sha256').update(deployment).digest('hex').slice(0, 12)}_`;

/**
 * Drops what earlier attempts have left: those of this deployment, and those of others that nobody works with any more.
 * Only the user's own databases can be dropped.
 * @throws ApplicationFailure of {@link withDatabase} when the server can't be reached
 */
export async function dropLeftovers(scratch: Database, deployment: string): Promise<string[]> {
  return withDatabase(
    scratch,
    async (client) => {
      // Who works with a scratch database has another connection, to where the plan says, that is named after it; a
      // pg_restore whose worker was killed is in the database itself.
      const { rows } = await client.query<{ datname: string }>(
        `select datname from pg_database d
          where starts_with(datname, $1) and datdba = (select oid from pg_roles where rolname = current_user)
            and (starts_with(datname, $2)
                 or not exists (select 1 from pg_stat_activity a
                                 where a.application_name = d.datname or (a.datname = d.datname and a.usesysid is not null)))`,
        [PREFIX, familyOf(deployment)],
      );
      for (const { datname } of rows) await dropDatabase(client, datname);
      return rows.map(({ datname }) => datname);
    },
    { applicationName: 'surefoot-backup', session: true },
  );
}

/**
 * Makes the scratch database, restores into it, reads it back, drops it.
 * @param job.begun whether an earlier attempt has begun to restore into the database of this name: then that one counts
 * @param job.isOver whether an error ends the trial: else the next attempt goes on with the database
 * @throws Error in words when the restore is no proof: database not made, pg_restore failed, not dropped; AttemptLost
 */
export async function restoreOnTrial(
  tools: DumpTools,
  job: Omit<Restore, 'database' | 'words' | 'mayFail'> & {
    scratch: Database;
    name: string;
    locale: Locale;
    begun: boolean;
    run: RunTool;
    isOver: (error: unknown) => boolean;
  },
): Promise<Restored> {
  const { scratch, name, begun, run, signal, isOver } = job;
  const keeper = { applicationName: name, session: true };
  const restore = { ...job, database: { ...scratch, name }, words: WORDS, mayFail: isOfTheServer };
  const drop = () =>
    withDatabase(scratch, (client) => dropDatabase(client, name), keeper).catch(undropped(scratch, name));
  let isConnected = false;
  try {
    // Before anything is asked of a server that may be away: it may be at work.
    const ended = begun ? await runRestore(tools, restore, run) : undefined;
    const restored = await withDatabase(
      scratch,
      async (client) => {
        isConnected = true;
        // An attempt that was given up and still works here could drop it.
        await expelOthers(client, name);
        if (ended === undefined) {
          await dropDatabase(client, name);
          await createDatabase(client, name, job.locale);
          signal.throwIfAborted();
        } else if (!(await databaseIsThere(client, name))) {
          throw new AttemptLost(new Error(`the scratch database ${name} has been dropped by somebody`));
        }
        return readRestored(restore, ended ?? (await runRestore(tools, restore, run)));
      },
      keeper,
    );
    await drop();
    return restored;
  } catch (error) {
    // By a connection of its own: the one that made it may be what broke. After a lost attempt another one follows, and the
    // next backup drops what is left.
    if (error instanceof AttemptLost) await drop().catch(() => undefined);
    else if (isConnected && isOver(error)) await drop();
    throw error;
  }
}

const undropped = (scratch: Database, name: string) => (error: Error) => {
  const where = `${scratch.host}:${scratch.port}`;
  throw new Error(`the scratch database could not be dropped (${error.message}): drop ${name} on ${where} by hand`);
};
