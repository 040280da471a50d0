/** Numbers of rows, counted: all of them, or an error. */
import { ApplicationFailure } from '@temporalio/common';
import pg from 'pg';
import { FailureType } from '../contract/errors.js';
import { type DatabaseClient, quoteName } from './postgres.js';

export interface Count {
  count: string;
  /** Whom row security keeps from seeing some of them. */
  hiddenFrom: string | null;
}

const counting = (what: string, table: string): string => {
  const name = quoteName(table);
  return `select ${what} as count,
                 case when row_security_active(${pg.escapeLiteral(name)}::regclass) then current_user end as "hiddenFrom"
            from ${name}`;
};

/** Gives one {@link Count}. */
export const countingRows = (table: string): string => counting('count(*)', table);

export const hiddenRows = (table: string, user: string): string =>
  `row security hides rows of ${table} from ${user}: ALTER ROLE ${user} BYPASSRLS`;

/** @throws ApplicationFailure `PreconditionFailed` when the number is not of all rows */
export function wholeCount(rows: Count[], table: string): number {
  const [found] = rows;
  if (found?.hiddenFrom == null) return Number(found?.count);
  throw ApplicationFailure.create({
    type: FailureType.PreconditionFailed,
    message: hiddenRows(table, found.hiddenFrom),
    nonRetryable: true,
  });
}

/** The number of rows of a table. @throws as {@link wholeCount} does */
export async function countRowsOf(client: DatabaseClient, table: string): Promise<number> {
  return wholeCount((await client.query<Count>(countingRows(table))).rows, table);
}

/** The number of rows of a table that have a value in a column. @throws as {@link wholeCount} does */
export async function countValuesOf(client: DatabaseClient, table: string, column: string): Promise<number> {
  return wholeCount((await client.query<Count>(counting(`count(${quoteName(column)})`, table))).rows, table);
}
