/** What PostgreSQL itself knows about indexes, statements and locks. */
import type { IndexUse } from '../../contract/activities/postgres.js';
import { BLOCKED, type BlockedSession } from './blocked-sessions.js';
import { type DatabaseClient, quoteName } from './postgres.js';
import { findStatements, hiddenStatements, OF_THIS_DATABASE, type Untold } from './statement-statistics.js';

export interface IndexState {
  name: string;
  /** `pg_indexes` lists an index whose concurrent creation failed like any other; these three tell. */
  valid: boolean;
  ready: boolean;
  live: boolean;
  /** Key columns in order, or the expression of an expression index. */
  columns: string[];
  scans: number;
  /** What its parts are called on the partitions of a partitioned table, which is what query plans name. */
  partitions: string[];
}

/**
 * Every index of a table, by name. One of a partitioned table is no more than its parts: it has their scans, and is as
 * valid as all of them are. @throws a database error when there is no such table */
export async function readIndexes(client: DatabaseClient, table: string): Promise<IndexState[]> {
  const { rows } = await client.query<IndexState & { scans: string }>(
    `select c.relname as name, parts.*,
            array(select pg_get_indexdef(i.indexrelid, k, true) from generate_series(1, i.indnkeyatts) k) as columns
       from pg_index i join pg_class c on c.oid = i.indexrelid
      cross join lateral (
              select bool_and(p.indisvalid) as valid, bool_and(p.indisready) as ready, bool_and(p.indislive) as live,
                     coalesce(sum(s.idx_scan), 0) as scans,
                     coalesce(array_agg(o.relname::text order by o.relname) filter (where o.oid <> c.oid), '{}') as partitions
                from (select i.indexrelid as oid union select relid from pg_partition_tree(i.indexrelid)) t
                join pg_index p on p.indexrelid = t.oid join pg_class o on o.oid = t.oid
                left join pg_stat_all_indexes s on s.indexrelid = t.oid) parts
      where i.indrelid = $1::regclass order by c.relname`,
    [quoteName(table)],
  );
  return rows.map((row) => ({ ...row, scans: Number(row.scans) }));
}

/** Whether there is such a table: by the catalogue, which shows also those that this user's search path does not lead to. */
export async function hasTable(client: DatabaseClient, table: string): Promise<boolean> {
  const [name, schema] = table.split('.').reverse();
  const { rows } = await client.query<{ there: boolean }>(
    `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
                     where c.relname = $1 and n.nspname = coalesce($2, n.nspname) and c.relkind in ('r', 'p', 'm')) as there`,
    [name, schema],
  );
  return rows[0]?.there === true;
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

/**
 * What failed `CREATE INDEX CONCURRENTLY` and `REINDEX CONCURRENTLY` have left, in the whole database. Which index another
 * role is building is hidden from those without pg_read_all_stats; which table it has locked for it is not.
 */
export async function readLeftovers(client: DatabaseClient): Promise<Leftover[]> {
  const { rows } = await client.query<Leftover>(
    `select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name, i.indrelid::regclass::text as "table",
            (select pid from pg_stat_progress_create_index p
              where p.index_relid = i.indexrelid
                 or (p.index_relid is null and exists (select from pg_locks l where l.pid = p.pid and l.relation = i.indrelid
                       and l.database = (select oid from pg_database where datname = current_database())))
              limit 1) as "builtBy"
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where c.relkind = 'i' and not (i.indisvalid and i.indisready and i.indislive) and n.nspname !~ '^pg_' order by 1`,
  );
  return rows;
}

/** How often the indexes of a table have been scanned so far. The server counts up to some seconds late. */
export async function readIndexUse(client: DatabaseClient, table: string): Promise<IndexUse> {
  const { rows } = await client.query<{ reset: string | null; counts: string }>(
    `select stats_reset::text as reset, current_setting('track_counts') as counts
       from pg_stat_database where datname = current_database()`,
  );
  const indexes = await readIndexes(client, table);
  return {
    reset: rows[0]?.reset ?? null,
    scans: Object.fromEntries(indexes.map(({ name, scans }) => [name, scans])),
    ...(rows[0]?.counts !== 'on' && { uncounted: 'track_counts is off' }),
  };
}

export interface SlowStatement {
  query: string;
  calls: number;
  /** Milliseconds. */
  mean: number;
  max: number;
}

export interface SlowStatements {
  slow: SlowStatement[];
  /** From when on statements have been counted, where the extension tells. */
  since: Date | null;
}

/** The most statements that people are told of. */
const MOST = 10;

/** Maintenance (indexes, dumps, vacuum) may take its time. Tags that applications put before a statement are no matter. */
const MAINTENANCE =
  '^(\\s|/\\*.*?\\*/|--[^\\n]*\\n)*' +
  '(alter|analy[sz]e|checkpoint|cluster|comment|copy|create|drop|explain|grant|refresh|reindex|revoke|truncate|vacuum)\\M';

/**
 * Statements of this database, but for maintenance, that take longer than `longerThan` milliseconds on average.
 * @returns why nobody can tell, when they are not recorded, or some of them are hidden
 */
export async function slowStatements(client: DatabaseClient, longerThan: number): Promise<SlowStatements | Untold> {
  const found = await findStatements(client);
  if ('unknown' in found) return found;
  const { view, mean, max, info } = found;
  // The text is missing, too, when the server has lost its file of texts.
  const { rows: seen } = await client.query<{ all: number; hidden: number; user: string; since: Date | null }>(
    `select count(*)::int as all, (count(*) filter (where queryid is null or query is null))::int as hidden,
            current_user as "user", ${info ? `(select stats_reset from ${info})` : 'null::timestamptz'} as since
       from ${view} where ${OF_THIS_DATABASE}`,
  );
  const { all = 0, hidden = 0, user = '', since = null } = seen[0] ?? {};
  if (hidden > 0) return hiddenStatements(hidden, user);
  if (all === 0) return { unknown: 'no statement of this database has been recorded yet', advice: 'look again later' };
  const { rows } = await client.query<{ query: string; calls: string; mean: number; max: number }>(
    `select query, calls, ${mean} as mean, ${max} as max from ${view}
      where ${OF_THIS_DATABASE} and ${mean} > $1 and query !~* $2 order by ${mean} desc limit ${MOST}`,
    [longerThan, MAINTENANCE],
  );
  return { slow: rows.map((row) => ({ ...row, calls: Number(row.calls) })), since };
}

export interface Locks {
  blocked: BlockedSession[];
  /** Deadlocks so far; missing when the server doesn't count them. */
  deadlocks?: number;
  since: Date | null;
}

/** Sessions that wait for another session's lock, and the deadlocks counted so far. */
export async function readLocks(client: DatabaseClient): Promise<Locks> {
  const { rows: blocked } = await client.query<BlockedSession>(BLOCKED);
  const { rows } = await client.query<{ deadlocks: string; since: Date | null; counts: string }>(
    `select deadlocks, stats_reset as since, current_setting('track_counts') as counts
       from pg_stat_database where datname = current_database()`,
  );
  const [found] = rows;
  return {
    blocked,
    since: found?.since ?? null,
    ...(found?.counts === 'on' && { deadlocks: Number(found.deadlocks) }),
  };
}
