import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { timeOfName } from '../../../src/adapters/backup/backup-store.js';
import { findDumpTools, readDump } from '../../../src/adapters/backup/dump.js';
import { openBackupStore } from '../../../src/adapters/backup/open-backup-store.js';
import { scratchName } from '../../../src/adapters/backup/trial-restore.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import { runTool } from '../../helpers/run-tool.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { alive, eventually, mockWorker, temporaryFolder, textOf } from '../support.js';
import { GOOD, KEY, oks, runBackup, SCHEMA, type Subject, spoilTools, subjectOf, text } from './backups-support.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function prepared(sql = SCHEMA): Promise<Subject> {
  count += 1;
  const database = await server.create(`backup${count}`);
  await server.query(database, sql);
  return subjectOf(database);
}

/** The same database as another user, with a right or two. */
async function asUser(database: Database, name: string, rights: string): Promise<Database> {
  const password = join(temporaryFolder(), 'password');
  writeFileSync(password, `password of ${name}`);
  await server.query(database, `create role ${name} login ${rights} password 'password of ${name}'`);
  return { ...database, user: name, password: `file:${password}` };
}

const scratchDatabases = async (database: Database): Promise<string[]> =>
  (await server.query(database, `select datname from pg_database where datname like 'surefoot%'`)).rows.map(
    ({ datname }) => datname,
  );

const leftIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(part|list)$|\/draft(\/|$)/.test(name),
  );

/** Every fact but these holds, those that depend on a dump being good aside. */
const only = (failed: Partial<typeof GOOD>) => ({ ...GOOD, ...failed, stored: false, retention: false });

describe('a good dump', () => {
  test('is read whole, restored on trial, compared, stored, and recorded as evidence', async () => {
    const subject = await prepared();
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'size')).toMatch(/^\d+ bytes; no earlier dump/);
    expect(text(report, 'contents')).toBe(
      'the dump lists 3 constraints, 1 index, 2 tables: all that the catalogue has',
    );
    expect(text(report, 'restored')).toMatch(/revision 8c1f0a2d4b6e, 2001 rows in 2 tables, 1 valid indexes, all as/);
    expect(report.restoreMilliseconds).toBeGreaterThan(0);
    const [name = ''] = readdirSync(subject.folder);
    expect(report.location).toBe(join(subject.folder, name));
    const { store } = subject.backup;
    const keeping = {
      service: 'eduautismo',
      environment: 'production',
      retention: 1,
      signal: new AbortController().signal,
    };
    const open = await openBackupStore(store, keeping);
    expect(
      await open.fetch(
        { location: join(subject.folder, name), bytes: report.bytes },
        join(temporaryFolder(), 'fetched'),
      ),
    ).toBe(report.sha256);
    await expect(open.fetch({ location: '/etc/hosts', bytes: 1_000 }, '/nowhere')).rejects.toThrow('is not in');
    expect(name).toContain(`_${KEY.deployment}_1_${report.sha256.slice(0, 12)}.dump`);
    const record = JSON.parse(
      await textOf(join(subject.evidence.store, KEY.deployment, report.evidence[0]?.path ?? '')),
    );
    expect(record).toMatchObject({
      sha256: report.sha256,
      location: report.location,
      dumped: { rows: { 'public.plans': 2000 } },
    });
    expect(await scratchDatabases(subject.database)).toEqual([]);
    expect(leftIn(subject.evidence.store)).toEqual([]);
  });

  test('tells no password, on a command line or anywhere', async () => {
    const subject = await prepared();
    const seen = join(temporaryFolder(), 'words');
    spoilTools({ dump: `echo "$@" >> '${seen}'`, restore: `echo "$@" >> '${seen}'` });
    const report = await runBackup(subject);
    const password = (await textOf(subject.database.password.slice('file:'.length))).trim();
    expect(oks(report)).toEqual(GOOD);
    const evidence = await textOf(join(subject.evidence.store, KEY.deployment, report.evidence[0]?.path ?? ''));
    expect([JSON.stringify(report), evidence, await textOf(seen)].join()).not.toContain(password);
    expect(await textOf(seen)).toMatch(/--snapshot=.*\n.*--dbname=surefoot_restore_/);
  });

  test('has the rows of its moment, whatever is written while it is made', async () => {
    const subject = await prepared();
    const write = `psql -qc "insert into plans values (3000, 'late', 'late')" "$PGDATABASE"`;
    spoilTools({ beforeDump: write, dump: write.replace('3000', '3001').replace("'late')", "'later')") });
    expect(oks(await runBackup(subject))).toEqual(GOOD);
    expect((await server.query(subject.database, 'select 1 from plans where id >= 3000')).rowCount).toBe(2);
  });

  test('can be made by a user who may read everything and change nothing', async () => {
    const subject = await prepared();
    subject.database = await asUser(subject.database, 'reader', 'in role pg_read_all_data');
    expect(oks(await runBackup(subject))).toEqual(GOOD);
  });

  test('may hold partitions, identities, odd names, views, foreign keys and another encoding', async () => {
    const database = { ...(await server.create('plain')), name: 'odd' };
    await server.query(
      { ...database, name: 'plain' },
      `create database odd template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'`,
    );
    await server.query(
      database,
      `create table "Odd. name" (id serial primary key, "Reviewed At" text check ("Reviewed At" <> 'x'));
       insert into "Odd. name" values (1, 'é');
       create table part (id int generated always as identity, d date not null, primary key (id, d)) partition by range (d);
       create table part_2025 partition of part for values from ('2025-01-01') to ('2026-01-01');
       insert into part (d) values ('2025-05-05'), ('2025-06-06');
       create index on part (d);
       create table child (id int references "Odd. name", part int, d date, foreign key (part, d) references part);
       create view seen as select * from part;
       create materialized view kept as select count(*) from part;
       create schema app; create unlogged table app.fast (x int); insert into app.fast values (1);
       create function app.three() returns int language sql as 'select 3'`,
    );
    const report = await runBackup(subjectOf(database));
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'contents')).toContain('5 constraints, 2 indexes, 2 sequences, 5 tables, 2 views');
    expect(text(report, 'restored')).toMatch(/ in \d[^:]*: 4 rows in 4 tables, 2 valid indexes/);
  });

  test('goes without an invalid index, and names it', async () => {
    const subject = await prepared(
      `${SCHEMA}; update pg_index set indisvalid = false where indexrelid = 'ix_plans_status'::regclass`,
    );
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'contents')).toContain(
      'left out by pg_dump because they are not valid: index public.ix_plans_status',
    );
  });

  test('is restored without an extension that nothing needs and the scratch user may not create', async () => {
    const subject = await prepared(`${SCHEMA}; create extension pg_stat_statements`);
    subject.backup.scratch = await asUser(subject.backup.scratch, 'restorer', 'createdb');
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'restored')).toMatch(/without extension pg_stat_statements \(permission denied/);
  });

  test('is restored by a newer pg_restore, although an older server refuses one of its settings', async () => {
    const subject = await prepared();
    const refusal = `pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"\nCommand was: SET transaction_timeout = 0;\n\npg_restore: warning: errors ignored on restore: 1`;
    spoilTools({ restore: `echo '${refusal}' >&2; exit 1` });
    expect(oks(await runBackup(subject))).toEqual(GOOD);
  });
});

describe('a broken dump is refused when it', () => {
  const cut = (share: number) => `size=$(wc -c < "$file"); truncate -s $((size * ${share} / 100)) "$file"`;
  const flip = (at: string) =>
    `python3 -c 'import sys; f = open(sys.argv[1], "r+b"); d = f.read(); at = ${at}; f.seek(at); f.write(bytes([d[at] ^ 1]))' "$file"`;

  test('was cut', async () => {
    const subject = await prepared();
    spoilTools({ dump: cut(60) });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ readable: false, restored: false }));
    expect(text(report, 'readable')).toContain('pg_restore could not read the dump');
    expect(text(report, 'restored')).toBe('not restored on trial: readable failed');
    expect(text(report, 'stored')).toBe('not stored: readable and restored failed');
    expect(report.location).toBeUndefined();
  });

  test('has a flipped bit among its rows', async () => {
    const subject = await prepared();
    spoilTools({ dump: flip('len(d) - 3000') });
    expect(oks(await runBackup(subject))).toEqual(only({ readable: false, restored: false }));
  });

  test('has a flipped bit in the definition of an index', async () => {
    const subject = await prepared();
    spoilTools({ dump: flip('d.index(b"btree (status)") + 7') });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ restored: false }));
    expect(text(report, 'restored')).toMatch(/pg_restore failed: .*column ".*" does not exist/);
  });

  test('is empty', async () => {
    const subject = await prepared();
    spoilTools({ dump: ': > "$file"' });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ size: false, readable: false, contents: false, restored: false }));
    expect(text(report, 'size')).toBe('the dump is empty: 0 bytes');
  });

  test('is of another database', async () => {
    const [subject, other] = [await prepared(), await prepared()];
    spoilTools({ insteadOfDump: `PGDATABASE=${other.database.name} real --format=custom --file="$file"` });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ contents: false, restored: false }));
    expect(text(report, 'contents')).toBe(
      `the dump is of the database ${other.database.name}, not of ${subject.database.name}`,
    );
  });

  test('lacks a table', async () => {
    const subject = await prepared();
    spoilTools({ insteadOfDump: 'real "$@" --exclude-table=plans' });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ contents: false, restored: false }));
    expect(text(report, 'contents')).toMatch(/lacks .*table public.plans, the rows of public.plans/);
  });

  test('lacks the rows of a table', async () => {
    const subject = await prepared();
    spoilTools({ insteadOfDump: 'real "$@" --exclude-table-data=plans' });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ contents: false, restored: false }));
    expect(text(report, 'contents')).toBe('the dump lacks the rows of public.plans');
  });

  test('is less than half of the one before', async () => {
    const subject = await prepared();
    expect(oks(await runBackup(subject))).toEqual(GOOD);
    const [first = ''] = readdirSync(subject.folder);
    await eventually('a second has passed', () => Date.now() > (timeOfName(first) ?? 0) + 1_000);
    await server.query(subject.database, 'delete from plans where id > 100');
    const report = await runBackup(subject, { key: { ...KEY, generation: 2 } });
    expect(oks(report)).toEqual(only({ size: false }));
    expect(text(report, 'size')).toMatch(/\d+ bytes, \d+ % of the dump before .*, less than 50 %$/);
    expect(readdirSync(subject.folder)).toEqual([first]);
  });

  test('cannot be restored', async () => {
    const subject = await prepared();
    spoilTools({ insteadOfRestore: 'echo "pg_restore: error: out of disk" >&2; exit 1' });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ restored: false }));
    expect(text(report, 'restored')).toBe('pg_restore failed: pg_restore: error: out of disk');
    expect(await scratchDatabases(subject.database)).toEqual([]);
  });

  test.each([
    ['a row less', 'delete from plans where id = 1', 'public.plans has 1999 rows instead of 2000'],
    ['another revision', `update alembic_version set version_num = 'other'`, 'revision other instead of 8c1f0a2d4b6e'],
    ['no index', 'drop index ix_plans_status', 'index public.ix_plans_status is missing or not valid'],
    [
      'no constraint',
      'alter table plans drop constraint plans_pkey',
      'constraint public.plans.plans_pkey is missing or not valid',
    ],
    ['no table', 'drop table plans', 'table public.plans is missing or not valid'],
  ])('comes back with %s', async (_, sql, words) => {
    const subject = await prepared();
    spoilTools({ restore: `psql -qd "$database" -c "${sql}"` });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ restored: false }));
    expect(text(report, 'restored')).toContain(words);
  });

  test('changes between its proof and its place', async () => {
    const subject = await prepared();
    spoilTools({ restore: flip('len(d) - 3000') });
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({}));
    expect(text(report, 'stored')).toContain('what was stored differs from the dump that was proven');
    expect(readdirSync(subject.folder)).toEqual([]);
  });
});

test('a list of contents is not enough: it is whole in a dump that was cut', async () => {
  const subject = await prepared();
  const { location = '', bytes } = await runBackup(subject);
  const cut = `${location}.cut`;
  writeFileSync(cut, readFileSync(location).subarray(0, Math.floor(bytes * 0.6)));
  const tools = await findDumpTools(1, []);
  expect(await readDump(tools, cut, runTool)).toMatchObject({ readable: false });
  expect(await readDump(tools, location, runTool)).toMatchObject({ readable: true });
});

describe('the scratch database', () => {
  test('is not made by a user without the right, and the fact says what to grant', async () => {
    const subject = await prepared();
    subject.backup.scratch = await asUser(subject.backup.scratch, 'powerless', '');
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ restored: false }));
    expect(text(report, 'restored')).toMatch(
      /permission denied to create database \(SQLSTATE 42501\): grant CREATEDB to powerless on/,
    );
  });

  test('on a server that refuses the login fails the trial, not the dump', async () => {
    const subject = await prepared();
    subject.backup.scratch = { ...subject.backup.scratch, user: 'nobody_at_all' };
    const report = await runBackup(subject);
    expect(oks(report)).toEqual(only({ restored: false }));
    expect(text(report, 'restored')).not.toContain('could not be dropped');
  });

  test('on a server that is away is worth another try, before anything is dumped, but not for ever', async () => {
    const subject = await prepared();
    subject.backup.scratch = { ...subject.backup.scratch, port: 1 };
    await expect(runBackup(subject)).rejects.toMatchObject({ nonRetryable: false });
    const files = readdirSync(subject.evidence.store, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    );
    expect([files, existsSync(subject.state)]).toEqual([[], false]);
    const last = runBackup(subject, { mock: mockWorker({ attempt: 5 }) });
    await expect(last).rejects.toMatchObject({ nonRetryable: true, message: expect.stringContaining('127.0.0.1:1') });
  });

  test('lets nobody else in', async () => {
    const subject = await prepared();
    const stranger = await asUser(subject.database, 'stranger', '');
    const seen = join(temporaryFolder(), 'seen');
    const password = await textOf(stranger.password.slice('file:'.length));
    spoilTools({
      restore: `PGUSER=stranger PGPASSWORD='${password}' psql -d "$database" -c 'select 1' 2> '${seen}'; true`,
    });
    expect(oks(await runBackup(subject))).toEqual(GOOD);
    expect(await textOf(seen)).toContain('permission denied for database');
  });

  test('of a worker that was killed is dropped by the next attempt, and one in use is left', async () => {
    const subject = await prepared();
    const user = await asUser(subject.backup.scratch, 'cleaner', 'createdb superuser');
    subject.backup.scratch = user;
    const [own, dead, living] = [KEY.deployment, 'dead', 'living'].map(scratchName) as [string, string, string];
    const others = `${dead}_not_ours`;
    for (const name of [own, dead, living]) await server.query(user, `create database ${name} owner cleaner`);
    await server.query(user, `create database ${others}`);
    const owner = new pg.Client({ ...server.connection, application_name: living });
    await owner.connect();
    try {
      expect(oks(await runBackup(subject))).toEqual(GOOD);
      expect((await scratchDatabases(user)).sort()).toEqual([living, others].sort());
    } finally {
      await owner.end();
    }
    await server.query(user, `drop database ${living}`);
    await server.query(user, `drop database ${others}`);
  });
});

describe('a cancellation', () => {
  test('kills pg_dump and leaves no half dump', async () => {
    // Its rows are counted in its partitions: nobody but pg_dump waits for it.
    const subject = await prepared(`${SCHEMA}; create table held (id int) partition by range (id)`);
    const blocker = new pg.Client({ ...server.connection, database: subject.database.name });
    await blocker.connect();
    try {
      await blocker.query('begin; lock table held in access exclusive mode');
      const mock = mockWorker();
      const running = runBackup(subject, { mock });
      const dumping = `select 1 from pg_stat_activity where application_name = 'surefoot-backup' and wait_event_type = 'Lock'`;
      await eventually(
        'pg_dump waits for the table',
        async () => (await server.query(subject.database, dumping)).rowCount,
      );
      mock.cancel();
      await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
      expect(leftIn(subject.evidence.store)).toEqual([]);
    } finally {
      await blocker.end();
    }
  });

  test('kills pg_restore and drops the scratch database', async () => {
    const subject = await prepared();
    const started = join(temporaryFolder(), 'started');
    spoilTools({ insteadOfRestore: `echo $$ > '${started}'; exec sleep 60` });
    const mock = mockWorker();
    const running = runBackup(subject, { mock });
    const pid = Number(await eventually('the restore has begun', () => textOf(started)));
    expect(await scratchDatabases(subject.database)).toHaveLength(1);
    mock.cancel();
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
    expect(alive(pid)).toBe(false);
    expect(await scratchDatabases(subject.database)).toEqual([]);
    expect(leftIn(subject.evidence.store)).toEqual([]);
  });
});

describe('the retention of a folder', () => {
  const OLD = '20200101T000000Z_eduautismo-20200101-000000-4f3a_1_8d969eef6eca.dump';

  async function withOldFiles(): Promise<Subject> {
    const subject = await prepared();
    mkdirSync(subject.folder, { recursive: true });
    for (const name of [OLD, `${OLD}.part`, 'notes.txt', `copy of ${OLD}`, '20200101.dump']) {
      writeFileSync(join(subject.folder, name), 'x');
    }
    return subject;
  }

  test('removes older dumps of the same database, by the time in their names, and nothing else', async () => {
    const subject = await withOldFiles();
    const elsewhere = join(subject.folder, '..', 'staging');
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, OLD), 'x');
    const report = await runBackup(subject);
    expect(text(report, 'retention')).toBe(
      `dumps are kept for 30 days and removed by the next backup after that; removed now: ${OLD}, ${OLD}.part`,
    );
    expect(readdirSync(subject.folder).sort()).toEqual(
      [report.location?.split('/').at(-1), '20200101.dump', `copy of ${OLD}`, 'notes.txt'].sort(),
    );
    expect(readdirSync(elsewhere)).toEqual([OLD]);
  });

  test('removes nothing when the new dump is refused', async () => {
    const subject = await withOldFiles();
    spoilTools({ dump: ': > "$file"' });
    await runBackup(subject);
    expect(readdirSync(subject.folder)).toHaveLength(5);
  });
});

test('a pg_dump older than the server is refused with what was found', async () => {
  const folder = spoilTools({});
  writeFileSync(join(folder, 'pg_dump'), '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n');
  await expect(findDumpTools(99, [])).rejects.toThrow(/No pg_dump for PostgreSQL 99.*pg_dump \(9\)/);
});

test.each([
  ['pg_dump', 'created', (said: string) => ({ insteadOfDump: `${said}; exit 1` })],
  ['pg_restore', 'restored', (said: string) => ({ insteadOfRestore: `${said}; exit 1` })],
] as const)('what a failed %s says of rows and passwords stands in the evidence only', async (tool, failed, spoil) => {
  const subject = await prepared();
  spoilTools(
    spoil(
      `printf '%s\\n' '${tool}: error: could not execute query: ERROR:  no such user' 'DETAIL:  Key (email)=(jane@example.com)' "Command was: CREATE USER MAPPING FOR a OPTIONS (password 'of-others')" >&2`,
    ),
  );
  const report = await runBackup(subject);
  expect(JSON.stringify(report)).not.toMatch(/jane@|of-others/);
  expect(text(report, failed)).toContain('no such user');
  const kept = readFileSync(evidenceFile(subject.evidence, report.evidence[0]?.path ?? ''), 'utf8');
  expect(kept).toContain('jane@example.com');
});

test.each<[string, string | undefined, Partial<Database>, RegExp]>([
  ['fails', 'echo "pg_dump: error: disk full" >&2; exit 1', {}, /^pg_dump of backup\d+ failed.*\n.*disk full/],
  ['is not let in', undefined, { user: 'nobody_at_all' }, /password authentication failed/],
])('without a dump, as pg_dump %s, nothing else holds either', async (_, insteadOfDump, changes, words) => {
  const subject = await prepared();
  Object.assign(subject.database, changes);
  spoilTools({ insteadOfDump });
  const report = await runBackup(subject);
  expect(oks(report)).toEqual(Object.fromEntries(Object.keys(GOOD).map((name) => [name, false])));
  expect(text(report, 'created')).toMatch(words);
  expect(text(report, 'stored')).toBe('not stored: created and size and readable and contents and restored failed');
});
