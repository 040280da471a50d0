import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createDatabaseActivities } from '../../src/activities/databases.js';
import { createVerificationActivities } from '../../src/activities/verification.js';
import { findDumpTools, readWhole } from '../../src/adapters/dump.js';
import { evidenceFile } from '../../src/adapters/evidence-store.js';
import type { Database, Environment, IndexExpectations } from '../../src/contract/plan.js';
import type { StepReport } from '../../src/domain/evidence.js';
import { startTestServer, type TestServer } from './postgres-server.js';
import { environmentWith, eventually, mockWorker, runActivity, temporaryFolder, textOf } from './support.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

const KEY = { deployment: 'd', step: 'staging.indexes', generation: 1 };
const INDEXES: IndexExpectations = {
  table: 'plans',
  total: 3,
  expected: [
    { name: 'ix_status_review', columns: ['status', 'needs_review'] },
    { name: 'ix_Reviewed', columns: ['Reviewed At'] },
  ],
  queries: [
    { name: 'pending', sql: `select * from plans where status = 'active' and needs_review;`, uses: 'ix_status_review' },
  ],
};
const TABLE = `
  create table plans (id int primary key, status text, needs_review boolean, "Reviewed At" timestamptz);
  insert into plans select i, 'state ' || i % 50, i % 3 = 0, now() from generate_series(1, 2000) i;
  create index ix_status_review on plans (status, needs_review);
  create index "ix_Reviewed" on plans ("Reviewed At");
  create extension if not exists pg_stat_statements;
  analyze plans`;

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
  sql = TABLE,
): Promise<{ database: Database; environment: Environment; place: { store: string; deployment: string } }> {
  count += 1;
  const database = await server.create(`d${count}`);
  await server.query(database, sql);
  return { database, environment: environmentWith({ database }), place: { store: temporaryFolder(), deployment: 'd' } };
}

const check = async (sql: string, changes: Partial<IndexExpectations> = {}) => {
  const { database, environment, place } = await prepared();
  await server.query(database, sql);
  const indexes = { ...INDEXES, ...changes };
  return runActivity(() => activities.checkIndexes({ key: KEY, evidence: place, environment, indexes }));
};

describe('checkIndexes', () => {
  test('passes valid indexes with the right columns, and keeps the plans as evidence', async () => {
    const { environment, place } = await prepared();
    const input = { key: KEY, evidence: place, environment, indexes: INDEXES };
    const report = await runActivity(() => activities.checkIndexes(input));
    expect(oks(report)).toEqual({ 'all-present': true, valid: true, columns: true, total: true, plans: true });
    const evidence = JSON.parse(await textOf(evidenceFile(place, report.evidence[0]?.path ?? '')));
    expect(evidence.plans[0]).toMatchObject({ name: 'pending', canUse: true });
  });

  test('an invalid index is not valid, and cannot be used', async () => {
    const report = await check(
      `update pg_index set indisvalid = false where indexrelid = 'ix_status_review'::regclass`,
    );
    expect(oks(report)).toEqual({ 'all-present': true, valid: false, columns: true, total: true, plans: false });
    expect(fact(report, 'valid')?.text).toContain('invalid: ix_status_review');
  });

  test('a wrong order of columns is named', async () => {
    const report = await check(
      'drop index ix_status_review; create index ix_status_review on plans (needs_review, status)',
    );
    expect(fact(report, 'columns')).toMatchObject({
      ok: false,
      text: expect.stringContaining('(needs_review, status)'),
    });
  });

  test('a missing index fails whatever depends on it', async () => {
    const report = await check('drop index ix_status_review');
    expect(oks(report)).toEqual({ 'all-present': false, valid: false, columns: false, total: false, plans: false });
  });

  test('a second statement in a query is refused and changes nothing', async () => {
    const sql = 'select 1; drop table plans';
    const indexes = { queries: [{ name: 'bad', sql, uses: 'ix_status_review' }] };
    await expect(check('select 1', indexes)).rejects.toMatchObject({ type: 'PreconditionFailed' });
  });
});

describe('backUpDatabase', () => {
  test('makes a dump that can be read whole, and publishes nothing else', async () => {
    const { environment, place } = await prepared();
    const report = await runActivity(() => activities.backUpDatabase({ key: KEY, evidence: place, environment }));
    expect(oks(report)).toEqual({ created: true, size: true, readable: true, stored: true });
    expect(report.evidence[0]).toMatchObject({ sha256: report.sha256, bytes: report.bytes });
    const again = await runActivity(() => activities.backUpDatabase({ key: KEY, evidence: place, environment }));
    expect(oks(again)).toEqual(oks(report));
    expect(
      (await readdir(join(place.store, 'd'), { recursive: true })).filter((name) => name.endsWith('.part')),
    ).toEqual([]);
    const password = await textOf(environment.database.password.slice('file:'.length));
    expect(JSON.stringify(report)).not.toContain(password.trim());
  });

  test('a dump that was cut is not readable', async () => {
    const { environment, place } = await prepared();
    const report = await runActivity(() => activities.backUpDatabase({ key: KEY, evidence: place, environment }));
    const file = evidenceFile(place, report.evidence[0]?.path ?? '');
    const cut = `${file}.cut`;
    writeFileSync(cut, readFileSync(file).subarray(0, Math.floor(report.bytes * 0.6)));
    const tools = await findDumpTools(1, []);
    const never = new AbortController().signal;
    expect(await readWhole(tools, cut, never)).toMatchObject({ readable: false });
    expect(await readWhole(tools, file, never)).toMatchObject({ readable: true });
  });

  test('a cancellation kills pg_dump and leaves no half dump', async () => {
    const { database, environment, place } = await prepared();
    const blocker = new pg.Client({ ...server.connection, database: database.name });
    await blocker.connect();
    try {
      await blocker.query('begin; lock table plans in access exclusive mode');
      const mock = mockWorker();
      const running = runActivity(() => activities.backUpDatabase({ key: KEY, evidence: place, environment }), mock);
      const dumping = `select 1 from pg_stat_activity where application_name = 'surefoot-backup' and wait_event_type = 'Lock'`;
      await eventually('pg_dump waits for the table', async () => (await server.query(database, dumping)).rowCount);
      mock.cancel();
      await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
      await blocker.query('rollback');
      expect((await readdir(place.store, { recursive: true })).filter((name) => name.includes('dump'))).toEqual([]);
    } finally {
      await blocker.end();
    }
  });

  test('a pg_dump older than the server is refused with what was found', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'pg_dump'), '#!/bin/sh\necho "pg_dump (PostgreSQL) 9.6.1"\n');
    chmodSync(join(folder, 'pg_dump'), 0o755);
    await expect(findDumpTools(99, [folder])).rejects.toThrow(/No pg_dump for PostgreSQL 99.*pg_dump \(9\)/);
  });
});

describe('reviewDatabase', () => {
  const review = (environment: Environment, evidence: { store: string; deployment: string }) =>
    runActivity(() => activities.reviewDatabase({ key: KEY, evidence, environment, indexes: INDEXES }));

  test('counts index scans, and says what is slow', async () => {
    const { database, environment, place } = await prepared();
    expect(oks(await review(environment, place))).toEqual({ 'slow-queries': true, 'index-use': false, locks: true });
    await server.query(database, `set enable_seqscan = off; ${INDEXES.queries[0]?.sql}; select pg_sleep(1.1)`);
    const report = await eventually('the scans are counted', async () => {
      const seen = await review(environment, place);
      return fact(seen, 'index-use')?.ok ? seen : undefined;
    });
    expect(fact(report, 'slow-queries')).toMatchObject({ ok: false, text: expect.stringContaining('pg_sleep') });
  });

  test('without pg_stat_statements slow queries are unknown, which is no pass', async () => {
    const { environment, place } = await prepared(TABLE.replace(/create extension.*/, ''));
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

  test('reads revision and indexes from the database', async () => {
    const { database, environment } = await prepared();
    const state = (expected: Parameters<typeof verify>[0]['expected']) =>
      runActivity(() => verify({ key: KEY, environment, healthPath: '/health', expected }));
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
    await server.query(database, `insert into alembic_version values ('other')`);
    expect(oks(await state({ revision: '5403edb1d087' }))).toEqual({ revision: false });
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
