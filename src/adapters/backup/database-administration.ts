/** Making, renaming and dropping databases: what can only be done while nobody is in them, and by one at a time. */
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import type { DatabaseClient } from '../postgres/postgres.js';
import { databaseReason } from '../postgres/postgres-errors.js';
import type { Locale } from './database-snapshot.js';

/** Makes an empty database that nobody but its owner can connect to: it is to hold what a dump holds. */
export async function createDatabase(client: DatabaseClient, name: string, locale: Locale): Promise<void> {
  const { encoding, collation, character } = locale;
  const quoted = pg.escapeIdentifier(name);
  const own = `${locale.provider}_locale ${pg.escapeLiteral(locale.locale ?? '')}`;
  const provider = locale.provider === null ? '' : `locale_provider ${locale.provider} ${own}`;
  const [sorts, writes] = [pg.escapeLiteral(collation), pg.escapeLiteral(character)];
  await client.query(
    `create database ${quoted} template template0 encoding ${pg.escapeLiteral(encoding)} lc_collate ${sorts} lc_ctype ${writes} ${provider}`,
  );
  await client.query(`revoke all on database ${quoted} from public`);
}

/** How often, and how long apart, something is tried that has to wait until nobody is in a database. */
const TRIES = 5;
const APART = 500;

/** PostgreSQL's code for a database that others are connected to. */
const OBJECT_IN_USE = '55006';

/**
 * Ends the sessions in a database, as far as the user may, and then does what can only be done in one without sessions.
 * The server's own autovacuum may be in it too: the server itself sends it away, which can take more than one try.
 */
export async function withoutSessions(client: DatabaseClient, name: string, statement: string): Promise<number> {
  let ended = 0;
  for (let tried = 1; ; tried++) {
    ended += await endSessions(client, name);
    try {
      await client.query(statement);
      return ended;
    } catch (error) {
      if ((error as { code?: string }).code !== OBJECT_IN_USE || tried === TRIES) throw error;
      await pause(APART);
    }
  }
}

/**
 * Not WITH (FORCE): that is refused when the server's own autovacuum happens to be in the database, which a plain DROP
 * waits for.
 */
export const dropDatabase = (client: DatabaseClient, name: string): Promise<number> =>
  withoutSessions(client, name, `drop database if exists ${pg.escapeIdentifier(name)}`);

interface Session {
  pid: number;
  usename: string;
  application_name: string;
}

/** How often it is looked, and how long apart, whether sessions that were ended are gone. */
const LOOKS = 20;
const BETWEEN_LOOKS = 100;

/** @throws Error that names who is still there, and what right ends them */
async function endSessions(client: DatabaseClient, name: string): Promise<number> {
  const ended = new Set<number>();
  let reason = '';
  for (let look = 1; ; look++) {
    // The server's own processes have no user.
    const { rows } = await client.query<Session>(
      `select pid, usename, application_name from pg_stat_activity
        where datname = $1 and usesysid is not null and pid <> pg_backend_pid()`,
      [name],
    );
    if (rows.length === 0) return ended.size;
    if (look === LOOKS) throw new Error(inTheWay(name, rows, reason));
    for (const { pid } of rows) {
      await client.query('select pg_terminate_backend($1)', [pid]).catch((error: Error) => {
        if (!(error instanceof pg.DatabaseError)) throw error;
        reason = databaseReason(error);
      });
      ended.add(pid);
    }
    await pause(BETWEEN_LOOKS);
  }
}

function inTheWay(name: string, sessions: Session[], reason: string): string {
  const who = sessions.map(
    (session) => `${session.pid} of ${session.usename} (${session.application_name || 'unnamed'})`,
  );
  const advice = reason === '' ? '' : ` (${reason}: grant pg_signal_backend)`;
  return `sessions in ${name} could not be ended${advice}: ${who.join(', ')}`;
}

/** How often it is looked whether another attempt's connection is gone, a tenth of a second apart. */
const LONGEST_EXPULSION = 100;

/** Another attempt of this name that is still at it loses its connection, so that it can give no order any more. */
export async function expelOthers(client: DatabaseClient, applicationName: string): Promise<void> {
  for (let look = 1; look <= LONGEST_EXPULSION; look++) {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid), pg_sleep(0.1) from pg_stat_activity
        where application_name = $1 and usename = current_user and pid <> pg_backend_pid()`,
      [applicationName],
    );
    if (rowCount === 0) return;
  }
  throw new Error(`another attempt is still at it, as ${applicationName} in pg_stat_activity`);
}

export const databaseIsThere = async (client: DatabaseClient, name: string): Promise<boolean> =>
  (await databaseNumber(client, name)) !== undefined;

/** The server's own number of a database: another one of the same name has another. Undefined where there is none. */
export async function databaseNumber(client: DatabaseClient, name: string): Promise<number | undefined> {
  const { rows } = await client.query<{ oid: number }>('select oid from pg_database where datname = $1', [name]);
  return rows[0]?.oid;
}
