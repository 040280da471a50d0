/** At which revision a database is: by the migration tool, by alembic's own table, and by both held against each other. */
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { askCurrent, type Revisions } from '../../src/activities/migration/revisions.js';
import { alembicRevisions } from '../../src/adapters/migration/alembic-table.js';
import { withDatabase } from '../../src/adapters/postgres/postgres.js';
import type { Database } from '../../src/contract/plan/environment.js';
import type { Migration } from '../../src/contract/plan/migration.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { commandWith, environmentWith } from '../activities/support.js';
import { type Answer, conforms } from './reader.js';

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
}, 120_000);
afterAll(() => server.stop());

const AT = `create table alembic_version (version_num text); insert into alembic_version values ('5403edb1d087')`;

async function databaseWith(sql: string): Promise<Database> {
  count += 1;
  const database = await server.create(`revisions${count}`);
  if (sql !== '') await server.query(database, sql);
  return database;
}

/** A user without rights of its own. */
async function stranger(database: Database, sql = ''): Promise<Database> {
  const user = `stranger${count}`;
  await server.query(
    database,
    `create role ${user} login password 'geheim'; grant usage on schema public to ${user}; ${sql.replaceAll('USER', user)}`,
  );
  process.env.SUREFOOT_TEST_STRANGER = 'geheim';
  return { ...database, user, password: 'env:SUREFOOT_TEST_STRANGER' };
}

const toAnswer = (revisions: Revisions): Answer => {
  if ('problem' in revisions) return { unknown: revisions.problem };
  return revisions.found.length > 0 ? { known: revisions.found } : { none: 'the database has no revision' };
};

/** What `current` prints is the output of this shell text. */
async function ask(current: string, { database = undefined as Database | undefined, sql = AT, tool = 'alembic' } = {}) {
  const environment = environmentWith({ database: database ?? (await databaseWith(sql)) });
  const command = commandWith(['sh', '-c', current], { timeout: 1_500 });
  const migration = { tool, current: command } as Migration;
  return toAnswer(await askCurrent({ environment, migration }, new AbortController().signal));
}

conforms(
  'activities/migration/revisions.ts',
  {
    value: () => ask(`echo '5403edb1d087 (head)'`),
    none: () => ask('true', { sql: '' }),
    hidden: async () => ask(`echo '5403edb1d087 (head)'`, { database: await stranger(await databaseWith(AT)) }),
    partial: () => ask('true'),
    error: () => ask('echo "5403edb1d087 (head)"; exit 1'),
    hang: () => ask('exec sleep 60'),
    nonsense: () => ask('echo "psql: error: connection refused"'),
    huge: () => ask('yes 5403edb1d087 | head -c 5000000'),
  },
  { secrets: ['geheim'] },
);

conforms('activities/migration/revisions.ts, for a tool whose books only it can read,', {
  value: () => ask('echo 1764000000000_reserve-stock', { tool: 'node-pg-migrate' }),
  none: () => ask('echo base', { tool: 'node-pg-migrate' }),
  hidden: () => ask('true', { tool: 'node-pg-migrate' }),
  partial: () => ask(`echo 'Reading the database ...'`, { tool: 'node-pg-migrate' }),
  error: () => ask('echo "permission denied" >&2; exit 3', { tool: 'node-pg-migrate' }),
  hang: () => ask('echo v1; exec sleep 60', { tool: 'node-pg-migrate' }),
  nonsense: () => ask('echo "FATAL: sorry, too many clients already"', { tool: 'node-pg-migrate' }),
  huge: () => ask('head -c 5000000 /dev/zero | tr "\\0" x', { tool: 'node-pg-migrate' }),
});

async function readTable(database: Database, limit?: number): Promise<Answer> {
  try {
    const revisions = await withDatabase(database, alembicRevisions, { limit });
    return revisions?.length ? { known: revisions } : { none: 'the catalogue has no such table, or it is empty' };
  } catch (error) {
    return { unknown: (error as Error).message };
  }
}

conforms('adapters/migration/alembic-table.ts', {
  value: async () => readTable(await databaseWith(AT)),
  none: async () => readTable(await databaseWith('')),
  hidden: async () => {
    const filtered = await databaseWith(`${AT}; alter table alembic_version enable row level security`);
    return readTable(await stranger(filtered, 'grant select on alembic_version to USER'));
  },
  partial: async () =>
    readTable(await databaseWith(`${AT}; create schema old; create table old.alembic_version (version_num text)`)),
  error: async () => readTable(await databaseWith('create table alembic_version (other text)')),
  hang: async () => {
    const database = await databaseWith(AT);
    const holder = new pg.Client({ ...server.connection, database: database.name });
    await holder.connect();
    try {
      await holder.query('begin; lock table alembic_version in access exclusive mode');
      return await readTable(database, 500);
    } finally {
      await holder.end();
    }
  },
  nonsense: { impossible: 'whatever text stands in the table is what alembic itself takes for the revision' },
  huge: async () =>
    readTable(await databaseWith(`${AT}; insert into alembic_version select i::text from generate_series(1, 20000) i`)),
});
