/**
 * Queries of the team's own: one statement each, which only reads, of which no more comes over than is looked at.
 *
 * A cursor takes one query and nothing else, and the extended protocol one statement; both are PostgreSQL's own word for
 * what a query is, so nothing of it is guessed here. All of it is undone with its transaction.
 */
import pg from 'pg';
import type { Database } from '../../contract/plan/environment.js';
import { formatDuration } from '../../domain/duration.js';
import type { Read } from '../../domain/expectations.js';
import { type DatabaseClient, withDatabase } from './postgres.js';
import { databaseReason, isTooMuch } from './postgres-errors.js';
import { ALL_OR_NONE, isOfHiddenRows } from './row-counts.js';

/** A longer value is none to compare. */
const LONGEST_VALUE = 1_000;

interface Limits {
  /** Longest time, milliseconds. */
  limit: number;
  signal: AbortSignal;
}

/**
 * The first column of the only row. What cannot be read is unknown: no row, several, null, hidden rows, a query that takes
 * too long or that the database refuses.
 * @throws ApplicationFailure when the database cannot be reached
 */
export const readValue = (database: Database, query: string, limits: Limits): Promise<Read> =>
  inCursor(database, query, limits, async (client) => {
    const { rows } = await client.query<(string | null)[]>({
      text: `fetch 2 from ${CURSOR}`,
      rowMode: 'array',
      // As the database writes it: no digit is lost on the way.
      types: { getTypeParser: (type) => (type === BOOLEAN ? booleanText : String) },
    } as pg.QueryArrayConfig & { types: pg.CustomTypesConfig });
    return valueIn(rows);
  });

/** How many rows it gives; they stay where they are. Unknown and @throws as {@link readValue}. */
export const countRowsIn = (database: Database, query: string, limits: Limits): Promise<Read> =>
  inCursor(database, query, limits, async (client) => {
    const { rowCount } = await client.query(`move all in ${CURSOR}`);
    return rowCount === null
      ? { unknown: 'the database did not say how many rows there are' }
      : { value: `${rowCount}` };
  });

/** Plans the query without running it. @returns why the database refuses it, and by which of its codes */
export async function planOwnQuery(
  client: DatabaseClient,
  query: string,
): Promise<{ refused: string; code: string } | undefined> {
  try {
    await client.transaction((inside) => declare(inside, query), ALL_OR_NONE);
    return undefined;
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    return { refused: refusal(error), code: error.code ?? '' };
  }
}

const CURSOR = 'surefoot_check';
/** PostgreSQL's number of the type. */
const BOOLEAN = 16;
const booleanText = (value: string): string => (value === 't' ? 'true' : 'false');

const declare = (client: DatabaseClient, query: string) =>
  client.query({ text: `declare ${CURSOR} no scroll cursor for ${query}`, queryMode: 'extended' } as pg.QueryConfig);

async function inCursor(
  database: Database,
  query: string,
  { limit, signal }: Limits,
  read: (client: DatabaseClient) => Promise<Read>,
): Promise<Read> {
  const asked = async (client: DatabaseClient): Promise<Read> => {
    try {
      return await client.transaction(async (inside) => {
        await declare(inside, query);
        return read(inside);
      }, ALL_OR_NONE);
    } catch (error) {
      if (isTooMuch(error)) return { unknown: databaseReason(error) };
      if (!(error instanceof pg.DatabaseError)) throw error;
      if (error.code === CANCELED) return { unknown: `the query took longer than ${formatDuration(limit)}` };
      if (isPassing(error)) throw error;
      return { unknown: refusal(error) };
    }
  };
  return withDatabase(database, asked, { limit, signal, connectWithin: limit });
}

const CANCELED = '57014';

/** The server's own trouble, and conflicts with others: another try may find none. */
const isPassing = ({ code = '' }: pg.DatabaseError): boolean => /^(08|40|53|57|58)/.test(code);

function refusal(error: pg.DatabaseError): string {
  const said = `the database refuses the query: ${databaseReason(error)}`;
  return isOfHiddenRows(error) ? `${said}: give the plan's user BYPASSRLS, or its rows a view that shows all` : said;
}

function valueIn(rows: (string | null)[][]): Read {
  if (rows.length === 0) return { unknown: 'the query gave no row' };
  if (rows.length > 1) return { unknown: 'the query gave more than one row' };
  const [value] = rows[0] ?? [];
  if (value === undefined) return { unknown: 'the query gave no column' };
  if (value === null) return { unknown: 'the value is null' };
  if (value.length > LONGEST_VALUE) return { unknown: `the value is a text of ${value.length} characters` };
  return { value };
}
