/** What is read from PostgreSQL's own views, on the oldest version that is promised, the machine's, and the newest. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createDatabaseActivities } from '../../src/activities/postgres/databases.js';
import { createIndexActivities } from '../../src/activities/postgres/indexes.js';
import { PostgresReader } from '../../src/adapters/metrics/postgres-metrics.js';
import {
  HELD,
  migrationName,
  runningMigrations,
  takeMigrationLock,
} from '../../src/adapters/migration/migration-lock.js';
import { describeSchema } from '../../src/adapters/migration/schema-fingerprint.js';
import { takeStock } from '../../src/adapters/migration/table-stock.js';
import { readIndexes, readLeftovers } from '../../src/adapters/postgres/catalogue.js';
import { type DatabaseClient, withDatabase } from '../../src/adapters/postgres/postgres.js';
import { countRowsOf, countValuesOf } from '../../src/adapters/postgres/row-counts.js';
import type { Database } from '../../src/contract/plan/environment.js';
import type { PostgresReading } from '../../src/contract/plan/metrics.js';
import type { StepReport } from '../../src/domain/evidence.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { environmentWith, eventually, runActivity, temporaryFolder } from '../activities/support.js';

vi.setConfig({ testTimeout: 40_000, hookTimeout: 180_000 });

const SLOW = { slowQueries: { longerThan: 200 } };
const fact = (report: StepReport, name: string) => report.facts.find((one) => one.name === name);

describe.each([{ version: 13 as const }, { version: undefined }, { version: 18 as const }])(
  'PostgreSQL $version (none: the one of this machine)',
  ({ version }) => {
    let server: TestServer;
    let count = 0;
    const reader = new PostgresReader();
    beforeAll(async () => {
      server = await startTestServer({ version });
    });
    afterAll(async () => {
      await reader.close();
      await server.stop();
    });

    const prepared = async (sql: string): Promise<Database> => {
      count += 1;
      const database = await server.create(`d${count}`);
      await server.query(database, sql);
      return database;
    };
    const roleFor = (database: Database, rights = '') => server.asRole(database, `role_${database.name}`, rights);

    async function connect(database: Database): Promise<pg.Client> {
      const client = new pg.Client({ ...server.connection, database: database.name });
      client.on('error', () => {});
      await client.connect();
      onTestFinished(() => client.end().catch(() => {}));
      return client;
    }

    const read = (database: Database, reading: PostgresReading, baselines: Record<string, number> = {}) =>
      reader.read(
        { source: { kind: 'postgres', database, window: 60_000, read: reading }, unit: 'count' },
        { clock: 'virtual', signal: new AbortController().signal, baselines },
      );

    const review = (database: Database) =>
      runActivity(() =>
        createDatabaseActivities().reviewDatabase({
          key: { deployment: 'd', step: 'database-review', generation: 1 },
          evidence: { store: temporaryFolder(), deployment: 'd' },
          environment: environmentWith({ database }),
        }),
      );

    describe('slow statements', () => {
      test('are counted as it is installed, in a schema that no search path has, in a version that names columns otherwise', async () => {
        const places = ['', 'schema stats', "version '1.7'"];
        await Promise.all(places.map((where) => countedIn(where)));
      });

      /** Each in a database of its own, side by side: what is slow takes its time. */
      async function countedIn(where: string): Promise<void> {
        const database = await prepared(`create schema stats; create extension pg_stat_statements ${where}`);
        expect(await read(database, SLOW), where).toEqual({ value: 0 });
        await server.query(database, '/* a tag */ select pg_sleep(0.3)');
        await eventually(`it is counted ${where}`, async () => {
          const reading = await read(database, SLOW);
          return 'value' in reading && reading.value > 0;
        });
        await server.query(database, '/* a tag */ select 1, pg_sleep(1.1)');
        const slow = fact(await review(database), 'slow-queries');
        expect(slow, `${where} ${JSON.stringify(slow)}`).toMatchObject({
          ok: false,
          text: expect.stringContaining('pg_sleep'),
        });
      }

      test('of others, hidden from a role without the right, are unknown, and it is said what to grant', async () => {
        const database = await prepared('create extension pg_stat_statements');
        const role = await roleFor(database);
        await server.query(database, 'select pg_sleep(1.1)');
        const grant = `GRANT pg_read_all_stats TO ${role.user}`;
        await expect(read(role, SLOW)).rejects.toThrow(grant);
        expect(fact(await review(role), 'slow-queries')).toMatchObject({
          unknown: true,
          text: expect.stringContaining(grant),
        });
        await server.query(database, grant);
        expect(fact(await review(role), 'slow-queries')).toMatchObject({
          ok: false,
          text: expect.stringMatching(/^slow: .*pg_sleep/),
        });
      });

      test.each([
        ['track.none of the role', (name: string) => `alter role role_${name} set pg_stat_statements.track = 'none'`],
        [
          'track.none of the database',
          (name: string) => `alter database ${name} set pg_stat_statements.track = 'none'`,
        ],
      ])('are unknown where they are not recorded: %s', async (_, silence) => {
        const database = await prepared('create extension pg_stat_statements');
        const role = await roleFor(database, 'in role pg_read_all_stats');
        await server.query(database, silence(database.name));
        await expect(read(role, SLOW)).rejects.toThrow(/are not recorded: .*pg_stat_statements.track/);
        expect(fact(await review(role), 'slow-queries')).toMatchObject({ unknown: true });
        await server.query(database, `alter role role_${database.name} reset pg_stat_statements.track`);
      });

      test('are unknown in a schema that the role may not use', async () => {
        const database = await prepared('create schema closed; create extension pg_stat_statements schema closed');
        const role = await roleFor(database);
        await expect(read(role, SLOW)).rejects.toThrow(`GRANT USAGE ON SCHEMA closed TO ${role.user}`);
      });
    });

    describe('sessions that wait', () => {
      async function blocking(): Promise<Database> {
        const database = await prepared('create extension pg_stat_statements; create table plans (id int)');
        const [holder, waiter] = [await connect(database), await connect(database)];
        await holder.query('begin; lock table plans');
        void waiter.query('select count(*) from plans').catch(() => {});
        return database;
      }

      test('are counted when they have waited for long enough', async () => {
        const database = await blocking();
        await eventually('it waits', async () => {
          const reading = await read(database, { blocked: { longerThan: 300 } });
          return 'value' in reading && reading.value === 1;
        });
        expect(await read(database, { blocked: { longerThan: 600_000 } })).toEqual({ value: 0 });
        await eventually('it has waited', async () => fact(await review(database), 'locks')?.ok === false);
      });

      test('are never nobody to a role that may not see others: they are seen, or unknown', async () => {
        const database = await blocking();
        const role = await roleFor(database);
        const told = await eventually('it has waited', async () => {
          const locks = fact(await review(role), 'locks');
          return locks?.ok === false ? locks : undefined;
        });
        expect(told.text).toMatch(/^blocked: \d+ by \d+/);
        const reading = read(role, { blocked: { longerThan: 300 } });
        if (version === 13) await expect(reading).rejects.toThrow(`GRANT pg_read_all_stats TO ${role.user}`);
        else expect(await reading).toEqual({ value: 1 });
      });
    });

    test('deadlocks and scans are unknown to a server that counts nothing, not zero', async () => {
      const database = await prepared('create table plans (id int primary key)');
      await server.query(database, `alter database ${database.name} set track_counts = off`);
      await expect(read(database, { deadlocks: true })).rejects.toThrow('track_counts is off');
      const { checkIndexes, checkIndexUse } = createIndexActivities();
      const asked = {
        key: { deployment: 'd', step: 'indexes', generation: 1 },
        evidence: { store: temporaryFolder(), deployment: 'd' },
        environment: environmentWith({ database }),
        indexes: { table: 'plans', expected: [{ name: 'plans_pkey', columns: ['id'] }], queries: [] },
      };
      const { use } = await runActivity(() => checkIndexes(asked));
      const report = await runActivity(() => checkIndexUse({ ...asked, baseline: use, advisory: false }));
      expect(fact(report, 'used')).toMatchObject({ unknown: true, text: expect.stringContaining('track_counts') });
    });

    describe('rows that row security hides', () => {
      const SECURED = `create table notes (id int, owner text); insert into notes values (1, 'a'), (2, 'b');
        alter table notes enable row level security; create policy own on notes using (owner = 'a');`;

      test('are never counted as none: a number of them is an error', async () => {
        const database = await prepared(SECURED);
        const role = await roleFor(database);
        await server.query(database, `grant select on notes to ${role.user}`);
        const advice = `ALTER ROLE ${role.user} BYPASSRLS`;
        await expect(withDatabase(role, (client) => countRowsOf(client, 'notes'))).rejects.toThrow(advice);
        await expect(withDatabase(role, (client) => countValuesOf(client, 'notes', 'id'))).rejects.toThrow(advice);
        await expect(read(role, { lostRows: { table: 'notes' } }, { notes: 2 })).rejects.toThrow(advice);
        expect(await withDatabase(role, takeStock)).toEqual({ 'public.notes': expect.stringContaining(advice) });
        expect(await withDatabase(database, (client) => countRowsOf(client, 'notes'))).toBe(2);
      });

      test('are never counted as none through a view either, while a view that shows all of them is counted', async () => {
        const database = await prepared(SECURED);
        const [role, other] = [await roleFor(database), await server.asRole(database, `other_${database.name}`)];
        await server.query(
          database,
          `create view whole as select * from notes; create view part as select * from notes;
           create view of_part as select * from part; grant select on notes to ${other.user};
           alter view part owner to ${other.user}; grant select on whole, part, of_part to ${role.user}`,
        );
        const count = (view: string) => withDatabase(role, (client) => countRowsOf(client, view));
        expect(await count('whole')).toBe(2);
        for (const view of ['part', 'of_part']) {
          await expect(count(view)).rejects.toThrow(`row security hides rows of ${view}`);
          const lost = read(role, { lostRows: { table: view } }, { [view]: 2 });
          await expect(lost).rejects.toThrow(`row security hides rows of ${view}`);
        }
      });
    });

    describe('the index of a partitioned table', () => {
      const PARTED = `create table plans (id int, status text) partition by range (id);
        create table plans_1 partition of plans for values from (0) to (1000);
        create table plans_2 partition of plans for values from (1000) to (2000);
        insert into plans select i, 'state ' || i % 50 from generate_series(0, 1999) i;
        create index ix_status on plans (status); analyze plans`;
      const indexes = {
        table: 'plans',
        expected: [{ name: 'ix_status', columns: ['status'] }],
        queries: [{ name: 'all', sql: 'select count(*) from plans order by 1', uses: 'ix_status' }],
      };
      const asked = (database: Database) => ({
        key: { deployment: 'd', step: 'indexes', generation: 1 },
        evidence: { store: temporaryFolder(), deployment: 'd' },
        environment: environmentWith({ database }),
        indexes: {
          ...indexes,
          queries: [{ ...indexes.queries[0], name: 'by status', sql: BY_STATUS, uses: 'ix_status' }],
        },
      });
      // No condition on the leading column: the plan names the parts of the index, and nothing else tells.
      const BY_STATUS = 'select status from plans order by status limit 5';

      test('has the scans of its parts, and plans that name these use it', async () => {
        const database = await prepared(PARTED);
        // Up to version 14 a new database's statistics begin when the first session has reported, and so does their time.
        const begun = `select 1 from pg_stat_database where datname = current_database() and stats_reset is not null
                          or current_setting('server_version_num')::int >= 150000`;
        await eventually('its statistics have begun', async () => (await server.query(database, begun)).rowCount);
        const { checkIndexes, checkIndexUse } = createIndexActivities();
        const report = await runActivity(() => checkIndexes(asked(database)));
        expect(report.facts.filter(({ ok }) => !ok)).toEqual([]);
        const client = await connect(database);
        await client.query('set enable_seqscan = off');
        await client.query(`select * from plans where status = 'state 7'`);
        await client.end();
        const use = await runActivity(() =>
          checkIndexUse({ ...asked(database), baseline: report.use, advisory: false }),
        );
        expect(fact(use, 'used')).toMatchObject({ ok: true, text: 'scans since the deploy: ix_status: 2' });
      });

      test('is not valid while one of its parts is not, or is missing', async () => {
        const database = await prepared(
          PARTED.replace('create index ix_status on plans', 'create index ix_status on only plans'),
        );
        const states = () => withDatabase(database, (client) => readIndexes(client, 'plans'));
        expect(await states()).toMatchObject([{ name: 'ix_status', valid: false, partitions: [] }]);
        await server.query(
          database,
          `create index part_1 on plans_1 (status); alter index ix_status attach partition part_1;
           create index part_2 on plans_2 (status); alter index ix_status attach partition part_2`,
        );
        expect(await states()).toMatchObject([{ valid: true, partitions: ['part_1', 'part_2'] }]);
        await server.query(database, `update pg_index set indisvalid = false where indexrelid = 'part_2'::regclass`);
        expect(await states()).toMatchObject([{ valid: false, ready: true }]);
      });
    });

    test('an index that another role is building just now is no leftover, though its progress is hidden', async () => {
      const database = await prepared('create table plans (id int); insert into plans values (1)');
      const role = await roleFor(database);
      const [holder, builder] = [await connect(database), await connect(database)];
      await holder.query('begin; insert into plans values (2)');
      const building = builder.query('create index concurrently ix on plans (id)');
      const left = await eventually('the index is there', async () => {
        const found = await withDatabase(role, readLeftovers);
        return found.length > 0 ? found : undefined;
      });
      expect(left).toEqual([{ name: 'public.ix', table: 'plans', builtBy: expect.any(Number) }]);
      await holder.query('commit');
      await building;
      expect(await withDatabase(role, readLeftovers)).toEqual([]);
    });

    test('another role sees a migration that runs, and who holds its lock, though not what it does', async () => {
      const database = await prepared('select 1');
      const role = await roleFor(database);
      await server.query(database, `alter database ${database.name} set track_activities = off`);
      const key = { deployment: 'd', step: 'migration', generation: 1 };
      const seen = { applicationName: migrationName(key), user: database.user };
      const migrate = async (migration: DatabaseClient) => {
        expect((await takeMigrationLock(migration)).heldBy).toBeUndefined();
        await withDatabase(role, async (client) => {
          expect(await runningMigrations(client, key)).toMatchObject({ ours: [seen], others: [] });
          expect(await client.transaction(takeMigrationLock, HELD)).toMatchObject({ heldBy: seen });
        });
      };
      await withDatabase(database, (client) => client.transaction(migrate, HELD), {
        session: true,
        applicationName: migrationName(key),
      });
    });

    test('the schema is described, and its tables are counted', async () => {
      const database = await prepared(
        `create table plans (id int primary key, twice int generated always as (id * 2) stored, check (id > 0));
         insert into plans values (1), (2); create view seen as select * from plans;
         create function two() returns int language sql as 'select 2'`,
      );
      const described = await withDatabase(database, describeSchema);
      expect(described).toMatchObject({
        table: { 'public.plans': 'table' },
        column: { 'public.plans.twice': expect.stringContaining('generated') },
        view: { 'public.seen': expect.stringContaining('plans') },
      });
      expect(await withDatabase(database, takeStock)).toEqual({
        'public.plans': { rows: 2, values: { id: 2, twice: 2 } },
      });
    });
  },
);
