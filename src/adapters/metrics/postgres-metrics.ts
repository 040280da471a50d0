/** The metric source `postgres`: deadlocks, blocked sessions, slow statements, lost rows (PostgreSQL 13 and later). */
import { ApplicationFailure } from '@temporalio/common';
import type pg from 'pg';
import type { Database } from '../../contract/plan/environment.js';
import type { PostgresReading, SourceOf } from '../../contract/plan/metrics.js';
import { errorCode, NoAnswer } from '../http/http.js';
import { BLOCKED, type BlockedSession } from '../postgres/blocked-sessions.js';
import { ConnectionPool } from '../postgres/connection-pool.js';
import type { DatabaseClient } from '../postgres/postgres.js';
import { databaseReason, LATE } from '../postgres/postgres-errors.js';
import { countRowsOf } from '../postgres/row-counts.js';
import {
  findStatements,
  hiddenStatements,
  OF_THIS_DATABASE,
  inWords as untold,
} from '../postgres/statement-statistics.js';
import { singleValues, type ValueReader } from './port/single-values.js';
import { finite, perUnit, type Reading } from './samples/readings.js';
import { ObservedSource, type SampleContext } from './samples/sample-context.js';

type PostgresSource = SourceOf<'postgres'>;

const TIMEOUT = 5_000;
// Backends report their statistics at most once a second: a shorter span would show nothing, then a burst.
const MOMENT = { reuse: 250, window: 2_000, minimum: 1_000 };

interface Deadlocks {
  count: number;
  /** A change means that the statistics began anew: no data, not zero. */
  reset: string;
}

interface Statements {
  /** A change means that statements were evicted or reset: their calls are lost. */
  era: string;
  /** Calls and their total time in milliseconds, by statement. */
  counted: Map<string, { calls: number; time: number }>;
}

/** Databases as this worker remembers them, with connections that are kept for a while. */
export class PostgresReader implements ValueReader<PostgresSource> {
  private readonly connections = new ConnectionPool({
    applicationName: 'surefoot-monitor',
    connectWithin: TIMEOUT,
    limit: TIMEOUT,
  });
  private readonly observations = new Map<string, ObservedSource<unknown>>();

  /** @throws what the database failed with */
  async read(
    { source, unit }: { source: PostgresSource; unit: string },
    context: SampleContext & { baselines: Record<string, number> },
  ): Promise<Reading> {
    const { database, read, window } = source;
    if ('lostRows' in read) return this.lostRows(database, read.lostRows.table, context.baselines);
    if ('blocked' in read) {
      const ask = () => this.blocked(database, read.blocked.longerThan);
      return { value: (await this.observed(database, read, ask).now()).value };
    }
    const standsFor = context.clock === 'virtual' ? window : undefined;
    if ('deadlocks' in read) {
      const seen = await this.observed(database, read, () => this.deadlocks(database)).over(context, window);
      return rate(seen, { unit, standsFor }, newDeadlocks);
    }
    const seen = await this.observed(database, read, () => this.statements(database)).over(context, window);
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
    const ask = () => this.ask(database, (client) => countRowsOf(client, table));
    const now = await this.observed(database, { lostRows: { table } }, ask).now();
    return { value: Math.max(before - now.value, 0) };
  }

  private async blocked(database: Database, longerThan: number): Promise<number> {
    const { rows } = await this.query<BlockedSession>(database, BLOCKED, []);
    if (rows.some(({ age }) => age === null)) {
      throw new Error(`how long others have waited is hidden: GRANT pg_read_all_stats TO ${database.user}`);
    }
    return rows.filter(({ age }) => (age ?? 0) >= longerThan).length;
  }

  private async deadlocks(database: Database): Promise<Deadlocks> {
    const { rows } = await this.query<{ count: string; reset: string; counts: string }>(database, DEADLOCKS, []);
    const [found] = rows;
    if (found?.counts !== 'on') throw new Error('the database counts no deadlocks: track_counts is off');
    return { count: Number(found.count), reset: found.reset };
  }

  private async statements(database: Database): Promise<Statements> {
    const found = await findStatements({ query: (text, values = []) => this.query(database, text, values) });
    if ('unknown' in found) throw new Error(untold(found));
    const { view, total, identity, info } = found;
    const { rows } = await this.query<{ id: string; hidden: boolean; era: string; calls: string; time: number }>(
      database,
      `SELECT concat_ws('/', ${identity.join(', ')}) AS id, queryid IS NULL AS hidden, calls, ${total} AS time,
              ${info ? `(SELECT concat_ws('/', dealloc, stats_reset) FROM ${info})` : `''`} AS era
         FROM ${view} WHERE ${OF_THIS_DATABASE}`,
      [],
    );
    const hidden = rows.filter((row) => row.hidden).length;
    if (hidden > 0) throw new Error(untold(hiddenStatements(hidden, database.user)));
    const counted = rows.map(({ id, calls, time }) => [id, { calls: Number(calls), time }] as const);
    return { era: rows[0]?.era ?? '', counted: new Map(counted) };
  }

  private query<R extends pg.QueryResultRow>(database: Database, sql: string, values: unknown[]) {
    return this.ask(database, (client) => client.query<R>(sql, values));
  }

  private async ask<T>(database: Database, work: (client: DatabaseClient) => Promise<T>): Promise<T> {
    try {
      return await this.connections.use(database, work);
    } catch (error) {
      const message = postgresMessage(error);
      throw isOfTheDatabase(error) ? new Error(message) : new NoAnswer(message, errorCode(error));
    }
  }

  private observed<T>(database: Database, read: PostgresReading, ask: () => Promise<T>): ObservedSource<T> {
    const key = JSON.stringify([database, read]);
    let observed = this.observations.get(key) as ObservedSource<T> | undefined;
    if (!observed) {
      observed = new ObservedSource(ask, MOMENT);
      this.observations.set(key, observed);
    }
    return observed;
  }
}

export const postgresMetrics = singleValues<PostgresSource>(() => new PostgresReader());

const DEADLOCKS = `SELECT deadlocks AS count, coalesce(stats_reset::text, '') AS reset,
    current_setting('track_counts') AS counts
  FROM pg_stat_database WHERE datname = current_database()`;

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

/**
 * Calls in the span of statements whose mean time in the span is above the limit, milliseconds. What was evicted or reset
 * in between can't be counted, and so the whole can't.
 */
export function slowCalls(first: Statements, last: Statements, longerThan: number): Reading {
  const lost = [...first.counted].some(([id, { calls }]) => (last.counted.get(id)?.calls ?? 0) < calls);
  if (lost || first.era !== last.era) {
    return { noData: 'statements were reset, or evicted (pg_stat_statements.max)' };
  }
  let slow = 0;
  for (const [id, { calls, time }] of last.counted) {
    const since = first.counted.get(id) ?? { calls: 0, time: 0 };
    const grown = calls - since.calls;
    if (grown > 0 && (time - since.time) / grown > longerThan) slow += grown;
  }
  return { value: slow };
}

/** It has answered: what it says has a SQLSTATE. */
const isOfTheDatabase = (error: unknown): boolean =>
  error instanceof ApplicationFailure || /^(?=.*\d)[0-9A-Z]{5}$/.test(errorCode(error));

/** For people, by the error's code: messages of the driver may be empty, and those of others may tell too much. */
function postgresMessage(error: unknown): string {
  if (error instanceof ApplicationFailure) return error.message;
  const { code, errors, message } = error as { code?: string; errors?: { code?: string }[]; message?: string };
  switch (code ?? errors?.[0]?.code ?? message) {
    case 'ECONNREFUSED':
      return 'the database refuses connections';
    case '28P01':
    case '28000':
      return 'the database refuses the login';
    case '3D000':
      return 'the database does not exist';
    case '42P01':
      return `${message}`;
    case '55000':
      return 'pg_stat_statements is not loaded (shared_preload_libraries)';
    case '57014':
    case LATE:
      return 'the database took longer than 5 s';
    default:
      return `the database could not be asked: ${databaseReason(error)}`;
  }
}
