/** Connections to the databases of a plan, for one piece of work each, and errors that say nothing secret. */
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { FailureType } from '../contract/errors.js';
import type { Database } from '../contract/plan.js';
import { redact } from './redaction.js';
import { readSecret } from './secrets.js';

export type DatabaseClient = pg.Client;

const CONNECT_WITHIN = 10_000;
/** Longest time for one of our own statements, milliseconds: all of them only look. */
const STATEMENT_WITHIN = 120_000;
/** Longest name that PostgreSQL keeps, bytes. */
export const LONGEST_NAME = 63;

/** Refused by the server for a reason that no retry cures: login, database, right, table, column, syntax. */
const REFUSED = ['28000', '28P01', '3D000', '42501', '42P01', '42703', '42601'];

/**
 * Connects, works without writing unless `writes` says so, disconnects. `applicationName` is what people see in
 * pg_stat_activity.
 * @throws ApplicationFailure: retryable when the database cannot be reached, `PreconditionFailed` when it refuses us,
 *   `SecretMissing`; whatever the work throws passes through with database errors put into words
 */
export async function withDatabase<T>(
  database: Database,
  work: (client: DatabaseClient) => Promise<T>,
  options: { applicationName?: string; writes?: boolean } = {},
): Promise<T> {
  const password = await readSecret(database.password);
  const client = new pg.Client({
    host: database.host,
    port: database.port,
    database: database.name,
    user: database.user,
    password,
    application_name: (options.applicationName ?? 'surefoot').slice(0, LONGEST_NAME),
    connectionTimeoutMillis: CONNECT_WITHIN,
    statement_timeout: STATEMENT_WITHIN,
    keepAlive: true,
  });
  // Without a listener a connection that breaks while nothing is asked ends the whole worker.
  client.on('error', () => undefined);
  const inWords = (error: unknown) => databaseError(error, database, password);
  try {
    await client.connect().catch((error: unknown) => Promise.reject(inWords(error)));
    if (options.writes !== true) await client.query('set default_transaction_read_only = on');
    return await work(client);
  } catch (error) {
    throw isDatabaseError(error) ? inWords(error) : error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** pg gives a lost connection no class of its own. */
const isDatabaseError = (error: unknown): boolean =>
  error instanceof pg.DatabaseError ||
  (error instanceof Error && /^(Connection terminated|Client (was closed|has encountered))/.test(error.message));

function databaseError(error: unknown, database: Database, password: string): ApplicationFailure {
  const { code, message, errors } = error as { code?: string; message?: string; errors?: { code?: string }[] };
  const said = message || code || errors?.[0]?.code || 'the connection failed';
  const text = `Database ${database.name} on ${database.host}:${database.port}: ${redact(said, [password])}`;
  return ApplicationFailure.create({
    type: code !== undefined && REFUSED.includes(code) ? FailureType.PreconditionFailed : 'DatabaseError',
    message: text,
    nonRetryable: code !== undefined && REFUSED.includes(code),
  });
}

/** A table or column name for SQL text; `schema.table` names a table of a schema. */
export const quoteName = (name: string): string =>
  name
    .split('.')
    .map((part) => pg.escapeIdentifier(part))
    .join('.');

/** The number of rows of a table, counted. */
export async function countRowsOf(client: DatabaseClient, table: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(`select count(*) as count from ${quoteName(table)}`);
  return Number(rows[0]?.count);
}

/** The number of rows of a table that have a value in a column. */
export async function countValuesOf(client: DatabaseClient, table: string, column: string): Promise<number> {
  const text = `select count(${quoteName(column)}) as count from ${quoteName(table)}`;
  const { rows } = await client.query<{ count: string }>(text);
  return Number(rows[0]?.count);
}

/** The server's major version: 15. */
export async function serverVersion(client: DatabaseClient): Promise<number> {
  const { rows } = await client.query<{ server_version_num: string }>('show server_version_num');
  return Math.floor(Number(rows[0]?.server_version_num) / 10_000);
}
