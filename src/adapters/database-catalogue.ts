/** What PostgreSQL itself knows about indexes, statements and locks. */
import type { IndexUse } from '../contract/activities.js';
import { type DatabaseClient, quoteName } from './postgres.js';

export interface IndexState {
  name: string;
  /** `pg_indexes` lists an index whose concurrent creation failed like any other; these three tell. */
  valid: boolean;
  ready: boolean;
  live: boolean;
  /** Key columns in order, or the expression of an expression index. */
  columns: string[];
  scans: number;
}

/** Every index of a table, by name. @throws a database error when there is no such table */
export async function readIndexes(client: DatabaseClient, table: string): Promise<IndexState[]> {
  const { rows } = await client.query<IndexState & { scans: string }>(
    `select c.relname as name, i.indisvalid as valid, i.indisready as ready, i.indislive as live,
            array(select pg_get_indexdef(i.indexrelid, k, true) from generate_series(1, i.indnkeyatts) k) as columns,
            coalesce(s.idx_scan, 0) as scans
       from pg_index i join pg_class c on c.oid = i.indexrelid
       left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid
      where i.indrelid = $1::regclass order by c.relname`,
    [quoteName(table)],
  );
  return rows.map((row) => ({ ...row, scans: Number(row.scans) }));
}

export const isUsable = (index: IndexState): boolean => index.valid && index.ready && index.live;

/** An index that queries cannot use and that every write still pays for. */
export interface Leftover {
  /** With its schema, quoted where it must be. */
  name: string;
  table: string;
  /** The process that is building it just now: then it is no leftover yet. */
  builtBy: number | null;
}

/** What failed `CREATE INDEX CONCURRENTLY` and `REINDEX CONCURRENTLY` have left, in the whole database. */
export async function readLeftovers(client: DatabaseClient): Promise<Leftover[]> {
  const { rows } = await client.query<Leftover>(
    `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name, i.indrelid::regclass::text as "table",
            (select pid from pg_stat_progress_create_index p where p.index_relid = i.indexrelid limit 1) as "builtBy"
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'i' and not (i.indisvalid and i.indisready and i.indislive) and n.nspname !~ '^pg_' order by 1`,
  );
  return rows;
}

/** How often the indexes of a table have been scanned so far. The server counts up to some seconds late. */
export async function readIndexUse(client: DatabaseClient, table: string): Promise<IndexUse> {
  const { rows } = await client.query<{ reset: string | null }>(
    'select stats_reset::text as reset from pg_stat_database where datname = current_database()',
  );
  const indexes = await readIndexes(client, table);
  return { reset: rows[0]?.reset ?? null, scans: Object.fromEntries(indexes.map(({ name, scans }) => [name, scans])) };
}

export interface SlowStatement {
  query: string;
  calls: number;
  /** Milliseconds. */
  mean: number;
  max: number;
}

/**
 * Statements of this database that take longer than `longerThan` milliseconds on average. Maintenance (indexes, dumps,
 * vacuum) is left out: it may take its time.
 * @returns undefined when pg_stat_statements is not installed
 */
export async function slowStatements(client: DatabaseClient, longerThan: number): Promise<SlowStatement[] | undefined> {
  const { rows: installed } = await client.query(`select 1 from pg_extension where extname = 'pg_stat_statements'`);
  if (installed.length === 0) return undefined;
  const { rows } = await client.query<{ query: string; calls: string; mean: number; max: number }>(
    `select query, calls, mean_exec_time as mean, max_exec_time as max from pg_stat_statements
      where dbid = (select oid from pg_database where datname = current_database())
        and mean_exec_time > $1 and query ~* '^\\s*(select|insert|update|delete|merge|with)\\M'
      order by mean_exec_time desc limit 10`,
    [longerThan],
  );
  return rows.map((row) => ({ ...row, calls: Number(row.calls) }));
}

export interface Blocked {
  pid: number;
  by: number[];
  applicationName: string;
  /** How long its statement has been waiting, milliseconds. */
  age: number;
}

/** Sessions that wait for another session's lock, and the deadlocks counted so far. */
export async function readLocks(
  client: DatabaseClient,
): Promise<{ blocked: Blocked[]; deadlocks: number; since: Date | null }> {
  const { rows: blocked } = await client.query<Blocked>(
    `select pid, pg_blocking_pids(pid) as by, coalesce(application_name, '') as "applicationName",
            (extract(epoch from clock_timestamp() - query_start) * 1000)::float8 as age
       from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and cardinality(pg_blocking_pids(pid)) > 0`,
  );
  const { rows } = await client.query<{ deadlocks: string; since: Date | null }>(
    'select deadlocks, stats_reset as since from pg_stat_database where datname = current_database()',
  );
  return { blocked, deadlocks: Number(rows[0]?.deadlocks ?? 0), since: rows[0]?.since ?? null };
}
