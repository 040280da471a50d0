/** A dump restored on trial: into a database of its own, which is dropped whatever happens. */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from '../../contract/plan/environment.js';
import type { RevisionTable } from '../../domain/migration/migration-tool.js';
import { withDatabase } from '../postgres/postgres.js';
import { createDatabase, dropDatabase } from './database-administration.js';
import type { Locale } from './database-snapshot.js';
import type { DumpTools } from './dump.js';
import type { DumpList } from './dump-contents.js';
import { type Restored, restoreInto } from './pg-restore.js';
import { isOfTheServer } from './restore-failures.js';

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
      // Who works with a scratch database has another connection, to where the plan says, that is named after it.
      const { rows } = await client.query<{ datname: string }>(
        `select datname from pg_database d
          where starts_with(datname, $1) and datdba = (select oid from pg_roles where rolname = current_user)
            and (starts_with(datname, $2)
                 or not exists (select 1 from pg_stat_activity where application_name = d.datname))`,
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
 * @throws Error in words when the restore is no proof: database not made, pg_restore failed, not dropped
 */
export async function restoreOnTrial(
  tools: DumpTools,
  job: {
    scratch: Database;
    name: string;
    locale: Locale;
    file: string;
    list: DumpList;
    table: RevisionTable | undefined;
    signal: AbortSignal;
  },
): Promise<Restored> {
  const { scratch, name, signal } = job;
  const keeper = { applicationName: name, session: true };
  let begun = false;
  try {
    return await withDatabase(
      scratch,
      async (client) => {
        begun = true;
        await createDatabase(client, name, job.locale);
        signal.throwIfAborted();
        return restoreInto(tools, { ...job, database: { ...scratch, name }, words: WORDS, mayFail: isOfTheServer });
      },
      keeper,
    );
  } finally {
    // By a connection of its own: the one that made it may be what broke.
    if (begun)
      await withDatabase(scratch, (client) => dropDatabase(client, name), keeper).catch(undropped(scratch, name));
  }
}

const undropped = (scratch: Database, name: string) => (error: Error) => {
  const where = `${scratch.host}:${scratch.port}`;
  throw new Error(`the scratch database could not be dropped (${error.message}): drop ${name} on ${where} by hand`);
};
