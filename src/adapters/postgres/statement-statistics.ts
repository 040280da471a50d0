/**
 * pg_stat_statements, wherever it is installed and in whatever version, and what it does not tell: an extension that does
 * not record, and statements of others that this user may not see, look like a database without slow statements.
 */

/** A client, or a pool of them. */
export interface Asks {
  query<R extends object>(text: string, values?: unknown[]): Promise<{ rows: R[] }>;
}

/** Where the statistics are, and what their columns are called there. */
export interface StatementStatistics {
  /** For SQL text. */
  view: string;
  /** Milliseconds, all told: `total_exec_time`, or `total_time` before version 1.8 of the extension. */
  total: string;
  mean: string;
  max: string;
  /** The parts of a statement's identity. */
  identity: string[];
  /** Tells evictions and resets; since version 1.9. */
  info?: string;
}

/** Why there is nothing to read. */
export interface Untold {
  unknown: string;
  /** What to do about it. */
  advice: string;
}

export const inWords = ({ unknown, advice }: Untold): string => `${unknown}: ${advice}`;

interface Found {
  schema: string;
  may: boolean;
  user: string;
  columns: string[];
  info: boolean;
  track: string | null;
  ids: string | null;
  untracked: string[];
}

// By the catalogue, not by name: a role's search path need not have its schema. A setting of a role or of the database
// holds for those sessions and not for this one.
const FIND = `
  select quote_ident(n.nspname) as schema, has_schema_privilege(n.oid, 'usage') as may, current_user as "user",
         array(select a.attname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
                where c.relnamespace = n.oid and c.relname = 'pg_stat_statements') as columns,
         exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'pg_stat_statements_info') as info,
         current_setting('pg_stat_statements.track', true) as track,
         current_setting('compute_query_id', true) as ids,
         array(select coalesce('role ' || r.rolname, 'the database')
                 from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole
                where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
                  and 'pg_stat_statements.track=none' = any (s.setconfig)) as untracked
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`;

/** @throws a database error when the catalogue can't be asked */
export async function findStatements(client: Asks): Promise<StatementStatistics | Untold> {
  const [found] = (await client.query<Found>(FIND)).rows;
  if (!found) {
    const unknown = 'pg_stat_statements is not installed in this database';
    return { unknown, advice: 'CREATE EXTENSION pg_stat_statements there' };
  }
  const { schema, columns, user } = found;
  if (!found.may) {
    return { unknown: `${user} may not read pg_stat_statements`, advice: `GRANT USAGE ON SCHEMA ${schema} TO ${user}` };
  }
  const silent = whySilent(found);
  if (silent !== undefined) return silent;
  const has = (column: string) => columns.includes(column);
  const named = (kind: string) => (has(`${kind}_exec_time`) ? `${kind}_exec_time` : `${kind}_time`);
  return {
    view: `${schema}.pg_stat_statements`,
    total: named('total'),
    mean: named('mean'),
    max: named('max'),
    identity: ['userid', 'queryid', ...(has('toplevel') ? ['toplevel'] : [])],
    ...(found.info && { info: `${schema}.pg_stat_statements_info` }),
  };
}

/** Why statements that are executed are not recorded. */
function whySilent({ track, ids, untracked }: Found): Untold | undefined {
  if (track === null) {
    return { unknown: 'pg_stat_statements is not loaded', advice: 'add it to shared_preload_libraries' };
  }
  if (track === 'none') return unrecorded('statements', 'set pg_stat_statements.track to top or all');
  if (ids === 'off') return unrecorded('statements', 'set compute_query_id to auto');
  if (untracked.length === 0) return undefined;
  return unrecorded(`statements of ${untracked.join(', ')}`, 'pg_stat_statements.track is none there, reset it');
}

const unrecorded = (what: string, advice: string): Untold => ({ unknown: `${what} are not recorded`, advice });

export const hiddenStatements = (count: number, user: string): Untold => ({
  unknown: `${count} statements of other roles are hidden from ${user}`,
  advice: `GRANT pg_read_all_stats TO ${user}`,
});

/** Statements of this database; those of other roles have no number for whoever may not see them. */
export const OF_THIS_DATABASE = 'dbid = (select oid from pg_database where datname = current_database())';
