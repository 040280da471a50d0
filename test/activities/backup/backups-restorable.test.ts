/** What a database may hold that a scratch user who may only create databases can't restore: no fault of its dump. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createRestoreActivities } from '../../../src/activities/backup/restore.js';
import type { Database } from '../../../src/contract/plan/environment.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { environmentWith, runActivity, textOf } from '../support.js';
import { GOOD, KEY, oks, runBackup, SCHEMA, type Subject, spoilTools, subjectOf, text } from './backups-support.js';

vi.setConfig({ testTimeout: 40_000, hookTimeout: 120_000 });

let server: TestServer;
/** Has none of the roles and extensions that the databases here are made with, and one user, who may make databases. */
let elsewhere: TestServer;
let scratch: Database;
let count = 0;
beforeAll(async () => {
  [server, elsewhere] = [await startTestServer(), await startTestServer()];
  scratch = { ...(await elsewhere.asRole(await elsewhere.create('home'), 'maker', 'createdb')), name: 'postgres' };
});
afterAll(() => Promise.all([server.stop(), elsewhere.stop()]));

async function prepared(sql: string): Promise<Subject> {
  count += 1;
  const database = await server.create(`holding${count}`);
  await server.query(database, `${SCHEMA}; ${sql.replaceAll('DATABASE', database.name)}`);
  return subjectOf(database, { scratch });
}

const backedUp = async (sql: string) => {
  const subject = await prepared(sql);
  const report = await runBackup(subject);
  const [evidence] = report.evidence;
  const record = JSON.parse(await textOf(join(subject.evidence.store, KEY.deployment, evidence?.path ?? '')));
  return { subject, report, restored: text(report, 'restored'), record };
};

describe('a dump is good when the database it is of', () => {
  test('finds its tables by a search path of its own, the table of alembic too', async () => {
    const { report, restored } = await backedUp(
      `create schema app; alter table alembic_version set schema app; alter table plans set schema app;
       alter database DATABASE set search_path = app`,
    );
    expect(oks(report), restored).toEqual(GOOD);
    expect(restored).toContain('revision 8c1f0a2d4b6e, 2001 rows');
    expect(restored).toMatch(/not tried: owners, settings of the database \(1\)$/);
  });

  test('has an event trigger, and the trigger is named as what could not be tried', async () => {
    const { report, restored, record } = await backedUp(
      `create function audit() returns event_trigger language plpgsql as 'begin end';
       create event trigger watch on ddl_command_end execute function audit()`,
    );
    expect(oks(report), restored).toEqual(GOOD);
    expect(restored).toContain('without event trigger watch (permission denied to create event trigger "watch")');
    expect(record.leftOut).toEqual([expect.stringContaining('event trigger watch')]);
  });

  test('has foreign tables by an extension that only a superuser makes, and no password of theirs is told', async () => {
    const { report, restored, record } = await backedUp(
      `create extension postgres_fdw; create server far foreign data wrapper postgres_fdw;
       create user mapping for current_user server far options (password 'password of the mapping');
       create foreign table remote (id int) server far; create view seen as select * from remote`,
    );
    expect(oks(report), restored).toEqual(GOOD);
    expect(restored).toMatch(/without extension postgres_fdw \(permission denied .*foreign table public\.remote/);
    expect(record.leftOut.join()).toMatch(/server far .*user mapping .*view public\.seen/);
    expect(JSON.stringify([report, record])).not.toContain('password of the mapping');
  });

  test('has row security for its owner too, policies of roles that are not there, and views of such tables', async () => {
    const { report, restored } = await backedUp(
      `create role only_here; create policy own on plans to only_here using (id = 1);
       alter table plans enable row level security; alter table plans force row level security;
       create materialized view counted as select count(*) from plans`,
    );
    expect(oks(report), restored).toEqual(GOOD);
    expect(restored).toContain('2001 rows in 2 tables');
    expect(restored).toContain('policy public.plans own (role "only_here" does not exist)');
    expect(restored).toContain('materialized view data public.counted');
  });

  test('has functions that only a superuser makes', async () => {
    const { report, restored } = await backedUp(
      `create function leak(int) returns boolean language sql leakproof immutable as 'select true'`,
    );
    expect(oks(report), restored).toEqual(GOOD);
    expect(restored).toContain(
      'without function public.leak(integer) (only superuser can define a leakproof function)',
    );
  });

  test('has large objects, owners, rights, comments, publications and partitions', async () => {
    const { report, restored, record } = await backedUp(
      `select lo_from_bytea(4711, 'abc'); create role a_person; alter table plans owner to a_person;
       create schema ext; create extension hstore schema ext; comment on extension hstore is 'ours';
       grant select on plans to public; alter default privileges grant select on tables to a_person;
       create publication news for table plans; comment on table plans is 'of whom';
       create table part (id int, tags ext.hstore, twice int generated always as (id * 2) stored) partition by range (id);
       create table part_1 partition of part for values from (0) to (10); insert into part values (1, 'a=>1');
       create index on part (twice)`,
    );
    expect(oks(report), restored).toEqual(GOOD);
    expect(restored).toMatch(
      /not tried: owners, rights \(\d\), default privileges \(\d\), comments \(2\), publications \(1\)$/,
    );
    expect(record.dumped.largeObjects).toBe(1);
  });
});

test('what pg_dump itself leaves out is named', async () => {
  const subject = await prepared('');
  spoilTools({ dump: 'echo "pg_dump: warning: subscriptions not dumped because current user is not a superuser" >&2' });
  expect(text(await runBackup(subject), 'created')).toMatch(/; it warns: subscriptions not dumped because/);
});

test('a table that needs what could not be made is not proven, which is no failure of the dump, and no proof either', async () => {
  const { report, restored } = await backedUp(
    `create function leak(int) returns boolean language sql leakproof immutable as 'select true';
     create table notes (id int check (leak(id))); insert into notes values (1)`,
  );
  expect(oks(report)).toMatchObject({ restored: false, stored: false });
  expect(report.facts.find(({ name }) => name === 'restored')?.unknown).toBe(true);
  expect(restored).toMatch(/of table public\.notes, table data public\.notes nothing is proven there$/);
});

test('a large object that does not come back is a difference', async () => {
  const subject = await prepared(`select lo_from_bytea(4712, 'abc')`);
  spoilTools({ restore: `psql -qd "$database" -c 'select lo_unlink(4712)' > /dev/null` });
  const report = await runBackup(subject);
  expect(text(report, 'restored')).toContain('0 large objects instead of 1');
});

test('why a restore failed is told without the command, which may hold rows and passwords', async () => {
  const subject = await prepared('');
  const said = `pg_restore: from TOC entry 3; 1259 1 TABLE public plans x
pg_restore: error: could not execute query: ERROR:  out of disk
DETAIL:  Failing row contains (a row of the table).
Command was: CREATE TABLE public.plans (password text default 'a password');`;
  spoilTools({ insteadOfRestore: `cat >&2 <<'END'\n${said}\nEND\nexit 1` });
  expect(text(await runBackup(subject), 'restored')).toBe('pg_restore failed: out of disk');
});

test('in the last resort an event trigger is left out and named, and the rest takes its place', async () => {
  const admin = await server.create('released');
  const database = await server.asRole(admin, 'releaser', 'createdb');
  await server.query(admin, `alter database released owner to releaser; set role releaser; ${SCHEMA}`);
  await server.query(
    admin,
    `create function audit() returns event_trigger language plpgsql as 'begin end';
     create event trigger watch on ddl_command_end execute function audit();
     alter table plans force row level security`,
  );
  const subject = subjectOf(database, { scratch });
  const { location = '', sha256, evidence, facts } = await runBackup(subject);
  expect(facts.filter(({ ok }) => !ok)).toEqual([]);
  const report = await runActivity(() =>
    createRestoreActivities(subject).restoreDatabase({
      key: { ...KEY, step: 'rollback-restore.restore' },
      evidence: subject.evidence,
      service: 'eduautismo',
      environment: environmentWith({ name: 'production', database }),
      backup: subject.backup,
      tool: 'alembic',
      from: { location, sha256, record: evidence[0] },
    }),
  );
  expect(oks(report), JSON.stringify(report.facts)).toEqual({ fetched: true, restored: true, 'in-place': true });
  expect(text(report, 'restored')).toMatch(
    /without event trigger watch \(permission denied .*ALTER FUNCTION public\.audit\(\) OWNER/,
  );
});
