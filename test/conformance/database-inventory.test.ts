/** What a database holds, as a dump is held against it: counted by itself, and in the moment of a snapshot. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inventoryText } from '../../src/activities/backup/backup-proofs.js';
import { type Inventory, readEntries, takeInventory } from '../../src/adapters/backup/database-inventory.js';
import { withSnapshot } from '../../src/adapters/backup/database-snapshot.js';
import { withDatabase } from '../../src/adapters/postgres/postgres.js';
import type { Database } from '../../src/contract/plan/environment.js';
import { migrationTool } from '../../src/domain/migration/migration-tools.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { type Answer, conforms } from './reader.js';

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
  process.env.SUREFOOT_TEST_STRANGER = 'geheim';
}, 120_000);
afterAll(() => server.stop());

const TABLE = migrationTool('alembic').table;
const PLANS = 'create table plans (id int); insert into plans select generate_series(1, 10)';
const VERSION = `create table alembic_version (version_num text); insert into alembic_version values ('8c1f0a2d4b6e')`;

async function databaseWith(sql: string): Promise<Database> {
  count += 1;
  const database = await server.create(`inventory${count}`);
  if (sql !== '') await server.query(database, sql);
  return database;
}

/** A user who is shown some of the rows only. */
async function filtered(): Promise<Database> {
  const database = await databaseWith(PLANS);
  const user = `filtered${count}`;
  await server.query(
    database,
    `create role ${user} login password 'geheim'; grant select on plans to ${user};
     alter table plans enable row level security; create policy half on plans using (id <= 5)`,
  );
  return { ...database, user, password: 'env:SUREFOOT_TEST_STRANGER' };
}

type Take = (database: Database, limit?: number) => Promise<Inventory>;

const alone: Take = (database, limit = 20_000) =>
  withDatabase(
    database,
    ({ transaction }) =>
      transaction(async (client) => takeInventory(client, await readEntries(client), TABLE), {
        settings: { row_security: 'off' },
      }),
    { limit },
  );
const inSnapshot: Take = (database, limit = 20_000) =>
  withSnapshot(database, { signal: AbortSignal.timeout(limit), limit: 0 }, ({ inventory }) => inventory(TABLE));

async function read(take: Take, database: Database, limit?: number): Promise<Answer> {
  try {
    const inventory = await take(database, limit);
    return inventory.entries.length > 0 ? { known: inventory } : { none: 'the catalogue has nothing' };
  } catch (error) {
    return { unknown: (error as Error).message };
  }
}

async function locked(take: Take): Promise<Answer> {
  const database = await databaseWith(PLANS);
  const holder = new pg.Client({ ...server.connection, database: database.name });
  await holder.connect();
  try {
    await holder.query('begin; lock table plans in access exclusive mode');
    return await read(take, database, 1_000);
  } finally {
    await holder.end();
  }
}

for (const [reader, take] of Object.entries({
  'adapters/backup/database-inventory.ts': alone,
  'adapters/backup/database-snapshot.ts': inSnapshot,
})) {
  conforms(
    reader,
    {
      value: async () => read(take, await databaseWith(`${PLANS}; ${VERSION}`)),
      none: async () => read(take, await databaseWith('')),
      hidden: async () => read(take, await filtered()),
      partial: { impossible: 'a query of the catalogue, or a count, is answered whole or not at all' },
      error: async () => read(take, { ...(await databaseWith(PLANS)), name: 'not-there' }),
      hang: () => locked(take),
      nonsense: { impossible: 'what the catalogue holds is what the database is' },
      huge: async () =>
        read(
          take,
          await databaseWith(
            `do $$ begin for i in 1..500 loop execute format('create table plans_%s (id int)', i); end loop; end $$`,
          ),
        ),
    },
    { secrets: ['geheim'] },
  );
}

const inWords = (inventory: Inventory) => inventoryText(inventory, 'alembic');

test('a database of another tool’s is never said to be at no alembic revision', async () => {
  expect(inWords(await alone(await databaseWith(PLANS)))).toBe('10 rows in 1 tables, 0 valid indexes');
  expect(inWords(await alone(await databaseWith(`${PLANS}; ${VERSION}`)))).toMatch(/^revision 8c1f0a2d4b6e, /);
  const emptied = await databaseWith(`${PLANS}; ${VERSION}; delete from alembic_version`);
  expect(inWords(await alone(emptied))).toMatch(/^no alembic revision, /);
  const elsewhere = await databaseWith(`create schema ops; set search_path = ops; ${VERSION}`);
  expect(inWords(await alone(elsewhere))).toMatch(/^revision 8c1f0a2d4b6e, /);
});

test('a table that is not of the plan’s own tool says nothing of the revision', async () => {
  const taken = await withDatabase(await databaseWith(`${PLANS}; ${VERSION}`), async (client) =>
    takeInventory(client, await readEntries(client), migrationTool('node-pg-migrate').table),
  );
  expect(inventoryText(taken, 'node-pg-migrate')).toBe('11 rows in 2 tables, 0 valid indexes');
});
