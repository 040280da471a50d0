import { readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { createIndexActivities } from '../../../src/activities/postgres/indexes.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import type { IndexUse } from '../../../src/contract/activities/postgres.js';
import type { Database, Environment } from '../../../src/contract/plan/environment.js';
import type { IndexExpectations } from '../../../src/contract/plan/migration.js';
import type { StepReport } from '../../../src/domain/evidence.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { environmentWith, runActivity, temporaryFolder, textOf } from '../support.js';
import { INDEXES, TABLE } from './indexed-table.js';

vi.setConfig({ testTimeout: 40_000, hookTimeout: 120_000 });

const KEY = { deployment: 'd', step: 'staging.indexes', generation: 1 };

const activities = createIndexActivities();
const fact = (report: StepReport, name: string) => report.facts.find((one) => one.name === name);
const oks = (report: StepReport) => Object.fromEntries(report.facts.map(({ name, ok }) => [name, ok]));

let server: TestServer;
let count = 0;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.stop());

interface Prepared {
  database: Database;
  environment: Environment;
  place: { store: string; deployment: string };
}

async function prepared(sql = TABLE): Promise<Prepared> {
  count += 1;
  const database = await server.create(`i${count}`);
  await server.query(database, sql);
  return { database, environment: environmentWith({ database }), place: { store: temporaryFolder(), deployment: 'd' } };
}

const checkOf = ({ environment, place }: Prepared, changes: Partial<IndexExpectations> = {}) =>
  runActivity(() =>
    activities.checkIndexes({ key: KEY, evidence: place, environment, indexes: { ...INDEXES, ...changes } }),
  );

const check = async (sql: string, changes: Partial<IndexExpectations> = {}) => {
  const at = await prepared();
  await server.query(at.database, sql);
  return checkOf(at, changes);
};

describe('checkIndexes', () => {
  test('passes valid indexes with the right columns, and keeps the plans as evidence', async () => {
    const at = await prepared();
    const report = await checkOf(at);
    expect(oks(report)).toEqual({ 'all-present': true, valid: true, columns: true, total: true, plans: true });
    const evidence = JSON.parse(await textOf(evidenceFile(at.place, report.evidence[0]?.path ?? '')));
    expect(evidence.plans[0]).toMatchObject({ name: 'pending', uselessFor: [] });
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

  test.each([[undefined], [['1']]])(
    'a second statement in a query is refused and changes nothing (parameters: %j)',
    async (parameters) => {
      const queries = [{ name: 'bad', sql: 'select 1; drop table plans', parameters, uses: 'ix_status_review' }];
      await expect(check('select 1', { queries })).rejects.toMatchObject({ type: 'PreconditionFailed' });
    },
  );

  test('a query with parameters is planned for its values and for any values', async () => {
    const sql = 'select * from plans where status = $1';
    // Most plans have one status: for that one the index is no help, for any it would be.
    const skewed = `update plans set status = 'common' where id > 100; analyze plans`;
    const queries = [{ name: 'by status', sql, parameters: ['common'], uses: 'ix_status_review' }];
    const report = await check(skewed, { queries });
    expect(fact(report, 'plans')).toMatchObject({
      ok: true,
      text: expect.stringMatching(
        /can use ix_status_review; chosen: Seq Scan on plans \(for any values: .*ix_status_review/,
      ),
    });
  });

  test('an index that only serves some values is of no use to the plan for any values, and that is said', async () => {
    const partial = `drop index ix_status_review; create index ix_status_review on plans (status, needs_review) where status = 'state 1'`;
    const queries = [
      {
        name: 'by status',
        sql: 'select * from plans where status = $1',
        parameters: ['state 1'],
        uses: 'ix_status_review',
      },
    ];
    expect(fact(await check(partial, { queries }), 'plans')).toMatchObject({
      ok: false,
      text: expect.stringContaining('cannot use ix_status_review in its generic plan'),
    });
  });

  test('a value that ends a literal stays a value', async () => {
    const queries = [
      {
        name: 'odd',
        sql: 'select * from plans where status = $1',
        parameters: [`'); drop table plans; --`],
        uses: 'ix_status_review',
      },
    ];
    expect(fact(await check('select 1', { queries }), 'plans')).toMatchObject({ ok: true });
  });
});

describe('checkIndexUse', () => {
  const use = (
    { environment, place }: Prepared,
    baseline: IndexUse | undefined,
    { advisory = false, by = activities } = {},
  ) =>
    runActivity(() =>
      by.checkIndexUse({ key: KEY, evidence: place, environment, indexes: INDEXES, baseline, advisory }),
    );
  const QUERY = `set enable_seqscan = off; ${INDEXES.queries[0]?.sql}`;

  test('counts from the baseline, and waits for counters that come late', async () => {
    const at = await prepared();
    await server.query(at.database, QUERY);
    const { use: baseline } = await checkOf(at);
    const session = new pg.Client({ ...server.connection, database: at.database.name });
    await session.connect();
    // The session goes on: its count is told by the server only when it next reports.
    await session.query(QUERY);
    const report = await use(at, baseline);
    await session.end();
    expect(fact(report, 'used')).toMatchObject({
      ok: true,
      text: expect.stringMatching(/^scans since the deploy: ix_status_review: [1-9]/),
    });
  });

  test('an index that was used before the deploy and not since is not used, which in the first minutes is only told', async () => {
    const at = await prepared();
    await server.query(at.database, QUERY);
    const { use: baseline } = await checkOf(at);
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const { use: settled } = await checkOf(at);
    expect(settled.scans.ix_status_review).toBeGreaterThanOrEqual(1);
    expect(baseline.reset).toBe(settled.reset);
    // Nothing is to come: nobody wants to wait for it.
    const by = createIndexActivities(1_500);
    const [failed, told] = await Promise.all([use(at, settled, { by }), use(at, settled, { by, advisory: true })]);
    expect(failed?.facts).toEqual([
      { name: 'used', ok: false, text: 'ix_status_review not used; scans since the deploy: ix_status_review: 0' },
    ]);
    expect(told?.facts).toMatchObject([{ name: 'used', ok: false, advisory: true }]);
  });

  test('is not known when the statistics were reset, when there is no baseline, or when the index is gone', async () => {
    const at = await prepared();
    const { use: baseline } = await checkOf(at);
    expect(fact(await use(at, undefined), 'used')).toMatchObject({
      ok: false,
      text: expect.stringContaining('not known'),
    });
    await server.query(at.database, 'select pg_stat_reset()');
    const { text } = fact(await use(at, baseline), 'used') ?? { text: '' };
    expect(text).toContain('statistics were reset');
    const { use: fresh } = await checkOf(at);
    await server.query(at.database, 'drop index ix_status_review');
    expect(fact(await use(at, fresh), 'used')).toMatchObject({ ok: false, text: expect.stringContaining('missing') });
  });
});

test('the shipped plan gives every query as many values as it has parameters', () => {
  const file = new URL('../../../plans/eduautismo-performance.yaml', import.meta.url);
  const { indexes } = parse(readFileSync(file, 'utf8')) as { indexes: IndexExpectations };
  expect(indexes.queries.map(({ sql, parameters = [] }) => [/\$1/.test(sql), parameters.length])).toEqual([
    [false, 0],
    [true, 1],
    [true, 1],
    [true, 1],
  ]);
});
