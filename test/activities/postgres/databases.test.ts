import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createDatabaseActivities } from '../../../src/activities/postgres/databases.js';
import { createVerificationActivities } from '../../../src/activities/verification.js';
import type { Database, Environment } from '../../../src/contract/plan/environment.js';
import type { Migration } from '../../../src/contract/plan/migration.js';
import type { StepReport } from '../../../src/domain/evidence.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { environmentWith, eventually, runActivity, temporaryFolder } from '../support.js';
import { INDEXES, TABLE } from './indexed-table.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

const KEY = { deployment: 'd', step: 'staging.indexes', generation: 1 };
const PREPARED = `${TABLE}; create extension if not exists pg_stat_statements`;

const activities = createDatabaseActivities();
const fact = (report: StepReport, name: string) => report.facts.find((one) => one.name === name);
const oks = (report: StepReport) => Object.fromEntries(report.facts.map(({ name, ok }) => [name, ok]));

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

async function prepared(
  sql = PREPARED,
): Promise<{ database: Database; environment: Environment; place: { store: string; deployment: string } }> {
  count += 1;
  const database = await server.create(`d${count}`);
  await server.query(database, sql);
  return { database, environment: environmentWith({ database }), place: { store: temporaryFolder(), deployment: 'd' } };
}

describe('reviewDatabase', () => {
  const review = (environment: Environment, evidence: { store: string; deployment: string }) =>
    runActivity(() => activities.reviewDatabase({ key: KEY, evidence, environment }));

  test('says what is slow', async () => {
    const { database, environment, place } = await prepared();
    expect(oks(await review(environment, place))).toEqual({ 'slow-queries': true, locks: true });
    await server.query(database, 'select pg_sleep(1.1)');
    expect(fact(await review(environment, place), 'slow-queries')).toMatchObject({
      ok: false,
      text: expect.stringContaining('pg_sleep'),
    });
  });

  test('what a slow statement was given is not told', async () => {
    const { database, environment, place } = await prepared();
    await server.query(database, `do $$ begin perform pg_sleep(1.1), 'rowmark'; end $$`);
    const slow = fact(await review(environment, place), 'slow-queries');
    expect(slow).toMatchObject({ ok: false, text: expect.stringMatching(/^slow: do \[…\] \(1 calls, /) });
  });

  test('without pg_stat_statements slow queries are unknown, which is no pass', async () => {
    const { environment, place } = await prepared(TABLE);
    const slow = fact(await review(environment, place), 'slow-queries');
    expect(slow).toMatchObject({ ok: false, text: expect.stringContaining('pg_stat_statements is not installed') });
  });

  test('a session that waits for a lock is named', async () => {
    const { database, environment, place } = await prepared();
    const [holder, waiter] = [1, 2].map(() => new pg.Client({ ...server.connection, database: database.name }));
    await Promise.all([holder?.connect(), waiter?.connect()]);
    await holder?.query('begin; update plans set status = status where id = 1');
    const waiting = waiter?.query(`update plans set status = status where id = 1`);
    const locks = await eventually('the wait is long enough', async () => {
      const seen = fact(await review(environment, place), 'locks');
      return seen?.ok ? undefined : seen;
    });
    expect(locks.text).toMatch(/blocked: \d+ by \d+ for/);
    await holder?.query('rollback');
    await waiting;
    await Promise.all([holder?.end(), waiter?.end()]);
  });
});

describe('verifyState', () => {
  const verify = createVerificationActivities().verifyState;
  const stateOf = (environment: Environment, expected: Parameters<typeof verify>[0]['expected']) =>
    runActivity(() =>
      verify({
        key: KEY,
        evidence: { store: '/nowhere', deployment: 'd' },
        environment,
        healthPath: '/health',
        expected,
      }),
    );

  test('reads revision and indexes from the database', async () => {
    const { database, environment } = await prepared();
    const state = (expected: Parameters<typeof verify>[0]['expected']) =>
      stateOf(environment, { tool: 'alembic', ...expected });
    const indexes = (present: boolean) => ({ present, expectations: INDEXES });
    expect(oks(await state({ revision: null, indexes: indexes(true) }))).toEqual({ revision: true, indexes: true });
    expect(oks(await state({ indexes: indexes(false) }))).toEqual({ indexes: false });
    await server.query(
      database,
      `create table alembic_version (version_num text); insert into alembic_version values ('5403edb1d087'); drop index ix_status_review, "ix_Reviewed"`,
    );
    expect(oks(await state({ revision: '20251124_1151_5403edb1d087', indexes: indexes(false) }))).toEqual({
      revision: true,
      indexes: true,
    });
    expect(oks(await state({ revision: null, version: 'main' }))).toEqual({ revision: false, version: false });
    expect(oks(await state({ revision: 'v2', tool: 'other', reported: 'v2' }))).toEqual({ revision: true });
    expect(oks(await state({ revision: '5403edb1d087', tool: 'other', reported: 'x_5403edb1d087' }))).toEqual({
      revision: false,
    });
    expect((await state({ revision: '5403edb1d087', tool: 'other' })).facts).toMatchObject([
      { name: 'revision', ok: false, unknown: true, text: expect.stringContaining('nobody has asked') },
    ]);
    await server.query(database, `insert into alembic_version values ('other')`);
    expect(oks(await state({ revision: '5403edb1d087' }))).toEqual({ revision: false });
  });

  test('finds no index left where a downgrade has dropped the table that the migration had made', async () => {
    const { database, environment } = await prepared();
    const left = () => stateOf(environment, { indexes: { present: false, expectations: INDEXES } });
    await server.query(database, 'create schema hidden; alter table plans set schema hidden');
    await expect(left()).rejects.toThrow('relation "plans" does not exist');
    await server.query(database, 'drop table hidden.plans');
    expect((await left()).facts).toMatchObject([
      { name: 'indexes', ok: true, text: 'indexes of this deployment: none is left, nor their table plans' },
    ]);
  });
});

describe('a database that does not answer', () => {
  const countRows = (changes: Partial<Database>) =>
    prepared().then(({ database }) => {
      const environment = environmentWith({ database: { ...database, ...changes } });
      return runActivity(() => activities.countRows({ environment, table: 'plans' }));
    });

  test('is tried again when it cannot be reached', async () => {
    await expect(countRows({ port: 1 })).rejects.toMatchObject({
      nonRetryable: false,
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test('is not tried again when it refuses the login, and the password is not told', async () => {
    process.env.SUREFOOT_TEST_WRONG = 'wrong-password-of-the-test';
    const failure = countRows({ password: 'env:SUREFOOT_TEST_WRONG' });
    await expect(failure).rejects.toMatchObject({ type: 'PreconditionFailed', nonRetryable: true });
    await expect(failure).rejects.not.toThrow(/wrong-password/);
  });

  test('or has no such table', async () => {
    const { environment } = await prepared();
    const rows = runActivity(() => activities.countRows({ environment, table: 'no_such' }));
    await expect(rows).rejects.toMatchObject({
      type: 'PreconditionFailed',
      message: expect.stringContaining('no_such'),
    });
    expect(await runActivity(() => activities.countRows({ environment, table: 'public.plans' }))).toBe(2000);
  });
});

describe('storedRevision', () => {
  const migration = { tool: 'alembic' } as Migration;
  const stored = (environment: Environment) =>
    runActivity(() => createVerificationActivities().storedRevision({ environment, migration }));
  const BOOKS = 'create table alembic_version (version_num text)';

  test('is what the database holds, without the tool', async () => {
    const { environment } = await prepared(`${BOOKS}; insert into alembic_version values ('8f2a1c')`);
    expect(await stored(environment)).toBe('8f2a1c');
  });

  test('is none where the books are empty, or there are none yet', async () => {
    const { environment } = await prepared(BOOKS);
    expect(await stored(environment)).toBeNull();
    expect(await stored((await prepared('select 1')).environment)).toBeNull();
  });

  test('is not known where two schemas have books that differ, or there are several heads', async () => {
    const other = 'create schema old; create table old.alembic_version as select text $$7e1b0d$$ as version_num';
    const { environment } = await prepared(`${BOOKS}; insert into alembic_version values ('8f2a1c'); ${other}`);
    await expect(stored(environment)).rejects.toThrow('which of them counts is not known');
    const heads = await prepared(`${BOOKS}; insert into alembic_version values ('8f2a1c'), ('7e1b0d')`);
    await expect(stored(heads.environment)).rejects.toThrow('2 heads');
  });
});
