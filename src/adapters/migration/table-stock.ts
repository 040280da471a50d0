/** How much the tables hold: what a migration there and back must not lose. */
import pg from 'pg';
import type { DatabaseClient } from '../postgres/postgres.js';
import { databaseReason } from '../postgres/postgres-errors.js';
import { hiddenRows } from '../postgres/row-counts.js';
import { OWN_SCHEMAS, ownRelation } from './schema-fingerprint.js';

/** By table (`schema.table`); a text says why a table could not be counted. */
export type TableStock = Record<string, { rows: number; values: Record<string, number> } | string>;

/** Rows, and values that are not null by column, of every table. It reads each table whole: not for production. */
export async function takeStock(client: DatabaseClient): Promise<TableStock> {
  const { rows: tables } = await client.query<{
    schema: string;
    table: string;
    columns: string[];
    hiddenFrom: string | null;
  }>(
    `with ${OWN_SCHEMAS}
     select c.relnamespace::regnamespace::text as schema, c.relname as "table",
            array(select attname::text from pg_attribute a where a.attrelid = c.oid and attnum > 0 and not attisdropped order by attnum) as columns,
            case when row_security_active(c.oid) then current_user end as "hiddenFrom"
       from pg_class c where c.relkind in ('r', 'p') and not c.relispartition and ${ownRelation('c')} order by 1, 2`,
  );
  const stock: TableStock = {};
  for (const { schema, table, columns, hiddenFrom } of tables) {
    const name = `${schema}.${table}`;
    if (hiddenFrom !== null) {
      stock[name] = hiddenRows(name, hiddenFrom);
      continue;
    }
    stock[name] = await count(client, `${schema}.${pg.escapeIdentifier(table)}`, columns).catch((error: unknown) => {
      if (error instanceof pg.DatabaseError) return databaseReason(error);
      throw error;
    });
  }
  return stock;
}

/** @param table for SQL text: PostgreSQL itself has quoted the schema's name */
async function count(client: DatabaseClient, table: string, columns: string[]) {
  const counts = columns.map((column) => `count(${pg.escapeIdentifier(column)})`);
  const { rows } = await client.query<string[]>({
    text: `select ${['count(*)', ...counts].join(', ')} from ${table}`,
    rowMode: 'array',
  });
  const [total = 0, ...values] = (rows[0] ?? []).map(Number);
  return { rows: total, values: Object.fromEntries(columns.map((column, index) => [column, values[index] ?? 0])) };
}

/**
 * What has become less, one text for each table or column. More is no loss: staging is in use meanwhile.
 * @param options.among only tables and columns that are in this stock too
 */
export function losses(before: TableStock, after: TableStock, options: { among?: TableStock } = {}): string[] {
  const { among = before } = options;
  return Object.entries(before).flatMap(([table, was]) => {
    const [is, counted] = [after[table], among[table]];
    if (counted === undefined) return [];
    const unknown = [was, is, counted].find((stock) => typeof stock === 'string');
    if (unknown !== undefined) return [`${table} could not be counted (${unknown})`];
    if (typeof was === 'string' || typeof counted === 'string') return [];
    const now = typeof is === 'object' ? is : { rows: 0, values: {} };
    if (now.rows < was.rows) return [`${table}: ${was.rows} rows → ${now.rows}`];
    return Object.keys(counted.values).flatMap((column) => {
      const [values = 0, left = 0] = [was.values[column], now.values[column]];
      return left < values ? [`${table}.${column}: ${values} values → ${left}`] : [];
    });
  });
}
