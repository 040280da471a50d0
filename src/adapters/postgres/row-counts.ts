/** Numbers of rows, counted: all of them, or an error. */
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { FailureType } from '../../contract/errors.js';
import { type DatabaseClient, quoteName } from './postgres.js';

/** The number of rows of a table or a view. @throws ApplicationFailure `PreconditionFailed` when some of them are hidden */
export const countRowsOf = (client: DatabaseClient, table: string): Promise<number> => count(client, '*', table);

/** The number of rows that have a value in a column. @throws as {@link countRowsOf} does */
export const countValuesOf = (client: DatabaseClient, table: string, column: string): Promise<number> =>
  count(client, quoteName(column), table);

/** @param what for SQL text */
async function count(client: DatabaseClient, what: string, table: string): Promise<number> {
  try {
    const { rows } = await client.transaction(
      (inside) => inside.query<{ count: string }>(`select count(${what}) as count from ${quoteName(table)}`),
      ALL_OR_NONE,
    );
    return Number(rows[0]?.count);
  } catch (error) {
    if (!isOfHiddenRows(error)) throw error;
    const { rows } = await client.query<{ user: string }>('select current_user as "user"');
    throw ApplicationFailure.create({
      type: FailureType.PreconditionFailed,
      message: hiddenRows(table, rows[0]?.user ?? 'this user'),
      nonRetryable: true,
    });
  }
}

/** What row security would hide is an error, then, also where a view is in between. */
export const ALL_OR_NONE = { settings: { row_security: 'off' } };

/** By the place in PostgreSQL's source that says so: in its words it is a missing right like any other. */
export const isOfHiddenRows = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && error.routine === 'check_enable_rls';

export const hiddenRows = (table: string, user: string): string =>
  `row security hides rows of ${table} from ${user}: ALTER ROLE ${user} BYPASSRLS (of a view, its owner)`;
