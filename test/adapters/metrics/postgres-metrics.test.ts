import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PostgresReader, slowCalls } from '../../../src/adapters/metrics/postgres-metrics.js';
import type { SampleContext } from '../../../src/adapters/metrics/samples/sample-context.js';
import type { PostgresReading } from '../../../src/contract/plan/metrics.js';
import { startPostgres, type TestDatabase } from '../../helpers/postgres.js';

let server: TestDatabase;
const reader = new PostgresReader();

beforeAll(async () => {
  server = await startPostgres();
  const client = await server.connect();
  await client.query('CREATE EXTENSION pg_stat_statements');
  await client.query('CREATE TABLE plans AS SELECT n AS id FROM generate_series(1, 100) n');
}, 60_000);

afterAll(async () => {
  await reader.close();
  await server.stop();
});

const look = (clock: SampleContext['clock'], baselines: Record<string, number> = {}) => ({
  clock,
  signal: new AbortController().signal,
  baselines,
});

function read(
  reading: PostgresReading,
  more: { clock?: SampleContext['clock']; unit?: string; baselines?: Record<string, number> } = {},
) {
  const source = { kind: 'postgres', database: server.database, window: 60_000, read: reading } as const;
  return reader.read({ source, unit: more.unit ?? '/min' }, look(more.clock ?? 'virtual', more.baselines));
}

/** Two sessions take two rows in opposite order; the server ends one of them. */
async function deadlock(): Promise<void> {
  const [one, other] = [await server.connect(), await server.connect()];
  const lock = (id: number) => `SELECT 1 FROM plans WHERE id = ${id} FOR UPDATE`;
  for (const client of [one, other]) await client.query("BEGIN; SET deadlock_timeout = '50ms'");
  await one.query(lock(1));
  await other.query(lock(2));
  const both = await Promise.allSettled([one.query(lock(2)), other.query(lock(1))]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  // Ending the connection makes its backend report its statistics now.
  await Promise.all([one.end(), other.end()]);
}

describe('PostgresReader', () => {
  test('counts deadlocks a minute, over the last moment in virtual time', { timeout: 30_000 }, async () => {
    expect(await read({ deadlocks: true })).toEqual({ value: 0 });
    await deadlock();
    await vi.waitFor(
      async () => {
        const reading = await read({ deadlocks: true });
        // One in one to two seconds, or up to four after a pause of the test.
        expect('value' in reading && reading.value).toBeGreaterThanOrEqual(15);
      },
      { timeout: 10_000 },
    );
  });

  test('statistics that were reset are no data, not zero', { timeout: 30_000 }, async () => {
    await read({ deadlocks: true });
    const client = await server.connect();
    await client.query('SELECT pg_stat_reset()');
    await vi.waitFor(async () => expect(await read({ deadlocks: true })).toHaveProperty('noData'), {
      timeout: 5_000,
      interval: 100,
    });
  });

  test('in real time the first look is no data and the second a rate', { timeout: 30_000 }, async () => {
    const fresh = new PostgresReader();
    const source = { kind: 'postgres', database: server.database, window: 60_000, read: { deadlocks: true } } as const;
    expect(await fresh.read({ source, unit: '/min' }, look('real'))).toEqual({ noData: 'first look: no rate yet' });
    await vi.waitFor(
      async () => expect(await fresh.read({ source, unit: '/min' }, look('real'))).toEqual({ value: 0 }),
      {
        timeout: 5_000,
        interval: 300,
      },
    );
    await fresh.close();
  });

  test('counts sessions that others have blocked for long enough', { timeout: 30_000 }, async () => {
    const [holder, waiter] = [await server.connect(), await server.connect()];
    await holder.query('BEGIN; LOCK TABLE plans');
    const waiting = waiter.query('SELECT count(*) FROM plans');
    await vi.waitFor(async () => expect(await read({ blocked: { longerThan: 300 } })).toEqual({ value: 1 }), {
      timeout: 5_000,
    });
    expect(await read({ blocked: { longerThan: 600_000 } })).toEqual({ value: 0 });
    await holder.query('COMMIT');
    await waiting;
    await vi.waitFor(async () => expect(await read({ blocked: { longerThan: 300 } })).toEqual({ value: 0 }), {
      timeout: 5_000,
    });
  });

  test('counts calls of slow statements only', { timeout: 30_000 }, async () => {
    const slow = { slowQueries: { longerThan: 200 } };
    expect(await read(slow, { unit: 'count' })).toEqual({ value: 0 });
    const client = await server.connect();
    await client.query('SELECT pg_sleep(0.3)');
    await client.query('SELECT 1');
    await vi.waitFor(
      async () => {
        const reading = await read(slow, { unit: '/min' });
        expect('value' in reading && reading.value).toBeGreaterThan(0);
      },
      { timeout: 5_000 },
    );
  });

  test('lost rows are those fewer than before, never less than none', async () => {
    const lost = (rows: number) =>
      read({ lostRows: { table: 'public.plans' } }, { baselines: { 'public.plans': rows } });
    expect(await lost(130)).toEqual({ value: 30 });
    expect(await lost(50)).toEqual({ value: 0 });
    expect(await read({ lostRows: { table: 'plans' } })).toEqual({
      noData: 'the rows of plans were not counted before the deployment',
    });
  });

  test('says in words what the database refused', async () => {
    await expect(read({ lostRows: { table: 'nowhere' } }, { baselines: { nowhere: 1 } })).rejects.toThrow(
      'does not exist',
    );
    await expect(
      read({ lostRows: { table: 'a"; DROP TABLE plans; --' } }, { baselines: { 'a"; DROP TABLE plans; --': 1 } }),
    ).rejects.toThrow();
    expect(await read({ lostRows: { table: 'public.plans' } }, { baselines: { 'public.plans': 100 } })).toEqual({
      value: 0,
    });
    const away = { ...server.database, port: 1 };
    const source = { kind: 'postgres', database: away, window: 1_000, read: { deadlocks: true } } as const;
    await expect(reader.read({ source, unit: '/min' }, look('real'))).rejects.toThrow(
      'the database refuses connections',
    );
    const secretless = { ...server.database, user: 'other', password: 'env:TEST_NOT_SET' };
    await expect(
      reader.read({ source: { ...source, database: secretless }, unit: '/min' }, look('real')),
    ).rejects.toThrow(/TEST_NOT_SET|login/);
  });

  test('says when pg_stat_statements is not installed', async () => {
    const client = await server.connect();
    await client.query('CREATE DATABASE bare');
    const source = {
      kind: 'postgres',
      database: { ...server.database, name: 'bare' },
      window: 1_000,
      read: { slowQueries: { longerThan: 1 } },
    } as const;
    await expect(reader.read({ source, unit: '/min' }, look('virtual'))).rejects.toThrow(
      'pg_stat_statements is not installed',
    );
  });
});

describe('slowCalls', () => {
  const seen = (counted: Record<string, [calls: number, time: number]>, era = '') => ({
    era,
    counted: new Map(Object.entries(counted).map(([id, [calls, time]]) => [id, { calls, time }])),
  });

  test('looks at the mean of the span, not of all time', () => {
    const before = seen({ a: [1_000, 1_000], b: [500, 900_000] });
    const after = seen({ a: [1_002, 6_000], b: [503, 900_030], c: [2, 4_000] });
    expect(slowCalls(before, after, 1_000)).toEqual({ value: 4 });
  });

  test.each([
    ['one statement was evicted', seen({ a: [1, 1], b: [5, 5] }), seen({ a: [2, 2] })],
    ['one statement was reset', seen({ a: [5, 5] }), seen({ a: [1, 1] })],
    ['all were reset, and have more calls again', seen({ a: [5, 5] }, 'first'), seen({ a: [9, 9] }, 'second')],
  ])('is no data when %s in between', (_, before, after) => {
    expect(slowCalls(before, after, 1_000)).toHaveProperty('noData');
  });
});
