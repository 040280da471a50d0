/** Through a real PgBouncer, beside an application that uses it: what Surefoot reads leaves nothing behind for it. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createDatabaseActivities } from '../../../src/activities/postgres/databases.js';
import { createIndexActivities } from '../../../src/activities/postgres/indexes.js';
import { createPrerequisiteActivities } from '../../../src/activities/prerequisites.js';
import { withSnapshot } from '../../../src/adapters/backup/database-snapshot.js';
import { dropLeftovers } from '../../../src/adapters/backup/trial-restore.js';
import { PostgresReader } from '../../../src/adapters/metrics/postgres-metrics.js';
import { describeSchema } from '../../../src/adapters/migration/schema-fingerprint.js';
import { takeStock } from '../../../src/adapters/migration/table-stock.js';
import { withDatabase } from '../../../src/adapters/postgres/postgres.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import { startTestServer, type TestServer } from '../../activities/postgres-server.js';
import { environmentWith, runActivity, temporaryFolder } from '../../activities/support.js';
import { startPgbouncer, type TestPooler } from '../../helpers/pgbouncer.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await startTestServer();
  database = await server.create('app');
  await server.query(
    database,
    `create extension pg_stat_statements;
     create table plans (id int primary key, status text);
     insert into plans select n, 'active' from generate_series(1, 1000) n;
     create index ix_status on plans (status);
     create table written (at timestamptz default now(), note text)`,
  );
});
afterAll(() => server.stop());

async function pooler(settings: Parameters<typeof startPgbouncer>[1]): Promise<Database> {
  const started: TestPooler = await startPgbouncer(database, settings);
  onTestFinished(() => started.stop());
  return started.through(database);
}

const REFUSED = /app on 127\.0\.0\.1:\d+ is a connection pooler .*Write PostgreSQL's own address into `hosts`/;

/** As an ORM has it: several connections, each of which writes all the time. @returns what went wrong so far */
async function application(through: Database) {
  const { host, port, name, user } = through;
  const clients = [1, 2, 3].map(
    () => new pg.Client({ host, port, user, database: name, password: String(server.connection.password) }),
  );
  const wrong: string[] = [];
  const state = { running: true, written: 0 };
  const work = clients.map(async (client) => {
    client.on('error', (error) => wrong.push(error.message));
    await client.connect();
    while (state.running) {
      await client
        .query("insert into written (note) values ('x') returning pg_advisory_xact_lock(1)")
        .then(() => (state.written += 1))
        .catch((error: Error) => wrong.push(error.message));
      const { rows } = await client.query('show search_path');
      if (rows[0].search_path !== '"$user", public') wrong.push(`search_path ${rows[0].search_path}`);
    }
    await client.end();
  });
  return {
    wrong,
    state,
    stop: async () => {
      state.running = false;
      await Promise.all(work);
    },
  };
}

/** What a server connection keeps for whoever has it next. */
const SESSION_STATE = `
  select (select json_agg(name order by name) from pg_settings where source = 'session' and name not in ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings')) as settings,
         (select json_agg(name) from pg_prepared_statements) as prepared,
         (select count(*)::int from pg_locks where locktype = 'advisory') as locks`;

describe.each([
  ['one server connection', { default_pool_size: 1 }],
  ['several in turn', { default_pool_size: 4, server_round_robin: 1 }],
])('PgBouncer in transaction mode with %s', (_, size) => {
  test('the application never sees a read-only error, during all that is read and afterwards', async () => {
    const through = await pooler({ pool_mode: 'transaction', ...size });
    const users = await application(through);
    const environment = environmentWith({ database: through });
    const evidence = { store: temporaryFolder(), deployment: 'd' };
    const key = { deployment: 'd', step: 's', generation: 1 };
    const reader = new PostgresReader();
    onTestFinished(() => reader.close());
    const look = { clock: 'virtual', signal: new AbortController().signal, baselines: { plans: 1_000 } } as const;
    for (const read of [
      { deadlocks: true },
      { blocked: { longerThan: 1 } },
      { slowQueries: { longerThan: 1_000 } },
      { lostRows: { table: 'plans' } },
    ] as const) {
      const source = { kind: 'postgres', database: through, window: 60_000, read } as const;
      expect(await reader.read({ source, unit: '/min' }, look)).toHaveProperty('value');
    }
    const indexes = {
      table: 'plans',
      expected: [{ name: 'ix_status', columns: ['status'] }],
      queries: [
        { name: 'by status', sql: 'select * from plans where status = $1', parameters: ['active'], uses: 'ix_status' },
      ],
    };
    const checked = await runActivity(() =>
      createIndexActivities().checkIndexes({ key, evidence, environment, indexes }),
    );
    expect(checked.facts.filter(({ ok }) => !ok)).toEqual([]);
    const { reviewDatabase, countRows } = createDatabaseActivities();
    await runActivity(() => reviewDatabase({ key, evidence, environment }));
    expect(await runActivity(() => countRows({ key, environment, table: 'plans' } as never))).toBe(1_000);
    await withDatabase(through, async (client) => {
      expect(Object.keys((await describeSchema(client)).table)).toContain('public.plans');
      expect(await takeStock(client)).toHaveProperty('public.plans');
    });
    // Failures leave as little behind.
    await expect(withDatabase(through, (client) => client.query('select * from nowhere'))).rejects.toThrow(/nowhere/);
    await expect(withDatabase(through, (client) => client.query('insert into written default values'))).rejects.toThrow(
      /read-only/,
    );

    const soFar = users.state.written;
    await vi.waitFor(() => expect(users.state.written).toBeGreaterThan(soFar + 50), { timeout: 20_000 });
    await users.stop();
    expect(users.wrong).toEqual([]);
    for (let look = 0; look < 8; look++) {
      const client = new pg.Client({ ...server.connection, database: 'app', port: through.port });
      await client.connect();
      expect((await client.query(SESSION_STATE)).rows).toEqual([{ settings: null, prepared: null, locks: 0 }]);
      await client.end();
    }
  });

  test('what needs a session is refused before it begins, with the address to write instead', async () => {
    const through = await pooler({ pool_mode: 'transaction', ...size });
    const users = await application(through);
    const nothing = vi.fn();
    await expect(withDatabase(through, nothing, { session: true })).rejects.toThrow(REFUSED);
    await expect(withSnapshot(through, { signal: new AbortController().signal, limit: 0 }, nothing)).rejects.toThrow(
      REFUSED,
    );
    await expect(dropLeftovers(through, 'd')).rejects.toThrow(REFUSED);
    await users.stop();
    expect(nothing).not.toHaveBeenCalled();
    expect(users.wrong).toEqual([]);
  });

  test('it is refused among the prerequisites', async () => {
    const through = await pooler({ pool_mode: 'transaction', ...size });
    const { facts } = await runActivity(() =>
      createPrerequisiteActivities().checkStaging({
        key: { deployment: 'd', step: 's', generation: 1 },
        evidence: { store: '/nowhere', deployment: 'd' },
        environments: [environmentWith({ database: through })],
        minimumRows: { table: 'plans', rows: 1 },
      }),
    );
    expect(facts.find(({ name }) => name === 'rows')).toMatchObject({ ok: true });
    expect(facts.find(({ name }) => name === 'credentials')).toMatchObject({
      ok: false,
      text: expect.stringMatching(REFUSED),
    });
  });
});

test('a pooler that lends a server for one statement is refused too', async () => {
  const through = await pooler({ pool_mode: 'statement' });
  await expect(withDatabase(through, vi.fn(), { session: true })).rejects.toThrow(REFUSED);
});

test('a pooler that gives a session is as good as the server itself', async () => {
  const through = await pooler({ pool_mode: 'session', default_pool_size: 20 });
  const users = await application(through);
  expect(await withDatabase(through, async () => 'well', { session: true })).toBe('well');
  await users.stop();
});

test('a direct connection is never refused, and costs no second one', async () => {
  const before = await server.query(database, `select count(*)::int from pg_stat_activity where datname = 'app'`);
  await withDatabase(
    database,
    async () => {
      const now = await server.query(database, `select count(*)::int from pg_stat_activity where datname = 'app'`);
      expect(now.rows[0].count).toBe(before.rows[0].count + 1);
    },
    { session: true },
  );
  for (let round = 0; round < 20; round++) await withDatabase(database, async () => undefined, { session: true });
});

test("PGOPTIONS of the worker's environment reaches no connection of Surefoot's", async () => {
  const through = await pooler({ pool_mode: 'transaction' });
  vi.stubEnv('PGOPTIONS', '-c default_transaction_read_only=on');
  onTestFinished(() => void vi.unstubAllEnvs());
  const show = async (of: Database) =>
    (await withDatabase(of, (client) => client.query('show default_transaction_read_only'))).rows[0];
  expect(await show(through)).toEqual({ default_transaction_read_only: 'off' });
  expect(await show(database)).toEqual({ default_transaction_read_only: 'off' });
});
