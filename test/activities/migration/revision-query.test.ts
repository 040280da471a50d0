/** The revision by a query of the plan's own, over a connection of our own. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
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
function ask(
  query: string,
  { printed, noRevision, own = database }: { printed?: string; noRevision?: string; own?: Database } = {},
) {
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
  return runActivity(() => readRevision({ environment: environmentWith({ database: own }), migration })).catch(
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

test('whose rows row security hides is no answer: none would be taken for no revision', async () => {
  const own = await server.create('guarded');
  await server.query(own, 'create table schema_migrations (version bigint); insert into schema_migrations values (3)');
  const stranger = await server.asRole(own, 'revision_stranger');
  await server.query(
    own,
    `alter table schema_migrations enable row level security;
     grant select on schema_migrations to revision_stranger`,
  );
  expect(await ask(VERSION, { own })).toBe('3');
  expect(await ask(VERSION, { own: stranger })).toMatch(/^migration.query: .*row-level security.*BYPASSRLS/);
});

/** The queries of tools that are not on this machine, over tables as theirs are. */
describe('by docs/migration-tools.md', () => {
  const fragments = readFileSync('docs/migration-tools.md', 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm);
  const queries = Object.fromEntries(
    [...fragments].map(([, text = '']) => {
      const { migration } = parse(text) as { migration: { tool: string; query: string } };
      return [migration.tool, migration.query];
    }),
  );
  const TABLES: Record<string, string> = {
    rails: 'create table schema_migrations (version varchar primary key)',
    flyway: `create table flyway_schema_history (installed_rank int primary key, version varchar(50), description varchar(200),
      type varchar(20), script varchar(1000), success boolean)`,
    liquibase: `create table databasechangelog (id varchar(255), author varchar(255), filename varchar(255),
      dateexecuted timestamp, orderexecuted int, exectype varchar(10), tag varchar(255))`,
    prisma: `create table _prisma_migrations (id varchar(36) primary key, migration_name varchar(255),
      started_at timestamptz default now(), finished_at timestamptz, rolled_back_at timestamptz)`,
  };
  const flyway = (rank: number, version: string | null, type = 'SQL', success = true) =>
    `insert into flyway_schema_history values (${rank}, ${version && `'${version}'`}, '', '${type}', '', ${success});`;
  const liquibase = (order: number, id: string, tag: string | null) =>
    `insert into databasechangelog values ('${id}', '', '', timestamp '2026-01-01' + ${order} * interval '1s', ${order}, '', ${tag && `'${tag}'`});`;
  const prisma = (at: number, name: string, finished: boolean, back = false) =>
    `insert into _prisma_migrations values (${at}, '${name}', to_timestamp(${at}), ${finished ? 'now()' : 'null'}, ${back ? 'now()' : 'null'});`;

  test.each<[string, string, string, string | RegExp | null]>([
    ['rails', 'before the first', '', null],
    ['rails', 'after the second', "insert into schema_migrations values ('20260201'), ('20260101')", '20260201'],
    ['flyway', 'before the first', flyway(1, null, 'SCHEMA'), null],
    ['flyway', 'after the second', flyway(1, '1') + flyway(2, '2.1') + flyway(3, null, 'SQL'), '2.1'],
    ['flyway', 'with the second undone', flyway(1, '1') + flyway(2, '2.1') + flyway(3, '2.1', 'UNDO_SQL'), '1'],
    [
      'flyway',
      'with the second made again',
      flyway(1, '1') + flyway(2, '2.1') + flyway(3, '2.1', 'UNDO_SQL') + flyway(4, '2.1'),
      '2.1',
    ],
    ['flyway', 'with one that failed', flyway(1, '1') + flyway(2, '2.1', 'SQL', false), /2\.1 \(failed\)/],
    ['liquibase', 'before the first', '', null],
    ['liquibase', 'at a tag', liquibase(1, 'a', null) + liquibase(2, 'b', 'v2'), 'v2'],
    ['liquibase', 'after a tag', liquibase(1, 'a', 'v1') + liquibase(2, 'b', null), /b \(after the last tag\)/],
    ['prisma', 'before the first', '', null],
    ['prisma', 'after the second', prisma(2, '2_total', true) + prisma(1, '1_orders', true), '2_total'],
    ['prisma', 'with one that failed', prisma(1, '1_orders', true) + prisma(2, '2_total', false), /2_total \(failed\)/],
    ['prisma', 'with one given up', prisma(1, '1_orders', true) + prisma(2, '2_total', false, true), '1_orders'],
  ])('%s %s', async (tool, when, rows, revision) => {
    const own = await server.create(`${tool} ${when}`);
    await server.query(own, `${TABLES[tool]};${rows}`);
    const asked = await ask(queries[tool] ?? '', { own });
    if (revision instanceof RegExp) expect(asked).toMatch(revision);
    else expect(asked).toBe(revision);
  });
});
