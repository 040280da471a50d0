/** Connections to the databases of a plan, for one piece of work each, which leave no trace behind. */
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { FailureType } from '../../contract/errors.js';
import type { Database } from '../../contract/plan/environment.js';
import { connectDatabase, LONGEST_NAME } from './postgres-connection.js';
import { databaseMessage, isDatabaseError, LATE, placeOf } from './postgres-errors.js';
import { isPooled } from './postgres-pooler.js';

export { LONGEST_NAME };

/** A pooler may give every transaction another server connection, and the application the same one a moment later. */
export interface DatabaseClient {
  /** One statement: in a read-only transaction of its own, or as it is where the work has a session. */
  query: pg.Client['query'];
  /**
   * Statements that see one moment, rolled back in the end: read-only, unless `writes` says so.
   * @param how.settings the server's, for this transaction; those that this server does not know are left out
   */
  transaction<T>(work: (client: DatabaseClient) => Promise<T>, how?: Transaction): Promise<T>;
}

interface Transaction {
  isolation?: 'repeatable read';
  writes?: boolean;
  settings?: Record<string, string>;
}

/** Milliseconds. */
const CONNECT_WITHIN = 10_000;
/** Longest time for one of our own statements: all of them only look. Milliseconds. */
const STATEMENT_WITHIN = 120_000;
/** How much later our own clock gives up than the server's. Milliseconds. */
const GRACE = 5_000;

export interface ConnectionOptions {
  /** What people see in pg_stat_activity. */
  applicationName?: string;
  /** For work that writes, or that lasts longer than a transaction: with a pooler it is refused before it begins. */
  session?: boolean;
  /** Longest time of a statement, milliseconds; 0 for none. */
  limit?: number;
  /** Longest time to connect, milliseconds. */
  connectWithin?: number;
  /** Ends the connection, and with it what is being asked. */
  signal?: AbortSignal;
}

/**
 * Connects, works (without writing, unless `session` says so), disconnects.
 * @throws ApplicationFailure: retryable when the database cannot be reached, `PreconditionFailed` when it refuses us or is
 *   a pooler where a session is needed, `SecretMissing`; whatever the work throws passes through with database errors put
 *   into words
 */
export async function withDatabase<T>(
  database: Database,
  work: (client: DatabaseClient) => Promise<T>,
  options: ConnectionOptions = {},
): Promise<T> {
  const connection = await openDatabase(database, options).catch((error: unknown) => {
    throw error instanceof ApplicationFailure ? error : databaseMessage(error, database);
  });
  const { signal } = options;
  const stop = () => void connection.end();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await work(connection.client);
  } catch (error) {
    throw isDatabaseError(error) ? databaseMessage(error, database) : error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await connection.end();
  }
}

/** As {@link withDatabase}, for those who keep the connection: it fails with the errors of pg and of the network. */
export async function openDatabase(
  database: Database,
  { applicationName = 'surefoot', session = false, ...limits }: ConnectionOptions = {},
): Promise<{ client: DatabaseClient; end: () => Promise<void> }> {
  const { limit = STATEMENT_WITHIN, connectWithin = CONNECT_WITHIN } = limits;
  const answer = limit === 0 ? 0 : limit + GRACE;
  const client = await connectDatabase(database, applicationName, { connect: connectWithin, answer });
  // A pooler that gives sessions may have none left for a second connection.
  const another = () => connectDatabase(database, applicationName, { connect: connectWithin, answer: connectWithin });
  const end = () => client.end().catch(() => undefined);
  try {
    if (session && (await isPooled(client, another))) throw pooled(database);
  } catch (error) {
    await end();
    throw error;
  }
  const alone = oneAtATime();
  const transaction: DatabaseClient['transaction'] = (work, how = {}) =>
    alone(() => rolledBack(client, { limit, ...how }, work));
  const query = session
    ? client.query.bind(client)
    : (...words: Parameters<pg.Client['query']>) => transaction((inside) => inside.query(...words) as never);
  return { client: { query: query as pg.Client['query'], transaction }, end };
}

/** Work that shares a connection waits for what is at it: transactions must not come between each other. */
function oneAtATime(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}

async function rolledBack<T>(
  client: pg.Client,
  how: { limit: number } & Transaction,
  work: (client: DatabaseClient) => Promise<T>,
): Promise<T> {
  const isolation = how.isolation === undefined ? '' : `isolation level ${how.isolation}`;
  const access = how.writes ? 'read write' : 'read only';
  const inside: DatabaseClient = { query: client.query.bind(client), transaction: (nested) => nested(inside) };
  try {
    await client.query(`begin ${isolation} ${access}; set local statement_timeout = ${how.limit}`);
    if (how.settings !== undefined) {
      await client.query(
        `select set_config(name, s.value, true) from pg_settings join json_each_text($1::json) s on s.key = name`,
        [JSON.stringify(how.settings)],
      );
    }
    return await work(inside);
  } catch (error) {
    // Nothing more would be heard from it: what is still to be asked must not wait for that.
    if ((error as Error).message === LATE) await client.end().catch(() => undefined);
    throw error;
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

const pooled = (database: Database): ApplicationFailure =>
  ApplicationFailure.create({
    type: FailureType.PreconditionFailed,
    message: `${placeOf(database)} is a connection pooler that gives a server connection for one transaction at a time (as PgBouncer's pool_mode = transaction): migrations, dumps and restores need a session of their own. Write PostgreSQL's own address into \`hosts\`, in the plan or its bindings: the server's name and its port, 5432 as a rule`,
    nonRetryable: true,
  });

/** A table or column name for SQL text; `schema.table` names a table of a schema. */
export const quoteName = (name: string): string =>
  name
    .split('.')
    .map((part) => pg.escapeIdentifier(part))
    .join('.');

/** The server's major version: 15. */
export async function serverVersion(client: DatabaseClient): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
}
