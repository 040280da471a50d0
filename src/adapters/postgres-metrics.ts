/** The metric source `postgres`: deadlocks, blocked sessions, slow statements, lost rows (PostgreSQL 14 and later). */
import pg from 'pg';
import type { Database, MetricSource, PostgresReading } from '../contract/plan.js';
import { KeptConnections } from './kept-connections.js';
import { type Look, Observed } from './look.js';
import { LATE, reasonOf } from './postgres-errors.js';
import { finite, perUnit, type Reading } from './readings.js';

type PostgresSource = Extract<MetricSource, { kind: 'postgres' }>;

const TIMEOUT = 5_000;
// Backends report their statistics at most once a second: a shorter span would show nothing, then a burst.
const MOMENT = { reuse: 250, window: 2_000, minimum: 1_000 };

interface Deadlocks {
  count: number;
  /** A change means that the statistics began anew: no data, not zero. */
  reset: string;
}

/** Calls and their total time in milliseconds, by statement. */
type Statements = Map<string, { calls: number; time: number }>;

/** Databases as this worker remembers them, with connections that are kept for a while. */
export class PostgresWatcher {
  private readonly connections = new KeptConnections({
    applicationName: 'surefoot-monitor',
    connectWithin: TIMEOUT,
    limit: TIMEOUT,
  });
  private readonly observations = new Map<string, Observed<unknown>>();

  /** @param baselines rows before the deployment, by table. @throws what the database failed with */
  async read(source: PostgresSource, unit: string, look: Look, baselines: Record<string, number>): Promise<Reading> {
    const { database, read, window } = source;
    if ('lostRows' in read) return this.lostRows(database, read.lostRows.table, baselines);
    if ('blocked' in read) {
      const ask = () => this.number(database, BLOCKED, [read.blocked.longerThan]);
      return { value: (await this.observed(database, read, ask).now()).value };
    }
    const standsFor = look.clock === 'virtual' ? window : undefined;
    if ('deadlocks' in read) {
      const seen = await this.observed(database, read, () => this.deadlocks(database)).over(look, window);
      return rate(seen, { unit, standsFor }, newDeadlocks);
    }
    const seen = await this.observed(database, read, () => this.statements(database)).over(look, window);
    return rate(seen, { unit, standsFor }, (first, last) => slowCalls(first, last, read.slowQueries.longerThan));
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    this.observations.clear();
    await this.connections.close();
  }

  private async lostRows(database: Database, table: string, baselines: Record<string, number>): Promise<Reading> {
    const before = Object.hasOwn(baselines, table) ? baselines[table] : undefined;
    if (before === undefined) return { noData: `the rows of ${table} were not counted before the deployment` };
    const name = table.split('.').map(pg.escapeIdentifier).join('.');
    const ask = () => this.number(database, `SELECT count(*) FROM ${name}`, []);
    const now = await this.observed(database, { lostRows: { table } }, ask).now();
    return { value: Math.max(before - now.value, 0) };
  }

  private async number(database: Database, sql: string, values: unknown[]): Promise<number> {
    const { rows } = await this.query<{ count: string }>(database, sql, values);
    return Number(rows[0]?.count);
  }

  private async deadlocks(database: Database): Promise<Deadlocks> {
    const { rows } = await this.query<{ count: string; reset: string }>(database, DEADLOCKS, []);
    return { count: Number(rows[0]?.count), reset: rows[0]?.reset ?? '' };
  }

  private async statements(database: Database): Promise<Statements> {
    const { rows } = await this.query<{ id: string; calls: string; time: number }>(database, STATEMENTS, []);
    return new Map(rows.map(({ id, calls, time }) => [id, { calls: Number(calls), time }]));
  }

  private async query<R extends pg.QueryResultRow>(database: Database, sql: string, values: unknown[]) {
    try {
      return await this.connections.use(database, (client) => client.query<R>(sql, values));
    } catch (error) {
      throw new Error(inWords(error));
    }
  }

  private observed<T>(database: Database, read: PostgresReading, ask: () => Promise<T>): Observed<T> {
    const key = JSON.stringify([database, read]);
    let observed = this.observations.get(key) as Observed<T> | undefined;
    if (!observed) {
      observed = new Observed(ask, MOMENT);
      this.observations.set(key, observed);
    }
    return observed;
  }
}

const DEADLOCKS = `SELECT deadlocks AS count, coalesce(stats_reset::text, '') AS reset
  FROM pg_stat_database WHERE datname = current_database()`;

// pg_locks shows waits to everybody; pg_stat_activity hides them from those without pg_read_all_stats.
const BLOCKED = `SELECT count(DISTINCT l.pid) AS count
  FROM pg_locks l JOIN pg_stat_activity a USING (pid)
  WHERE NOT l.granted AND a.datname = current_database()
    AND l.waitstart <= clock_timestamp() - $1::float8 * interval '1 millisecond'
    AND cardinality(pg_blocking_pids(l.pid)) > 0`;

const STATEMENTS = `SELECT concat_ws('/', s.userid, s.queryid, s.toplevel) AS id, s.calls, s.total_exec_time AS time
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
  WHERE d.datname = current_database() AND s.queryid IS NOT NULL`;

function rate<T>(
  seen: { at: number; value: T }[],
  as: { unit: string; standsFor?: number },
  increase: (first: T, last: T) => Reading,
): Reading {
  const [first, last] = [seen[0], seen.at(-1)];
  if (!first || !last || first === last) return { noData: 'first look: no rate yet' };
  const grown = increase(first.value, last.value);
  return 'noData' in grown ? grown : finite({ value: perUnit(grown.value, { ...as, span: last.at - first.at }) });
}

function newDeadlocks(first: Deadlocks, last: Deadlocks): Reading {
  if (first.reset !== last.reset || last.count < first.count)
    return { noData: 'the statistics of the database were reset' };
  return { value: last.count - first.count };
}

/** Calls in the span of statements whose mean time in the span is above the limit. Milliseconds. */
export function slowCalls(first: Statements, last: Statements, longerThan: number): Reading {
  let slow = 0;
  for (const [id, { calls, time }] of last) {
    const before = first.get(id);
    // Fewer calls than before: evicted or reset, and counted from zero since.
    const since = before && before.calls <= calls ? before : { calls: 0, time: 0 };
    const grown = calls - since.calls;
    if (grown > 0 && (time - since.time) / grown > longerThan) slow += grown;
  }
  return { value: slow };
}

/** For people, by the error's code: messages of the driver may be empty, and those of others may tell too much. */
function inWords(error: unknown): string {
  const { code, errors, message, type } = error as {
    code?: string;
    errors?: { code?: string }[];
    message?: string;
    type?: string;
  };
  if (type === 'SecretMissing') return message ?? 'the password is missing';
  switch (code ?? errors?.[0]?.code ?? message) {
    case 'ECONNREFUSED':
      return 'the database refuses connections';
    case '28P01':
    case '28000':
      return 'the database refuses the login';
    case '3D000':
      return 'the database does not exist';
    case '42P01':
      return message?.includes('pg_stat_statements')
        ? 'pg_stat_statements is not installed in the database'
        : `${message}`;
    case '55000':
      return 'pg_stat_statements is not loaded (shared_preload_libraries)';
    case '57014':
    case LATE:
      return 'the database took longer than 5 s';
    default:
      return `the database could not be asked: ${reasonOf(error)}`;
  }
}
