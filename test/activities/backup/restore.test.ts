import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createRestoreActivities } from '../../../src/activities/backup/restore.js';
import { replacedName, swapOf } from '../../../src/adapters/backup/database-swap.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import type { StoredBackup } from '../../../src/domain/ledger/ledger.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { environmentWith, eventually, mockWorker, runActivity, temporaryFolder, textOf } from '../support.js';
import { KEY, oks, runBackup, SCHEMA, type Subject, spoilTools, subjectOf, text } from './backups-support.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

let server: TestServer;
let passwordFile: string;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
  passwordFile = join(server.folder, 'password');
  writeFileSync(passwordFile, 'password of releaser');
  const database = await server.create('first');
  await server.query(database, `create role releaser login createdb password 'password of releaser'`);
  await server.query(database, 'create role reader nologin; create role stranger nologin');
});
afterAll(() => server.stop());

const GOOD = { fetched: true, restored: true, 'in-place': true };

interface Broken extends Subject {
  /** As the server's superuser. */
  admin: Database;
  from: StoredBackup;
}

/** A database of an ordinary user, dumped, and then ruined as a deploy might ruin it. */
async function ruined(sql = SCHEMA): Promise<Broken> {
  count += 1;
  const admin = await server.create(`plans${count}`);
  await server.query(admin, `alter database ${admin.name} owner to releaser`);
  await server.query(admin, `set role releaser; ${sql}`);
  const database = { ...admin, user: 'releaser', password: `file:${passwordFile}` };
  const subject = subjectOf(database);
  const { location = '', sha256, bytes, evidence } = await runBackup(subject);
  await server.query(
    database,
    `delete from plans where id > 10; drop index ix_plans_status; update alembic_version set version_num = 'broken'`,
  );
  return { ...subject, admin, from: { location, sha256, bytes, record: evidence[0] } };
}

const runRestore = ({ database, backup, evidence, from, state }: Broken, mock = mockWorker()) =>
  runActivity(() => {
    const environment = environmentWith({ name: 'production', database });
    const key = { ...KEY, step: 'rollback-restore.restore' };
    const { restoreDatabase } = createRestoreActivities({ state });
    return restoreDatabase({ key, evidence, service: 'eduautismo', environment, backup, tool: 'alembic', from });
  }, mock);

const swapFor = ({ database, from }: Broken) =>
  swapOf(database.name, { deployment: KEY.deployment, sha256: from.sha256 });

async function contents(database: Database, name = database.name) {
  const { rows } = await server.query(
    { ...database, name },
    `select (select count(*)::int from plans) as plans, (select version_num from alembic_version) as revision,
            to_regclass('ix_plans_status') is not null as indexed`,
  );
  return rows[0];
}
const BEFORE = { plans: 2000, revision: '8c1f0a2d4b6e', indexed: true };
const RUINED = { plans: 10, revision: 'broken', indexed: false };

/** Databases whose names begin with the subject's. */
async function family({ admin }: Broken): Promise<string[]> {
  const { rows } = await server.query(
    { ...admin, name: 'postgres' },
    `select datname, datallowconn from pg_database where starts_with(datname, '${admin.name}_') order by 1`,
  );
  return rows.map(({ datname, datallowconn }) => `${datname}${datallowconn ? '' : ' (closed)'}`);
}

async function connect(database: Database, name = database.name): Promise<pg.Client> {
  const client = new pg.Client({ ...server.connection, database: name, application_name: 'an application' });
  client.on('error', () => {});
  await client.connect();
  onTestFinished(() => client.end().catch(() => {}));
  return client;
}

describe('a good restore', () => {
  test('brings back rows, revision and indexes, and keeps what was there beside it', async () => {
    const subject = await ruined();
    const report = await runRestore(subject);
    expect(oks(report), JSON.stringify(report.facts)).toEqual(GOOD);
    expect(text(report, 'fetched')).toContain(`sha256 ${subject.from.sha256}`);
    expect(text(report, 'restored')).toMatch(
      /^restored in .*: revision 8c1f0a2d4b6e, 2001 rows in 2 tables, 1 valid indexes, as the record of the dump says$/,
    );
    expect(await contents(subject.admin)).toEqual(BEFORE);
    const [kept = '', ...others] = await family(subject);
    expect(others).toEqual([]);
    expect(kept).toMatch(new RegExp(`^${subject.database.name}_before_restore_\\d{14}$`));
    expect(text(report, 'in-place')).toContain(`the one before it is ${kept}`);
    expect(await contents(subject.admin, kept)).toEqual(RUINED);
    const [record] = report.evidence;
    const evidence = await textOf(join(subject.evidence.store, KEY.deployment, record?.path ?? ''));
    expect(JSON.parse(evidence)).toMatchObject({ kept, restored: { rows: { 'public.plans': 2000 } } });
    expect(JSON.stringify(report) + evidence).not.toContain('password of releaser');
  });

  test('of a retry does nothing again: what was written since stays', async () => {
    const subject = await ruined();
    await runRestore(subject);
    const databases = await family(subject);
    await server.query(subject.database, `insert into plans values (5000, 'new', 'new')`);
    const report = await runRestore(subject);
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'in-place')).toContain('is the restored database already');
    expect(await contents(subject.admin)).toEqual({ ...BEFORE, plans: 2001 });
    expect(await family(subject)).toEqual(databases);
  });

  test('keeps owner, rights, comment, limit and settings of the database, and the owners of its tables', async () => {
    const subject = await ruined(`${SCHEMA}; grant select on plans to reader`);
    const { name } = subject.database;
    const settings = [
      `set search_path to "$user", "public", "odd, name"`,
      `set timezone to 'America/Sao_Paulo'`,
      `set application_name to 'it''s = 1'`,
      'connection limit 50',
    ];
    for (const setting of settings) await server.query(subject.admin, `alter database ${name} ${setting}`);
    await server.query(subject.admin, `alter role releaser in database ${name} set work_mem to '8MB'`);
    await server.query(subject.admin, `comment on database ${name} is 'the plans'`);
    await server.query(subject.admin, `revoke all on database ${name} from public`);
    await server.query(subject.admin, `grant connect on database ${name} to reader with grant option`);
    const properties = `
      select pg_get_userbyid(datdba) as owner, datconnlimit, datacl::text,
             shobj_description(oid, 'pg_database') as comment,
             (select array_agg(setconfig::text order by setrole) from pg_db_role_setting where setdatabase = d.oid) as settings
        from pg_database d where datname = '${name}'`;
    const [before] = (await server.query(subject.admin, properties)).rows;
    const report = await runRestore(subject);
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'restored')).not.toContain('without');
    const [after] = (await server.query(subject.admin, properties)).rows;
    expect(after).toEqual({ ...before, comment: expect.stringMatching(/^the plans\n\nRestored by Surefoot for /) });
    const rights = `select tableowner, has_table_privilege('reader', 'plans', 'select') as read from pg_tables where tablename = 'plans'`;
    expect((await server.query(subject.admin, rights)).rows).toEqual([{ tableowner: 'releaser', read: true }]);
  });

  test('names what its user may not restore, and restores the rest', async () => {
    const subject = await ruined();
    await server.query(subject.admin, 'create extension pg_stat_statements; alter table plans owner to stranger');
    await server.query(subject.admin, 'create index ix_plans_status on plans (status); grant all on plans to releaser');
    Object.assign(subject, { database: subject.admin, backup: { ...subject.backup, smallest: 0 } });
    const { location = '', sha256, bytes, evidence } = await runBackup(subject, { key: { ...KEY, generation: 2 } });
    const { name } = subject.admin;
    await server.query(subject.admin, `alter database ${name} set log_min_duration_statement to 250`);
    const report = await runRestore({
      ...subject,
      database: { ...subject.admin, user: 'releaser', password: `file:${passwordFile}` },
      from: { location, sha256, bytes, record: evidence[0] },
    });
    expect(oks(report), JSON.stringify(report.facts)).toEqual(GOOD);
    const told = text(report, 'restored');
    expect(told).toMatch(/; without extension pg_stat_statements \(permission denied/);
    expect(told).toMatch(/ALTER TABLE public.plans OWNER TO stranger \(must be/);
    const record = await textOf(join(subject.evidence.store, KEY.deployment, report.evidence[0]?.path ?? ''));
    expect(JSON.parse(record).unkept).toContainEqual(expect.stringMatching(/^setting log_min_duration_statement \(/));
  });

  test('gets past an application that comes back within milliseconds', async () => {
    const subject = await ruined();
    let running = true;
    let refused = 0;
    const application = (async () => {
      while (running) {
        const client = new pg.Client({
          ...server.connection,
          database: subject.database.name,
          user: 'releaser',
          password: 'password of releaser',
        });
        client.on('error', () => {});
        try {
          await client.connect();
          await client.query('select pg_sleep(30)');
        } catch {
          refused += 1;
        }
        await client.end().catch(() => {});
      }
    })();
    const report = await runRestore(subject);
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'in-place')).toMatch(/\d+ sessions were ended$/);
    running = false;
    await server.query(
      subject.admin,
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'releaser'`,
    );
    await application;
    expect(refused).toBeGreaterThan(0);
    expect(await contents(subject.admin)).toEqual(BEFORE);
  });
});

describe('a dump that is not the one that was proven', () => {
  test('with another sha256 is not restored', async () => {
    const subject = await ruined();
    const bytes = readFileSync(subject.from.location);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    writeFileSync(subject.from.location, bytes);
    const report = await runRestore(subject);
    expect(oks(report)).toEqual({ fetched: false, restored: false, 'in-place': false });
    expect(text(report, 'fetched')).toMatch(/is not the dump that was proven: sha256 [0-9a-f]{64}, not [0-9a-f]{64}$/);
    expect(text(report, 'in-place')).toBe('not put in place: fetched and restored failed');
    expect(await contents(subject.admin)).toEqual(RUINED);
    expect(await family(subject)).toEqual([]);
  });

  test('and is cut leaves production as it was, even where its sha256 is right', async () => {
    const subject = await ruined();
    const bytes = readFileSync(subject.from.location);
    writeFileSync(subject.from.location, bytes.subarray(0, Math.floor(bytes.length * 0.6)));
    const sha256 = createHash('sha256').update(readFileSync(subject.from.location)).digest('hex');
    const report = await runRestore({ ...subject, from: { ...subject.from, sha256 } });
    expect(oks(report)).toEqual({ fetched: true, restored: false, 'in-place': false });
    expect(text(report, 'restored')).toMatch(/pg_restore/);
    expect(await contents(subject.admin)).toEqual(RUINED);
    expect(await family(subject)).toEqual([]);
  });

  test('and is gone says so', async () => {
    const subject = await ruined();
    const from = { ...subject.from, location: `${subject.from.location}.gone` };
    const report = await runRestore({ ...subject, from });
    expect(oks(report)).toEqual({ fetched: false, restored: false, 'in-place': false });
    expect(text(report, 'fetched')).toContain('ENOENT');
  });
});

test.each([
  ['a row less', 'delete from plans where id = 1', 'public.plans has 1999 rows instead of 2000'],
  ['another revision', `update alembic_version set version_num = 'other'`, 'revision other instead of 8c1f0a2d4b6e'],
  ['no index', 'drop index ix_plans_status', 'index public.ix_plans_status is missing or not valid'],
])('what comes back with %s does not take production’s place', async (_, sql, words) => {
  const subject = await ruined();
  spoilTools({ restore: `psql -qd "$database" -c "${sql}"` });
  const report = await runRestore(subject);
  expect(oks(report)).toEqual({ fetched: true, restored: false, 'in-place': false });
  expect(text(report, 'restored')).toContain(words);
  expect(await contents(subject.admin)).toEqual(RUINED);
  expect(await family(subject)).toEqual([]);
});

describe('what goes wrong in the swap', () => {
  test('a session that its user may not end keeps production in its place, and open', async () => {
    const subject = await ruined();
    const client = await connect(subject.admin);
    const report = await runRestore(subject);
    expect(oks(report)).toEqual({ fetched: true, restored: true, 'in-place': false });
    expect(text(report, 'in-place')).toMatch(
      /sessions in plans\d+ could not be ended .*grant pg_signal_backend.*: \d+ of surefoot \(an application\); the present database is in its place as before; the restored one is plans\d+_restored_/,
    );
    expect(await contents(subject.admin)).toEqual(RUINED);
    await client.end();
    // The restored database is still there, and whole: a retry only swaps.
    spoilTools({ insteadOfRestore: 'exit 9' });
    expect(oks(await runRestore(subject))).toEqual(GOOD);
    expect(await contents(subject.admin)).toEqual(BEFORE);
  });

  test('a second rename that fails undoes the first; a crash between the two is finished by the next attempt', async () => {
    const subject = await ruined();
    const { present, restored } = swapFor(subject);
    const held = join(temporaryFolder(), 'held');
    spoilTools({ restore: `echo > '${held}.asked'; while [ ! -f '${held}' ]; do sleep 0.05; done` });
    const running = runRestore(subject);
    await eventually('the dump is restored', () => textOf(`${held}.asked`));
    const holder = await connect(subject.admin, restored);
    writeFileSync(held, '');
    const report = await running;
    expect(oks(report)).toEqual({ fetched: true, restored: true, 'in-place': false });
    expect(text(report, 'in-place')).toContain(`sessions in ${restored} could not be ended`);
    expect(await contents(subject.admin)).toEqual(RUINED);
    expect(await family(subject)).toEqual([restored]);
    await holder.end();

    const comment = `select shobj_description(oid, 'pg_database') as comment from pg_database where datname = '${restored}'`;
    const [{ comment: mark }] = (await server.query({ ...subject.admin, name: 'postgres' }, comment)).rows;
    const kept = /the one before it is (.*)$/.exec(mark)?.[1];
    const admin = { ...subject.admin, name: 'postgres' };
    await server.query(admin, `alter database ${present} allow_connections false`);
    await server.query(admin, `alter database ${present} rename to ${kept}`);
    expect(oks(await runRestore(subject))).toEqual(GOOD);
    expect(await contents(subject.admin)).toEqual(BEFORE);
    expect(await family(subject)).toEqual([kept]);
  });

  test('a crash after the renames is finished by opening what was there before', async () => {
    const subject = await ruined();
    await runRestore(subject);
    const [kept = ''] = await family(subject);
    await server.query(subject.admin, `alter database ${kept} allow_connections false`);
    expect(oks(await runRestore(subject))).toEqual(GOOD);
    expect(await family(subject)).toEqual([kept]);
  });

  test('a half restored database of a worker that was killed is made again, and the worker can do no more', async () => {
    const subject = await ruined();
    const { restored } = swapFor(subject);
    const admin = { ...subject.admin, name: 'postgres' };
    await server.query(admin, `create database ${restored} owner releaser`);
    const zombie = new pg.Client({
      ...server.connection,
      database: 'postgres',
      user: 'releaser',
      password: 'password of releaser',
      application_name: restored,
    });
    const gone = new Promise((resolve) => zombie.on('error', resolve));
    await zombie.connect();
    expect(oks(await runRestore(subject))).toEqual(GOOD);
    await gone;
    expect(await contents(subject.admin)).toEqual(BEFORE);
  });
});

test('a cancellation kills pg_restore and leaves production as it was', async () => {
  const subject = await ruined();
  const started = join(temporaryFolder(), 'started');
  spoilTools({ insteadOfRestore: `echo $$ > '${started}'; exec sleep 60` });
  const mock = mockWorker();
  const running = runRestore(subject, mock);
  await eventually('the restore has begun', () => textOf(started));
  mock.cancel();
  await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
  expect(await contents(subject.admin)).toEqual(RUINED);
  expect(await family(subject)).toEqual([]);
});

test.each([
  [
    'without CREATEDB',
    'alter role powerless nocreatedb',
    /permission denied to create database \(powerless has to have CREATEDB/,
  ],
  ['of another’s database', 'alter role powerless createdb', /must be owner of database plans\d+ \(powerless has to/],
])('a user %s is told what right is needed', async (_, right, words) => {
  const subject = await ruined();
  await server.query(
    subject.admin,
    `drop role if exists powerless; create role powerless login password 'password of releaser'; ${right}`,
  );
  onTestFinished(async () => void (await server.query(subject.admin, `drop owned by powerless cascade`)));
  const report = await runRestore({ ...subject, database: { ...subject.database, user: 'powerless' } });
  expect(report.facts.find(({ ok }) => !ok)?.text).toMatch(words);
  expect(await contents(subject.admin)).toEqual(RUINED);
  for (const name of await family(subject))
    await server.query({ ...subject.admin, name: 'postgres' }, `drop database ${name}`);
});

test('a server that is away is worth another try', async () => {
  const subject = await ruined();
  const report = runRestore({ ...subject, database: { ...subject.database, port: 1 } });
  await expect(report).rejects.toMatchObject({ nonRetryable: false });
});

test('names stay within what PostgreSQL keeps, whatever the database is called', () => {
  const long = 'é'.repeat(31);
  expect(Buffer.byteLength(replacedName(long, 0))).toBeLessThanOrEqual(63);
  expect(replacedName(long, 0)).toMatch(/^é+_before_restore_19700101000000$/);
  expect(swapOf(long, { deployment: 'a', sha256: 'b' }).restored).toMatch(/^é+_restored_[0-9a-f]{8}$/);
});
