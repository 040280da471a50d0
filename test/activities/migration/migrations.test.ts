/** Migrations by a tool in small, so that its every word and second is the test's own. The real one: alembic.test.ts. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityCancellationDetails } from '@temporalio/common';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { stepFolder } from '../../../src/adapters/commands/recorder.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import { lockName, migrationName } from '../../../src/adapters/migration/migration-lock.js';
import type { CommandActivities } from '../../../src/contract/activities/commands.js';
import type { StepKey } from '../../../src/contract/activities/step.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import type { Migration } from '../../../src/contract/plan/migration.js';
import type { StepReport } from '../../../src/domain/evidence.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import {
  commandWith,
  environmentWith,
  eventually,
  mockWorker,
  runActivity,
  temporaryFolder,
  textOf,
} from '../support.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const STEP: StepKey = { deployment: 'eduautismo-1', step: 'production.migration', generation: 1 };
const FACTS = ['ran', 'revision', 'heads', 'warnings', 'schema', 'leftovers', 'duration'];
const PLANNED = '20251124_1151_5403edb1d087';
const CHANGE = 'create index ix_log on log (entry)';

type MigrateInput = Parameters<CommandActivities['migrate']>[0];

const fact = (report: StepReport, name: string) => report.facts.find((one) => one.name === name);
const broken = (report: StepReport) => report.facts.filter(({ ok }) => !ok).map(({ name }) => name);

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/**
 * A database and a tool that moves it with psql. `move` is shell text before the move, in which `$1` is the direction;
 * `change` the migration's SQL.
 */
async function target(options: { move?: string; change?: string; tool?: string; heads?: string } = {}) {
  const { move = '', change = CHANGE, tool = 'alembic', heads } = options;
  count += 1;
  const state = temporaryFolder();
  const place = { store: join(state, 'evidence'), deployment: STEP.deployment };
  const activities = createCommandActivities({ state });
  const database = await server.create(`m${count}`);
  await server.query(database, 'create table alembic_version (version_num text); create table log (entry text)');
  const bin = join(state, 'bin');
  mkdirSync(bin);
  const { host, port, user, password } = server.connection;
  writeFileSync(
    join(bin, tool),
    `#!/bin/sh
export PGHOST=${host} PGPORT=${port} PGUSER=${user} PGPASSWORD='${password}' PGDATABASE=${database.name}
ask() { psql -X -A -t -q -v ON_ERROR_STOP=1 -c "$1"; }
case $1 in
  heads) printf '${heads}'; exit ;;
  current) now=$(ask 'select version_num from alembic_version') || exit 1
    ${tool === 'alembic' ? `[ -z "$now" ] || echo "$now" | sed 's/$/ (head)/'` : `echo 'Reading the database ...'; echo "\${now:-base}"`}; exit ;;
esac
echo "INFO  [alembic.runtime.migration] Running $1 $2" >&2
${move}
ask "insert into log select '$1 $2 ' || current_setting('application_name') || ' ' || current_setting('lock_timeout') || ' ' || current_setting('statement_timeout')" || exit 1
[ "$1" = downgrade ] && { ask 'drop index if exists ix_log' || exit 1; }
[ "$1" = upgrade ] && { ask "${change}" || exit 1; }
ask 'delete from alembic_version' || exit 1
[ "$2" = base ] || ask "insert into alembic_version values ('$2')"
`,
  );
  chmodSync(join(bin, tool), 0o700);
  const command = (...words: string[]) => commandWith([tool, ...words], { on: 'server' });
  const migration: Migration = {
    tool,
    revision: tool === 'alembic' ? PLANNED : '5403edb1d087',
    current: command('current'),
    ...(heads === undefined ? {} : { heads: command('heads') }),
    upgrade: command('upgrade', '{revision}'),
    downgrade: command('downgrade', '{revision}'),
    lockTimeout: 5_000,
    statementTimeout: 30_000,
    within: 30_000,
  };
  const environment = environmentWith({ database, tools: [bin] });
  const run = (direction: MigrateInput['direction'], generation = 1, more: Partial<MigrateInput> = {}) => {
    const key = { ...STEP, generation };
    const input = { key, evidence: place, environment, migration, direction, within: 30_000, ...more };
    return runActivity(() => activities.migrate(input));
  };
  const up = (generation = 1, more: Partial<MigrateInput> = {}) => run({ kind: 'upgrade' }, generation, more);
  const entries = async () =>
    (await server.query(database, 'select entry from log')).rows.map((row) => row.entry as string);
  return { state, place, activities, database, environment, migration, run, up, entries };
}

const client = async (database: Database, applicationName: string) => {
  const connected = new pg.Client({ ...server.connection, database: database.name, application_name: applicationName });
  await connected.connect();
  return connected;
};

test('upgrades once, with time limits and under its own name, and downgrades to where it came from', async () => {
  const { run, up, entries, activities, environment, migration, place } = await target();
  const first = await up();
  expect(first).toMatchObject({ before: null, after: '5403edb1d087' });
  expect(first.facts.map(({ name }) => name)).toEqual(FACTS);
  expect(broken(first)).toEqual([]);
  expect(fact(first, 'schema')?.text).toMatch(/^1 index added \(public\.ix_log\); schema [0-9a-f]{12} → [0-9a-f]{12}$/);
  const states = first.evidence.find(({ path }) => path.endsWith('states.json'));
  const kept = JSON.parse(await textOf(evidenceFile(place, states?.path ?? '')));
  expect(kept).toMatchObject({
    before: { fingerprint: first.schema?.before },
    after: { fingerprint: first.schema?.after },
  });
  expect(kept.after.schema.index['public.ix_log']).toContain('CREATE INDEX ix_log');

  expect(await up()).toEqual(first);
  expect(await entries()).toEqual([`upgrade 5403edb1d087 ${migrationName(STEP)} 5s 30s`]);
  const again = await up(2);
  expect(again).toMatchObject({ before: '5403edb1d087', milliseconds: 0 });
  expect(again.facts.map(({ name }) => name)).toEqual(FACTS);
  expect(broken(again)).toEqual([]);
  expect(await runActivity(() => activities.readRevision({ environment, migration }))).toBe('5403edb1d087');
  const down = await run({ kind: 'downgrade', from: migration.revision, to: null }, 3);
  expect(down).toMatchObject({ after: null, schema: { before: first.schema?.after, after: first.schema?.before } });
  expect(await run({ kind: 'downgrade', from: migration.revision, to: null }, 4)).toMatchObject({ milliseconds: 0 });
  expect(await entries()).toHaveLength(2);
});

test('any other tool is understood by the last line that its `current` prints', async () => {
  const { up, run, activities, environment, migration } = await target({ tool: 'migrate.sh' });
  expect(await runActivity(() => activities.readRevision({ environment, migration }))).toBeNull();
  const first = await up();
  expect(broken(first)).toEqual([]);
  expect(first.after).toBe('5403edb1d087');
  const down = await run({ kind: 'downgrade', from: '5403edb1d087', to: 'v1' }, 2);
  expect(down).toMatchObject({ before: '5403edb1d087', after: 'v1', schema: { after: first.schema?.before } });
});

test('refuses to downgrade from a revision that the deploy did not make', async () => {
  const { run, database, entries } = await target();
  await server.query(database, `insert into alembic_version values ('somebody_elses')`);
  const report = await run({ kind: 'downgrade', from: '5403edb1d087', to: 'aaaa' });
  expect(report.facts.map(({ name }) => name)).toEqual(FACTS);
  expect(fact(report, 'ran')).toMatchObject({ ok: false, text: expect.stringContaining('somebody_elses') });
  expect(await entries()).toEqual([]);
});

test('refuses while somebody else holds the lock, and names them', async () => {
  const { up, database, entries } = await target();
  const other = await client(database, 'surefoot-lock:other/step');
  await other.query('select pg_advisory_lock($1, $2)', [0x5375_7265, 1]);
  const report = await up();
  expect(broken(report)).toEqual(FACTS);
  expect(fact(report, 'ran')?.text).toContain('surefoot-lock:other/step');
  expect(await entries()).toEqual([]);
  await other.end();
});

test('tries again when only an earlier attempt or an earlier step of the deployment still holds the lock', async () => {
  const { up, database } = await target();
  for (const step of [STEP, { ...STEP, step: 'rollback-full.downgrade' }]) {
    const earlier = await client(database, lockName(step));
    await earlier.query('select pg_advisory_lock($1, $2)', [0x5375_7265, 1]);
    await expect(up()).rejects.toMatchObject({ nonRetryable: false });
    await earlier.end();
  }
});

test('waits for statements of the same deployment, as a rollback must for the upgrade, and refuses beside another migration', async () => {
  const { up, database, entries } = await target();
  const other = await client(database, migrationName({ ...STEP, deployment: 'another' }));
  expect(fact(await up(), 'ran')).toMatchObject({ ok: false, text: expect.stringContaining('another migration') });
  await other.end();
  const earlier = [STEP, { ...STEP, step: 'production.earlier' }].map((step) => client(database, migrationName(step)));
  const clients = await Promise.all(earlier);
  const running = up(2);
  const waiting = `select 1 from pg_stat_activity where application_name = '${lockName(STEP)}'`;
  await eventually('it has connected', async () => (await server.query(database, waiting)).rowCount);
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(await entries()).toEqual([]);
  await Promise.all(clients.map((one) => one.end()));
  expect(await running).toMatchObject({ after: '5403edb1d087' });
});

test('a warning in the output fails its fact and nothing else', async () => {
  const { up } = await target({ move: 'echo "WARNING  [alembic] index exists" >&2' });
  const report = await up();
  expect(broken(report)).toEqual(['warnings']);
  expect(fact(report, 'warnings')?.text).toContain('index exists');
});

test('on the way back a warning and an old leftover are told, and do not make the downgrade fail', async () => {
  const { run, database } = await target({ move: 'echo "WARNING careful" >&2' });
  await server.query(database, `insert into alembic_version values ('5403edb1d087')`);
  await server.query(database, 'create index ix_old on log (entry)');
  await server.query(database, `update pg_index set indisvalid = false where indexrelid = 'ix_old'::regclass`);
  const report = await run({ kind: 'downgrade', from: PLANNED, to: null });
  expect(broken(report)).toEqual(['warnings', 'leftovers']);
  expect(report.facts.filter(({ ok, advisory }) => !ok && !advisory)).toEqual([]);
});

test('2 s are within 3 s, 4 s are not', async () => {
  // Side by side: each takes as long as it says.
  const [short, long] = await Promise.all(
    [2, 4].map(async (seconds) => (await target({ move: `sleep ${seconds}` })).up(1, { within: 3_000 })),
  );
  expect(broken(short as StepReport)).toEqual([]);
  expect(fact(short as StepReport, 'duration')?.text).toMatch(/^2\.\d s \(longest 3 s\)$/);
  expect(broken(long as StepReport)).toEqual(['duration']);
  expect(fact(long as StepReport, 'duration')?.text).toMatch(/^4\.\d s \(longest 3 s\)$/);
});

test('a failed migration still says where it has left the database', async () => {
  const { up } = await target({ move: 'echo "FAILED: Can\'t locate revision identified by 5403edb1d087"; exit 255' });
  const report = await up();
  expect(report.facts.map(({ name }) => name)).toEqual(FACTS);
  expect(broken(report)).toEqual(['ran', 'revision', 'warnings', 'duration']);
  expect(fact(report, 'ran')?.text).toMatch(/exit code 255[\s\S]*Can't locate revision/);
  expect(fact(report, 'schema')?.text).toContain('unchanged');
  expect(report.evidence.map(({ path }) => path)).toContain('production.migration/1/upgrade.stdout.log');
});

test('a failed migration that changed the schema says what it has left', async () => {
  const { up } = await target({ change: 'create table half (id int); select 1/0' });
  expect(fact(await up(), 'schema')).toMatchObject({ ok: true });
  const committed = await target({ move: 'ask "create table half (id int)"; exit 1' });
  expect(fact(await committed.up(), 'schema')).toMatchObject({
    ok: false,
    text: expect.stringMatching(/has left changes: 1 table added \(public\.half\), 1 column added/),
  });
});

test('several heads, in the code or in the database, are refused before anything runs', async () => {
  const code = await target({ heads: '5403edb1d087 (head)\\nbbbb00000000 (head)\\n' });
  const refused = await code.up();
  expect(fact(refused, 'heads')).toMatchObject({ ok: false, text: expect.stringContaining('the code has 2 heads') });
  expect(fact(refused, 'ran')).toMatchObject({ ok: false });
  expect(await code.entries()).toEqual([]);

  const database = await target();
  await server.query(database.database, `insert into alembic_version values ('aaaa'), ('bbbb')`);
  const report = await database.up();
  expect(fact(report, 'heads')).toMatchObject({ ok: false, text: expect.stringContaining('the database has 2 heads') });
  expect(report.facts.map(({ name }) => name)).toEqual(FACTS);
  expect(await database.entries()).toEqual([]);
});

test('a misspelt revision is refused before anything runs when the upgrade goes to the newest one', async () => {
  const { up, migration, entries } = await target({ heads: '5403edb1d087 (head)\\n' });
  const misspelt = {
    ...migration,
    revision: '5403edb1d078',
    upgrade: commandWith(['alembic', 'upgrade', 'head'], { on: 'server' }),
  };
  const report = await up(1, { migration: misspelt });
  expect(fact(report, 'ran')).toMatchObject({
    ok: false,
    text: expect.stringContaining('newest revision of the code is 5403edb1d087'),
  });
  expect(fact(report, 'revision')).toMatchObject({ ok: false });
  expect(await entries()).toEqual([]);
});

test('a statement that waits for a lock longer than its limit ends the migration', async () => {
  const { up, migration, database } = await target();
  const holder = await client(database, 'application');
  await holder.query('begin; lock table log in access exclusive mode');
  const report = await up(1, { migration: { ...migration, lockTimeout: 300 } });
  expect(fact(report, 'ran')).toMatchObject({ ok: false, text: expect.stringContaining('lock timeout') });
  expect(report).toMatchObject({ before: null, after: null });
  await holder.end();
});

test('a statement that takes longer than its limit ends the migration', async () => {
  const { up, migration } = await target({ change: 'select pg_sleep(20)' });
  const report = await up(1, { migration: { ...migration, statementTimeout: 300 } });
  expect(fact(report, 'ran')).toMatchObject({ ok: false, text: expect.stringContaining('statement timeout') });
});

test('an index that a failed concurrent build left is named with what removes it, and nothing is started beside it', async () => {
  const { up, database } = await target({ change: 'create unique index concurrently ix_entry on log ((1))' });
  await server.query(database, `insert into log values ('a'), ('b')`);
  const failed = await up();
  expect(broken(failed)).toEqual(['ran', 'revision', 'warnings', 'schema', 'leftovers', 'duration']);
  expect(fact(failed, 'leftovers')?.text).toContain(
    'public.ix_entry on log. Remove them by: DROP INDEX CONCURRENTLY public.ix_entry;',
  );
  expect(fact(failed, 'schema')?.text).toContain('has left changes: 1 index added');

  const refused = await up(2);
  expect(fact(refused, 'ran')).toMatchObject({ ok: false, text: expect.stringContaining('public.ix_entry') });
  await server.query(database, 'drop index concurrently public.ix_entry');
  await server.query(database, 'truncate log');
  expect(broken(await up(3))).toEqual([]);
});

test('what a way there and back has lost is told: rows, values, and what is left of the schema', async () => {
  const { up, run, database } = await target({ change: 'alter table plans drop column note' });
  await server.query(
    database,
    `create table plans (id int primary key, note text); insert into plans select i, 'note ' || i from generate_series(1, 10) i; create table gone (id int); insert into gone values (1)`,
  );
  const first = await up(1, { stock: {} });
  expect(broken(first)).toEqual([]);
  expect(first.added).toEqual({ tables: [], columns: [] });
  await server.query(database, 'alter table plans add column note text; delete from gone');
  const down = await run({ kind: 'downgrade', from: PLANNED, to: null }, 2, { stock: { since: STEP } });
  expect(down.compared).toEqual({ schema: '', lost: ['public.gone: 1 rows → 0', 'public.plans.note: 10 values → 0'] });
  await server.query(database, 'create index ix_extra on plans (id)');
  const again = await up(3, { stock: { since: STEP } });
  expect(again.compared).toEqual({ schema: '1 index added (public.ix_extra)', lost: ['public.gone: 1 rows → 0'] });
});

test('an attempt that comes back after the worker was lost reports the state from before', async () => {
  const gate = temporaryFolder();
  const { up, entries, state, place, environment, migration } = await target({
    move: `while [ ! -e '${gate}/go' ]; do sleep 0.05; done`,
  });
  const mock = mockWorker();
  const activities = createCommandActivities({ state });
  const input = { key: STEP, evidence: place, environment, migration, direction: { kind: 'upgrade' as const } };
  const lost = runActivity(() => activities.migrate(input), mock);
  await eventually('the upgrade runs', () => textOf(join(stepFolder(state, STEP, 'upgrade'), 'started.json')));
  mock.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }));
  await expect(lost).rejects.toMatchObject({ type: 'AttemptInterrupted' });
  writeFileSync(join(gate, 'go'), '');
  const report = await up();
  expect(report).toMatchObject({ before: null, after: '5403edb1d087' });
  expect(fact(report, 'schema')?.text).toContain('1 index added');
  expect(await entries()).toHaveLength(1);
});

test('a migration whose recorder was killed is an unknown outcome, and its facts are not made up', async () => {
  const { up, state } = await target({ move: 'sleep 300' });
  const running = up();
  const folder = stepFolder(state, STEP, 'upgrade');
  const child = await eventually('the command runs', async () => {
    const text = await textOf(join(folder, 'command-pid.json'));
    return text === '' ? undefined : (JSON.parse(text) as { pid: number }).pid;
  });
  process.kill((JSON.parse(await textOf(join(folder, 'started.json'))) as { pid: number }).pid, 'SIGKILL');
  process.kill(-child, 'SIGKILL');
  await expect(running).rejects.toMatchObject({ type: 'OutcomeUnknown', nonRetryable: true });
});

test('names of long steps stay apart and fit into PostgreSQL', () => {
  const long = (end: string) => ({ ...STEP, step: `${'very-long-step-name-'.repeat(5)}${end}`, generation: 12 });
  expect(migrationName(long('a'))).not.toBe(migrationName(long('b')));
  for (const name of [migrationName(long('a')), lockName(long('a'))]) expect(name.length).toBeLessThanOrEqual(63);
});
