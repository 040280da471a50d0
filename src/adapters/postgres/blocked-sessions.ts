/** Sessions that wait for a lock which another session holds. */

export interface BlockedSession {
  pid: number;
  by: number[];
  applicationName: string;
  /** How long it has been waiting, milliseconds; null where that is hidden from this user. */
  age: number | null;
}

/**
 * pg_locks shows waits to everybody, while pg_stat_activity hides them, and when a statement began, from those without
 * pg_read_all_stats. Before version 14 the server doesn't say when a wait began: the statement's own beginning stands for
 * it, so that a wait is never thought shorter than it is.
 */
export const BLOCKED = `
  SELECT l.pid, l.by, coalesce(a.application_name, '') AS "applicationName",
         (extract(epoch FROM clock_timestamp() - CASE WHEN l.wait ? 'waitstart'
             THEN coalesce((l.wait ->> 'waitstart')::timestamptz, clock_timestamp()) ELSE a.query_start END) * 1000)::float8 AS age
    FROM (SELECT pid, pg_blocking_pids(pid) AS by, to_jsonb(pg_locks) AS wait FROM pg_locks WHERE NOT granted) l
    JOIN pg_stat_activity a USING (pid)
   WHERE a.datname = current_database() AND cardinality(l.by) > 0`;
