import pg from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createOwnCheckActivities } from '../../../src/activities/own-checks/own-checks.js';
import { readValue } from '../../../src/adapters/postgres/own-queries.js';
import type { Database, Environment } from '../../../src/contract/plan/environment.js';
import type { OwnQuestionOf, QueryExpectation } from '../../../src/contract/plan/own-checks.js';
import type { Read } from '../../../src/domain/expectations.js';
import { conforms } from '../../conformance/reader.js';
import { serve } from '../../helpers/server.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { environmentWith, runActivity, temporaryFolder } from '../support.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

const NOTE = 'a note that somebody wrote about somebody';
const key = { deployment: 'd', step: 'no-orphans', generation: 1 };
const { checkQuery, readBefore } = createOwnCheckActivities();

let server: TestServer;
let database: Database;
/** May read the notes, and sees none of others’. */
let stranger: Database;
beforeAll(async () => {
  server = await startTestServer();
  database = await server.create('orders');
  await server.query(
    database,
    `create table orders (id int primary key, total numeric, paid boolean);
     insert into orders values (1, 12.50, true), (2, 7, false);
     create table notes (id int, text text, owner text);
     insert into notes values (1, '${NOTE}', 'a');
     create sequence numbers`,
  );
  stranger = await server.asRole(database, 'stranger');
  await server.query(
    database,
    `create policy own on notes using (owner = current_user); alter table notes enable row level security;
     grant select on all tables in schema public to stranger`,
  );
});
afterAll(() => server.stop());

const ask = (query: string, expect: QueryExpectation) => ({ kind: 'sql', query, expect }) as const;

function input(asks: OwnQuestionOf<'sql'>, environment: Environment) {
  return { key, evidence: { store: temporaryFolder(), deployment: 'd' }, environment, timeout: 2_000, asks };
}

async function factOf(query: string, expected: QueryExpectation, of = database, before?: Read) {
  const environment = environmentWith({ database: of });
  const { facts } = await runActivity(() => checkQuery({ ...input(ask(query, expected), environment), before }));
  expect(facts).toHaveLength(1);
  return facts[0];
}

const value = (comparison: '=' | '!=' | '>' | '<', operand: string): QueryExpectation => ({
  value: { comparison, operand },
});

describe('a query', () => {
  test('holds when its only value is as it must be, and fails when it is not', async () => {
    const count = 'select count(*) from orders';
    expect(await factOf(count, value('=', '2'))).toEqual({
      name: 'value',
      ok: true,
      text: 'the value is 2, must be = 2',
    });
    expect(await factOf(count, value('>', '2'))).toMatchObject({ ok: false, text: 'the value is 2, must be > 2' });
    expect((await factOf(count, value('>', '2')))?.unknown).toBeUndefined();
  });

  test('is read to the last digit, and truth as true and false', async () => {
    const text = 'the value is 12345678901234567890.000000001, must be = 12345678901234567890.000000001';
    const decimal = 'select 12345678901234567890.000000001::numeric';
    expect(await factOf(decimal, value('=', '12345678901234567890.000000001'))).toMatchObject({ ok: true, text });
    expect(await factOf('select paid from orders where id = 1', value('=', 'true'))).toMatchObject({ ok: true });
  });

  test('counts its rows, without bringing them over', async () => {
    const rows = (comparison: '=' | '>', operand: string) => ({ rows: { comparison, operand } });
    expect(await factOf('select * from orders', rows('=', '2'))).toMatchObject({ name: 'rows', ok: true });
    expect(await factOf('select * from orders where id > 2', rows('>', '0'))).toMatchObject({ ok: false });
    const many = `select repeat('x', 1000) from generate_series(1, 200000)`;
    expect(await factOf(many, rows('=', '200000'))).toMatchObject({ ok: true });
  });

  test.each([
    ['without a row', 'select id from orders where id > 2', 'gave no row'],
    ['with several', 'select id from orders', 'more than one row'],
    ['of nothing', 'select max(id) from orders where id > 2', 'is null'],
    ['that is no number', `select 'many'`, 'no number'],
    ['of a table that is not there', 'select count(*) from order_lines', 'relation "order_lines" does not exist'],
    ['that takes too long', 'select pg_sleep(10)', 'longer than 2 s'],
  ])('%s is unknown, and never holds', async (_, query, why) => {
    for (const expected of [value('=', '0'), value('!=', '1')]) {
      expect(await factOf(query, expected)).toMatchObject({
        ok: false,
        unknown: true,
        text: expect.stringContaining(why),
      });
    }
  });

  test('of which row security hides rows is unknown, and is told what to do about it', async () => {
    const count = 'select count(*) from notes';
    expect(await factOf(count, value('=', '1'))).toMatchObject({ ok: true });
    expect(await factOf(count, value('=', '0'), stranger)).toMatchObject({
      ok: false,
      unknown: true,
      text: expect.stringMatching(/row-level security .* BYPASSRLS/),
    });
  });

  test('does not tell what people wrote, right or wrong', async () => {
    const fact = await factOf('select text from notes', value('=', 'another'));
    expect(fact).toMatchObject({ ok: false, text: 'the value is a text, must be = another' });
  });
});

describe('one statement that only reads is run, and nothing else', () => {
  const count = async (table: string) =>
    Number((await server.query(database, `select count(*) from ${table}`)).rows[0].count);

  test.each([
    ['a second statement', 'select 1; delete from orders'],
    ['a second statement behind a comment', 'select 1 /* ; */; delete from orders --'],
    ['a delete in a WITH', 'with gone as (delete from orders returning 1) select count(*) from gone'],
    ['a function that writes', `select nextval('numbers')`],
    ['a row that is locked', 'select id from orders where id = 1 for update'],
    ['an end to being read-only', `select set_config('transaction_read_only', 'off', true)`],
  ])('%s is refused by the database itself', async (_, query) => {
    expect(await factOf(query, value('>', '0'))).toMatchObject({
      ok: false,
      unknown: true,
      text: expect.stringContaining('the database refuses the query'),
    });
    expect(await count('orders')).toBe(2);
  });

  test('a semicolon in a text, and one at the end, are no second statement', async () => {
    expect(await factOf(`select ';' ;`, value('=', ';'))).toMatchObject({ ok: true });
  });
});

describe('a comparison with before', () => {
  const counted = (before: QueryExpectation) => ask('select count(*) from orders', before);
  const unchanged: QueryExpectation = { before: { change: 'unchanged' } };

  test('is made with what was read before the deploy', async () => {
    const environment = environmentWith({ database });
    const read = await runActivity(() => readBefore(input(counted(unchanged), environment)));
    expect(read).toMatchObject({
      before: { value: '2' },
      facts: [{ name: 'read', ok: true, text: '2 before the deploy' }],
    });
    expect(await factOf('select count(*) from orders', unchanged, database, read.before)).toMatchObject({
      name: 'before',
      ok: true,
      text: '2 before the deploy, 2 now, must be unchanged',
    });
    expect(await factOf('select count(*) + 1 from orders', unchanged, database, read.before)).toMatchObject({
      ok: false,
    });
  });

  test('of text keeps its hash in the history, and not the text', async () => {
    const environment = environmentWith({ database });
    const asks = ask('select text from notes', unchanged);
    const read = await runActivity(() => readBefore(input(asks, environment)));
    expect(JSON.stringify(read)).not.toContain(NOTE);
    expect(await factOf(asks.query, unchanged, database, read.before)).toMatchObject({ ok: true });
    expect(await factOf(`select 'another'`, unchanged, database, read.before)).toMatchObject({ ok: false });
  });

  test('that was not read is unknown', async () => {
    expect(await factOf('select count(*) from orders', unchanged)).toMatchObject({ ok: false, unknown: true });
  });

  test('cannot be read before the deploy: that is known before anything has changed', async () => {
    const environment = environmentWith({ database });
    const read = await runActivity(() =>
      readBefore(input(ask('select max(id) from order_lines', unchanged), environment)),
    );
    expect(read.facts).toMatchObject([{ name: 'read', ok: false, unknown: true }]);
  });
});

const signal = new AbortController().signal;

/** As the checks read it, with what is unknown as such. */
async function answer(query: string, of = database) {
  try {
    const read = await readValue(of, query, { limit: 1_000, signal });
    return 'unknown' in read ? read : { known: read.value };
  } catch (error) {
    return { unknown: (error as Error).message };
  }
}

conforms(
  'adapters/postgres/own-queries.ts',
  {
    value: () => answer('select count(*) from orders'),
    none: () => answer('select id from orders where id > 2'),
    hidden: () => answer('select count(*) from notes', stranger),
    partial: { impossible: 'PostgreSQL answers a statement whole, or with an error' },
    error: () => answer(`select ('${NOTE}'::text)::int`),
    hang: async () => {
      const holder = new pg.Client({ ...server.connection, database: database.name });
      await holder.connect();
      onTestFinished(() => holder.end());
      await holder.query('begin; lock table orders in access exclusive mode');
      return answer('select count(*) from orders');
    },
    nonsense: async () => {
      const { port } = await serve((_, response) => response.end());
      return answer('select 1', { ...database, port });
    },
    huge: () => answer(`select repeat('x', 20000000)`),
  },
  { secrets: [NOTE] },
);
