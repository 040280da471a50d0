/** The revision by a query of the plan's own, over a connection of our own. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import type { Migration } from '../../../src/contract/plan/migration.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { commandWith, environmentWith, runActivity, temporaryFolder } from '../support.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let server: TestServer;
let database: Database;
beforeAll(async () => {
  server = await startTestServer();
  database = await server.create('queried');
  await server.query(
    database,
    `create table schema_migrations (version bigint, dirty boolean);
     insert into schema_migrations values (20251124115100, false);
     create table failed as select 3 as version, true as dirty`,
  );
});
afterAll(() => server.stop());

/** @param printed what `current` prints, where there is such a command */
function ask(query: string, { printed, noRevision }: { printed?: string; noRevision?: string } = {}) {
  const command = commandWith(['false']);
  const migration: Migration = {
    tool: 'golang-migrate',
    revision: '20251201000000',
    query,
    upgrade: command,
    downgrade: command,
    lockTimeout: 1,
    statementTimeout: 1,
    within: 1,
    ...(printed === undefined ? {} : { current: commandWith(['echo', printed]) }),
    ...(noRevision === undefined ? {} : { noRevision }),
  };
  const { readRevision } = createCommandActivities({ state: temporaryFolder() });
  return runActivity(() => readRevision({ environment: environmentWith({ database }), migration })).catch(
    ({ message }: Error) => message,
  );
}
const VERSION = 'select version from schema_migrations';

test('is its one row; no row, and null, are no revision', async () => {
  expect(await ask(VERSION)).toBe('20251124115100');
  expect(await ask(`${VERSION} where dirty`)).toBeNull();
  expect(await ask('select max(version) from schema_migrations where dirty')).toBeNull();
  expect(await ask("select 'zero'", { noRevision: 'zero' })).toBeNull();
});

test('is held against what the command prints', async () => {
  expect(await ask(VERSION, { printed: '20251124115100' })).toBe('20251124115100');
  expect(await ask(`${VERSION} where dirty`, { printed: 'zero', noRevision: 'zero' })).toBeNull();
  expect(await ask(VERSION, { printed: '20251201000000' })).toMatch(
    /it printed 20251201000000, and the database holds 20251124115100: which revision the database is at is not known$/,
  );
  expect(await ask(`${VERSION} where dirty`, { printed: '20251124115100' })).toMatch(/holds no revision/);
});

test.each([
  ['of a table that is not there', 'select version from alembic', /migration.query: relation "alembic" does not exist/],
  [
    'that tells of a migration that failed',
    `select version || case when dirty then ' (dirty)' else '' end from failed`,
    /No revision can be read in: 3 \(dirty\)/,
  ],
  ['with several rows', 'select 1 union all select 2', /has 2 heads \(1, 2\); one is required/],
  ['of two statements', `${VERSION}; drop table failed`, /migration.query: cannot insert multiple commands/],
  ['that writes', 'delete from failed returning version', /migration.query: cannot execute DELETE in a read-only/],
])('%s is no answer', async (_, query, says) => {
  expect(await ask(query)).toMatch(says);
  const { rows } = await server.query(database, 'select count(*)::int as count from failed');
  expect(rows).toEqual([{ count: 1 }]);
});
