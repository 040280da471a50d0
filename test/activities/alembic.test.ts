import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { cacheFolder, projectFolder } from '../../sandbox/local/folders.js';
import { ensureVirtualEnvironment } from '../../sandbox/local/python.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { migrationName } from '../../src/adapters/database-locks.js';
import { stepFolder } from '../../src/adapters/recorder.js';
import { startTestServer, type TestServer } from './postgres-server.js';
import { commandWith, environmentWith, eventually, runActivity, temporaryFolder, textOf } from './support.js';

// The first run on a machine installs the sandbox's Python packages.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 240_000 });

const ENVIRONMENT = `
import logging.config, os
import sqlalchemy
from alembic import context
logging.config.fileConfig(context.config.config_file_name)
with sqlalchemy.create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
`;
const INI = (url: string) => `[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = ${url}
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = INFO
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %%(levelname)-5.5s [%%(name)s] %%(message)s
`;
const revision = (id: string, previous: string | null, upgrade: string, downgrade: string) => `
from alembic import op
revision, down_revision = "${id}", ${previous === null ? 'None' : `"${previous}"`}
branch_labels = depends_on = None
def upgrade():
    op.execute("${upgrade}")
def downgrade():
    op.execute("${downgrade}")
`;

let server: TestServer;
let tools: string;
beforeAll(async () => {
  server = await startTestServer();
  const requirements = join(projectFolder(), 'sandbox/target/requirements.txt');
  tools = (await ensureVirtualEnvironment({ folder: join(cacheFolder(), 'test-python'), requirements })).bin;
});
afterAll(() => server.stop());

async function target(name: string, change: string) {
  const state = temporaryFolder();
  const database = await server.create(name);
  await server.query(database, 'create table plans (id int); create table seen (name text, lock_timeout text)');
  const { user, password, host, port } = server.connection;
  const versions = join(state, 'backend/migrations/versions');
  mkdirSync(versions, { recursive: true });
  writeFileSync(
    join(state, 'backend/alembic.ini'),
    INI(`postgresql+psycopg://${user}:${password}@${host}:${port}/${name}`),
  );
  writeFileSync(join(state, 'backend/migrations/env.py'), ENVIRONMENT);
  writeFileSync(join(versions, 'base.py'), revision('aaaa00000000', null, 'select 1', 'select 1'));
  const undo = 'drop index ix_plans_id';
  const file = '20251124_1151_5403edb1d087_index.py';
  writeFileSync(join(versions, file), revision('5403edb1d087', 'aaaa00000000', change, undo));

  const command = (...words: string[]) =>
    commandWith(['alembic', ...words], { on: 'server', folder: join(state, 'backend') });
  const migration = {
    tool: 'alembic',
    revision: '20251124_1151_5403edb1d087',
    current: command('current'),
    upgrade: command('upgrade', 'head'),
    downgrade: command('downgrade', '{revision}'),
    lockTimeout: 300,
    statementTimeout: 30_000,
    within: 30_000,
  };
  const environment = environmentWith({ database, tools: [tools] });
  const activities = createCommandActivities({ state });
  const step = (generation: number) => ({ deployment: name, step: 'production.migration', generation });
  type Direction = Parameters<typeof activities.migrate>[0]['direction'];
  const run = (generation: number, direction: Direction = { kind: 'upgrade' }) => {
    const evidence = { store: join(state, 'evidence'), deployment: name };
    const input = { key: step(generation), evidence, environment, migration, direction, within: 30_000 };
    return runActivity(() => activities.migrate(input));
  };
  const read = () => runActivity(() => activities.readRevision({ environment, migration }));
  return { state, database, run, read, step, versions };
}

const CHANGE = `insert into seen select current_setting('application_name'), current_setting('lock_timeout'); create index ix_plans_id on plans (id)`;

test('the real alembic goes up and down under our name and limits', async () => {
  const { run, read, database, step } = await target('updown', CHANGE);
  const up = await run(1);
  expect(up.facts.filter((fact) => !fact.ok)).toEqual([]);
  expect(up).toMatchObject({ before: null, after: '5403edb1d087' });
  const { rows } = await server.query(database, 'select * from seen');
  expect(rows).toEqual([{ name: migrationName(step(1)), lock_timeout: '300ms' }]);
  const down = await run(2, { kind: 'downgrade', from: '20251124_1151_5403edb1d087', to: 'aaaa00000000' });
  expect(down).toMatchObject({ before: '5403edb1d087', after: 'aaaa00000000' });
  await server.query(database, 'delete from alembic_version');
  expect(await read()).toBeNull();
});

test('a table that is locked ends the migration by its limit, and the database stays as it was', async () => {
  const { run, read, database } = await target('locked', CHANGE);
  const holder = new pg.Client({ ...server.connection, database: database.name });
  await holder.connect();
  await holder.query('begin; lock table plans in access exclusive mode');
  await expect(run(1)).rejects.toMatchObject({
    type: 'CommandFailed',
    message: expect.stringContaining('lock timeout'),
  });
  await holder.end();
  expect(await read()).toBeNull();
  expect(await run(2)).toMatchObject({ after: '5403edb1d087' });
});

test('two heads in the database are refused', async () => {
  const { run, database, versions } = await target('heads', CHANGE);
  await run(1);
  writeFileSync(join(versions, 'other.py'), revision('bbbb00000000', 'aaaa00000000', 'select 1', 'select 1'));
  await server.query(database, `insert into alembic_version values ('bbbb00000000')`);
  await expect(run(2)).rejects.toMatchObject({
    type: 'PreconditionFailed',
    message: expect.stringContaining('2 heads'),
  });
});

test('a statement that outlives its killed client is waited for before the migration runs again', async () => {
  const { run, database, step, state } = await target('orphan', `select pg_sleep(3); ${CHANGE}`);
  const running = run(1).catch((error: unknown) => error);
  const asleep = `select query_start from pg_stat_activity where application_name = '${migrationName(step(1))}' and query like '%pg_sleep%'`;
  await eventually('the migration is at work', async () => (await server.query(database, asleep)).rowCount);
  const { pid } = JSON.parse(await textOf(join(stepFolder(state, step(1), 'upgrade'), 'command-pid.json'))) as {
    pid: number;
  };
  process.kill(pid, 'SIGKILL');
  expect(await running).toMatchObject({ type: 'CommandFailed', message: expect.stringContaining('killed by SIGKILL') });
  expect((await server.query(database, asleep)).rowCount).toBe(1);
  expect(await run(2)).toMatchObject({ before: null, after: '5403edb1d087' });
  expect((await server.query(database, 'select count(*)::int as n from seen')).rows).toEqual([{ n: 1 }]);
});
