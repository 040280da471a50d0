import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  additions,
  describeChanges,
  describeSchema,
  fingerprint,
} from '../../../src/adapters/migration/schema-fingerprint.js';
import { withDatabase } from '../../../src/adapters/postgres/postgres.js';
import { startTestServer, type TestServer } from '../../activities/postgres-server.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

const SCHEMA = `
  create extension pg_stat_statements;
  create schema "Odd.Name";
  create type mood as enum ('sad', 'ok');
  create domain positive as int check (value > 0);
  create table plans (id int generated always as identity primary key, status text default 'active', needs_review boolean not null, mood mood, price positive);
  create table "Odd.Name"."t.b" (a int references plans (id), b int generated always as (a * 2) stored);
  create table parts (day date) partition by range (day);
  create table parts_2025 partition of parts for values from ('2025-01-01') to ('2026-01-01');
  create index ix_status on plans (status, needs_review) where needs_review;
  create sequence numbers increment 5;
  create view active as select id from plans where status = 'active';
  create materialized view counted as select count(*) from plans;
  create function double(n int) returns int language sql as 'select n * 2';
  create function touch() returns trigger language plpgsql as 'begin return new; end';
  create trigger touched before update on plans for each row execute function touch();
  alter table plans enable row level security;
  create policy everyone on plans for select using (true);
  create table alembic_version (version_num text)`;

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

/** The schema before and after some SQL, as seen by a connection of its own. */
async function changedBy(sql: string, prepare = SCHEMA) {
  count += 1;
  const database = await server.create(`f${count}`);
  await server.query(database, prepare);
  const look = () => withDatabase(database, describeSchema);
  const before = await look();
  await server.query(database, sql);
  const after = await look();
  return { before, after, changes: describeChanges(before, after), same: fingerprint(before) === fingerprint(after) };
}

test('every kind of object is described, and what belongs to extensions and migration tools is not', async () => {
  const { before } = await changedBy('select 1');
  const names = Object.fromEntries(
    Object.entries(before).map(([kind, objects]) => [kind, Object.keys(objects).sort()]),
  );
  expect(names).toMatchObject({
    schema: ['Odd.Name', 'public'],
    extension: ['pg_stat_statements', 'plpgsql'],
    type: ['public.mood', 'public.positive'],
    table: ['Odd.Name.t.b', 'public.parts', 'public.parts_2025', 'public.plans'],
    index: ['public.ix_status', 'public.plans_pkey'],
    sequence: ['public.numbers', 'public.plans_id_seq'],
    view: ['public.active', 'public.counted'],
    function: ['public.double(integer)', 'public.touch()'],
    trigger: ['public.plans.touched'],
    policy: ['public.plans.everyone'],
  });
  expect(before.column['public.plans.status']).toBe("text default 'active'::text");
  expect(before.column['Odd.Name.t.b.b']).toBe('integer generated (a * 2)');
  expect(before.table['public.parts_2025']).toContain("FOR VALUES FROM ('2025-01-01')");
});

test('the same schema made in another order has the same fingerprint, whatever the search path', async () => {
  const a = await changedBy(
    'select 1',
    'create table a (x int, y text); create table b (z int); create index ib on b (z)',
  );
  const b = await changedBy(
    'select 1',
    `create table b (z int); create index ib on b (z); create table a (y text); alter table a add x int;
     alter database ${'f'}${count + 1} set search_path = pg_catalog`,
  );
  expect(fingerprint(b.before)).toBe(fingerprint(a.before));
});

test.each([
  ['insert into plans (needs_review) values (true); analyze plans; comment on table plans is $$x$$', ''],
  ['alter table plans alter status drop default', '1 column changed (public.plans.status)'],
  ['alter table plans alter needs_review drop not null', '1 column changed (public.plans.needs_review)'],
  ['alter table plans alter status type varchar(20)', '1 column changed (public.plans.status)'],
  [`alter type mood add value 'happy'`, '1 type changed (public.mood)'],
  ['alter table plans add constraint c check (price > 1) not valid', '1 constraint added (public.plans.c)'],
  [
    'drop index ix_status; create index ix_status on plans (needs_review, status)',
    '1 index changed (public.ix_status)',
  ],
  [
    `update pg_index set indisvalid = false where indexrelid = 'ix_status'::regclass`,
    '1 index changed (public.ix_status)',
  ],
  ['alter sequence numbers increment 6', '1 sequence changed (public.numbers)'],
  ['create or replace view active as select id from plans', '1 view changed (public.active)'],
  [
    `create or replace function double(n int) returns int language sql as 'select n * 3'`,
    '1 function changed (public.double(integer))',
  ],
  ['alter table plans disable trigger touched', '1 trigger changed (public.plans.touched)'],
  [
    'drop table "Odd.Name"."t.b"',
    '1 table removed (Odd.Name.t.b), 2 columns removed (Odd.Name.t.b.a, Odd.Name.t.b.b), 1 constraint removed (Odd.Name.t.b.t.b_a_fkey)',
  ],
  ['create index i1 on parts (day)', '2 indexes added (public.i1, public.parts_2025_day_idx)'],
])('%s: %s', async (sql, changes) => {
  // `alter table … type` is refused under a view.
  const seen = await changedBy(sql, sql.includes('varchar') ? SCHEMA.replace(/create view active.*\n/, '') : SCHEMA);
  expect(seen.changes).toBe(changes);
  expect(seen.same).toBe(changes === '');
});

test('what a migration has added is what its downgrade would drop', async () => {
  const { before, after } = await changedBy(
    'create table extra (id int, note text); alter table "Odd.Name"."t.b" add column "c.d" text',
  );
  expect(additions(before, after)).toEqual({
    tables: ['public.extra'],
    columns: [{ table: 'Odd.Name.t.b', column: 'c.d' }],
  });
});

test('many names are cut short', async () => {
  const { changes } = await changedBy(
    Array.from({ length: 9 }, (_, i) => `create view v${i} as select ${i}`).join(';'),
    'select 1',
  );
  expect(changes).toBe('9 views added (public.v0, public.v1, public.v2, public.v3, public.v4, public.v5, …)');
});
