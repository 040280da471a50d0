import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { stepFolder } from '../../../src/adapters/commands/recorder.js';
import { migrationName } from '../../../src/adapters/migration/migration-lock.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import type { Migration } from '../../../src/contract/plan/migration.js';
import type { StepReport } from '../../../src/domain/evidence.js';
import { targetPython } from '../../helpers/target-python.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { commandWith, environmentWith, eventually, runActivity, temporaryFolder, textOf } from '../support.js';

// The first run on a machine installs the sandbox's Python packages.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 240_000 });

const ENVIRONMENT = `
import logging.config, os
import sqlalchemy
from alembic import context
logging.config.fileConfig(context.config.config_file_name)
with sqlalchemy.create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
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
/** One revision's file. A body that is not `raise` or a block of its own is one SQL statement. */
const revision = (id: string, previous: string | null, upgrade: string, downgrade: string) => `
import warnings
from alembic import op
revision, down_revision = "${id}", ${previous === null ? 'None' : `"${previous}"`}
branch_labels = depends_on = None
def upgrade():
${body(upgrade)}
def downgrade():
${body(downgrade)}
`;
const body = (code: string) => (code.startsWith('    ') ? code : `    op.execute("${code}")`);

let server: TestServer;
let tools: string;
beforeAll(async () => {
  server = await startTestServer();
  tools = (await targetPython()).bin;
});
afterAll(() => server.stop());

async function target(name: string, change: string, undo = 'drop index ix_plans_id') {
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
  const file = '20251124_1151_5403edb1d087_index.py';
  writeFileSync(join(versions, file), revision('5403edb1d087', 'aaaa00000000', change, undo));

  const command = (...words: string[]) =>
    commandWith(['alembic', ...words], { on: 'server', folder: join(state, 'backend') });
  const migration = {
    tool: 'alembic',
    revision: '20251124_1151_5403edb1d087',
    current: command('current'),
    heads: command('heads'),
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
  const run = (generation: number, direction: Direction = { kind: 'upgrade' }, changes: Partial<Migration> = {}) => {
    const evidence = { store: join(state, 'evidence'), deployment: name };
    const changed = { ...migration, ...changes };
    const input = { key: step(generation), evidence, environment, migration: changed, direction, within: 30_000 };
    return runActivity(() => activities.migrate(input));
  };
  const read = (changes: Partial<Migration> = {}, place: Partial<Database> = {}) => {
    const there = { ...environment, database: { ...database, ...place } };
    return runActivity(() => activities.readRevision({ environment: there, migration: { ...migration, ...changes } }));
  };
  return { state, database, run, read, step, versions, command };
}

const CHANGE = `insert into seen select current_setting('application_name'), current_setting('lock_timeout'); create index ix_plans_id on plans (id)`;

const CHANGE_MORE = 'create table thresholds (id int)';

const fact = (report: StepReport, name: string) => report.facts.find((one) => one.name === name);
const broken = (report: StepReport) => report.facts.filter(({ ok }) => !ok).map(({ name }) => name);

test('the real alembic goes up and down under our name and limits, and the schema comes back', async () => {
  const { run, read, database, step } = await target('updown', CHANGE);
  const up = await run(1);
  expect(broken(up)).toEqual([]);
  expect(up).toMatchObject({ before: null, after: '5403edb1d087' });
  expect(fact(up, 'schema')?.text).toContain('1 index added (public.ix_plans_id)');
  expect(fact(up, 'heads')?.text).toContain('one head in the code (5403edb1d087)');
  const { rows } = await server.query(database, 'select * from seen');
  expect(rows).toEqual([{ name: migrationName(step(1)), lock_timeout: '300ms' }]);
  const down = await run(2, { kind: 'downgrade', from: '20251124_1151_5403edb1d087', to: 'aaaa00000000' });
  expect(broken(down)).toEqual([]);
  expect(down).toMatchObject({ before: '5403edb1d087', after: 'aaaa00000000', schema: { after: up.schema?.before } });
  await server.query(database, 'delete from alembic_version');
  expect(await read()).toBeNull();
});

test('a table that is locked ends the migration by its limit, and the database stays as it was', async () => {
  const { run, read, database } = await target('locked', CHANGE);
  const holder = new pg.Client({ ...server.connection, database: database.name });
  await holder.connect();
  await holder.query('begin; lock table plans in access exclusive mode');
  const failed = await run(1);
  expect(broken(failed)).toEqual(['ran', 'revision', 'warnings', 'duration']);
  expect(fact(failed, 'ran')?.text).toContain('lock timeout');
  await holder.end();
  expect(await read()).toBe('aaaa00000000');
  expect(await run(2)).toMatchObject({ after: '5403edb1d087' });
});

test('a statement that takes too long ends the migration by its limit', async () => {
  const { run } = await target('slow', 'select pg_sleep(20)');
  const failed = await run(1, { kind: 'upgrade' }, { statementTimeout: 500 });
  expect(fact(failed, 'ran')?.text).toContain('statement timeout');
  expect(failed).toMatchObject({ before: null, after: 'aaaa00000000' });
});

test('two heads in the database, or in the code, are refused before anything is run', async () => {
  const inDatabase = await target('heads', CHANGE);
  await inDatabase.run(1);
  writeFileSync(
    join(inDatabase.versions, 'other.py'),
    revision('bbbb00000000', 'aaaa00000000', 'select 1', 'select 1'),
  );
  await server.query(inDatabase.database, `insert into alembic_version values ('bbbb00000000')`);
  const down = await inDatabase.run(2, { kind: 'downgrade', from: '5403edb1d087', to: 'aaaa00000000' });
  expect(fact(down, 'heads')).toMatchObject({ ok: false, text: expect.stringContaining('the database has 2 heads') });
  expect(fact(down, 'ran')?.text).toContain('nothing was run');

  const inCode = await target('code_heads', CHANGE);
  writeFileSync(join(inCode.versions, 'other.py'), revision('bbbb00000000', 'aaaa00000000', 'select 1', 'select 1'));
  const up = await inCode.run(1);
  expect(fact(up, 'heads')).toMatchObject({ ok: false, text: expect.stringContaining('the code has 2 heads') });
  expect(await inCode.read()).toBeNull();
});

test('a warning that the migration gives fails its item', async () => {
  const { run } = await target('warns', `    warnings.warn("index without name")\n    op.execute("${CHANGE}")`);
  const report = await run(1);
  expect(broken(report)).toEqual(['warnings']);
  expect(fact(report, 'warnings')?.text).toContain('index without name');
});

test('a misspelt revision is refused before anything is run; alembic itself refuses it too', async () => {
  const { run, read, command } = await target('misspelt', CHANGE);
  const refused = await run(1, { kind: 'upgrade' }, { revision: '5403edb1d078' });
  expect(fact(refused, 'ran')?.text).toContain('newest revision of the code is 5403edb1d087, not 5403edb1d078');
  const failed = await run(
    2,
    { kind: 'upgrade' },
    { revision: '5403edb1d078', upgrade: command('upgrade', '{revision}') },
  );
  expect(fact(failed, 'ran')?.text).toContain("Can't locate revision identified by '5403edb1d078'");
  expect(await read()).toBeNull();
});

test('a concurrent index build that fails leaves an invalid index, which is named, while the revision is the old one', async () => {
  const { run, database } = await target(
    'concurrent',
    '    with op.get_context().autocommit_block():\n        op.execute("create unique index concurrently ix_plans_id on plans (id)")',
  );
  await server.query(database, 'insert into plans values (1), (1)');
  const failed = await run(1);
  expect(broken(failed)).toEqual(['ran', 'revision', 'warnings', 'schema', 'leftovers', 'duration']);
  expect(failed).toMatchObject({ before: null, after: 'aaaa00000000' });
  expect(fact(failed, 'leftovers')?.text).toContain('DROP INDEX CONCURRENTLY public.ix_plans_id;');
  expect(fact(await run(2), 'ran')?.text).toContain('nothing was run: invalid indexes');
  await server.query(database, 'drop index concurrently ix_plans_id');
  await server.query(database, 'delete from plans');
  expect(broken(await run(3))).toEqual([]);
});

test('a downgrade that was never written fails, and says so', async () => {
  const { run } = await target('oneway', CHANGE, '    raise NotImplementedError("there is no way back")');
  await run(1);
  const down = await run(2, { kind: 'downgrade', from: '5403edb1d087', to: 'aaaa00000000' });
  expect(fact(down, 'ran')?.text).toContain('there is no way back');
  expect(down).toMatchObject({ before: '5403edb1d087', after: '5403edb1d087' });
  expect(down.schema?.after).toBe(down.schema?.before);
});

test('a statement that outlives its killed client is waited for before the database is looked at', async () => {
  const { run, database, step, state } = await target('orphan', `select pg_sleep(3); ${CHANGE}`);
  const running = run(1);
  const asleep = `select query_start from pg_stat_activity where application_name = '${migrationName(step(1))}' and query like '%pg_sleep%'`;
  await eventually('the migration is at work', async () => (await server.query(database, asleep)).rowCount);
  const { pid } = JSON.parse(await textOf(join(stepFolder(state, step(1), 'upgrade'), 'command-pid.json'))) as {
    pid: number;
  };
  process.kill(pid, 'SIGKILL');
  const killed = await running;
  expect(fact(killed, 'ran')?.text).toContain('killed by SIGKILL');
  expect((await server.query(database, asleep)).rowCount).toBe(0);
  expect(killed).toMatchObject({ before: null, after: 'aaaa00000000' });
  expect(await run(2)).toMatchObject({ before: 'aaaa00000000', after: '5403edb1d087' });
  expect((await server.query(database, 'select count(*)::int as n from seen')).rows).toEqual([{ n: 1 }]);
});

describe('what others print beside alembic', () => {
  test('a warning in the title of a revision is no warning', async () => {
    const { run, versions } = await target('title', CHANGE);
    const title = '"""add early warning thresholds"""\n';
    writeFileSync(
      join(versions, 'warning.py'),
      title + revision('cccc00000000', '5403edb1d087', CHANGE_MORE, 'select 1'),
    );
    expect(broken(await run(1, { kind: 'upgrade' }, { revision: 'cccc00000000' }))).toEqual([]);
  });

  test('a label with a hyphen is part of a head', async () => {
    const { run, versions } = await target('label', CHANGE);
    const labelled = revision('bbbb00000001', '5403edb1d087', 'select 1', 'select 1').replace(
      'branch_labels = depends_on = None',
      'branch_labels, depends_on = ("shopping-cart",), None',
    );
    writeFileSync(join(versions, 'label.py'), labelled);
    const up = await run(1, { kind: 'upgrade' }, { revision: 'bbbb00000001' });
    expect(broken(up)).toEqual([]);
    expect(fact(up, 'heads')?.text).toContain('one head in the code (bbbb00000001)');
  });

  test('what env.py prints is no revision, in any of the forms of `current`', async () => {
    const { run, read, state, command } = await target('prints', CHANGE);
    await run(1);
    const env = join(state, 'backend/migrations/env.py');
    writeFileSync(env, `print("production")\nprint("Loading the configuration.")\n${ENVIRONMENT}`);
    expect(await run(2)).toMatchObject({ before: '5403edb1d087', milliseconds: 0 });
    expect(await read()).toBe('5403edb1d087');
    expect(await read({ current: command('current', '--verbose') })).toBe('5403edb1d087');
  });
});

describe('a `current` that says nothing', () => {
  /** A team's wrapper in whose pipe the exit code is lost: refused by the database, it prints nothing and ends well. */
  const silent = ['sh', '-c', "(echo 'FATAL: sorry, too many clients already' >&2; false) | tail -n 1; exit 0"];

  test('is unknown, with both values and what was said beside it, and nothing is run', async () => {
    const { run, read, database, state } = await target('silent', CHANGE);
    await run(1);
    const current = commandWith(silent, { on: 'server', folder: state });
    await expect(read({ current })).rejects.toMatchObject({
      message: expect.stringMatching(/it printed nothing, and alembic_version holds 5403edb1d087.*too many clients/s),
      nonRetryable: true,
    });
    const direction = { kind: 'downgrade' as const, from: '5403edb1d087', to: null };
    const down = await run(2, direction, { current });
    expect(fact(down, 'ran')?.text).toContain('nothing was run');
    expect(down).not.toHaveProperty('before', null);
    expect((await server.query(database, 'select version_num from alembic_version')).rows).toEqual([
      { version_num: '5403edb1d087' },
    ]);
  });

  test('is no revision where the database has no table of alembic’s', async () => {
    const { read, state } = await target('never_migrated', CHANGE);
    expect(await read({ current: commandWith(silent, { on: 'server', folder: state }) })).toBeNull();
  });

  test('is unknown where the database cannot be asked', async () => {
    const { read } = await target('unreachable', CHANGE);
    await expect(read({}, { port: 9 })).rejects.toMatchObject({ type: 'CommandFailed', nonRetryable: true });
  });
});

describe('alembic’s table', () => {
  test('is found in whichever schema it stands', async () => {
    const { run, read, database, state } = await target('other_schema', CHANGE);
    const env = join(state, 'backend/migrations/env.py');
    writeFileSync(
      env,
      ENVIRONMENT.replace('connection=connection,', 'connection=connection, version_table_schema="ops",'),
    );
    await server.query(database, 'create schema ops');
    expect(await read()).toBeNull();
    expect(broken(await run(1))).toEqual([]);
    expect(await read()).toBe('5403edb1d087');
  });

  test('in two schemas, with different revisions, is not known', async () => {
    const { run, read, database } = await target('two_schemas', CHANGE);
    await run(1);
    await server.query(
      database,
      'create schema old; create table old.alembic_version as select * from alembic_version',
    );
    expect(await read()).toBe('5403edb1d087');
    await server.query(database, `update old.alembic_version set version_num = 'aaaa00000000'`);
    await expect(read()).rejects.toThrow(
      'old.alembic_version holds aaaa00000000, public.alembic_version holds 5403edb1d087: which of them counts',
    );
  });
});
