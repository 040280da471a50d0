/** What checks of the team's own need is tried beforehand, and nothing is changed by it. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Database } from '../../src/contract/plan/environment.js';
import type { OwnCheck, OwnQuestion } from '../../src/contract/plan/own-checks.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { secretReferences } from '../../src/doctor/checks/credentials.js';
import { metricChecks } from '../../src/doctor/checks/metrics.js';
import { ownCheckChecks } from '../../src/doctor/checks/own-checks.js';
import { serverChecks } from '../../src/doctor/checks/servers.js';
import { loadPlan } from '../../src/plan/load.js';
import { startTestServer, type TestServer } from '../activities/postgres-server.js';
import { commandWith, environmentWith } from '../activities/support.js';
import { criterionWith } from '../helpers/criteria.js';
import { deadPort, serve } from '../helpers/server.js';
import { means } from './means.js';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 });

let postgres: TestServer;
let database: Database;
let plan: ResolvedPlan;
beforeAll(async () => {
  postgres = await startTestServer();
  database = await postgres.create('staging');
  await postgres.query(database, 'create table orders (id int); create sequence numbers');
  plan = { ...loadPlan('plans/minimal.yaml').resolved, watches: [] };
  plan.environments.staging = environmentWith({ database });
});
afterAll(() => postgres.stop());

const check = (asks: OwnQuestion): OwnCheck => ({
  ...{ id: 'own', title: 'Our own', environment: 'staging', timeout: 60_000 },
  asks,
});

/** The plan with one check, its application at this address. */
const planWith = (
  asks: OwnQuestion,
  { api = 'http://127.0.0.1:9', ...more }: Partial<ResolvedPlan> & { api?: string } = {},
) => ({
  ...plan,
  ...more,
  environments: { ...plan.environments, staging: { ...environmentWith(plan.environments.staging), api } },
  checks: { staging: [check(asks)] },
});

async function tried(asked: ResolvedPlan) {
  const context = { plan: asked, at: Date.now() };
  const all = [...ownCheckChecks(context), ...metricChecks(context), ...serverChecks(context)];
  const own = all.filter(({ step }) => step.startsWith('own'));
  return (await Promise.all(own.map(async (one) => one.run(await means())))).flat();
}

const sql = (query: string): OwnQuestion => ({
  kind: 'sql',
  query,
  expect: { value: { comparison: '=', operand: '0' } },
});

test('a query is planned and not run', async () => {
  expect(await tried(planWith(sql('select count(*) from orders')))).toEqual([
    { name: 'own', ok: true, text: 'staging: the query of own can be run' },
  ]);
  expect(await tried(planWith(sql(`select nextval('numbers'), pg_sleep(60)`)))).toMatchObject([{ ok: true }]);
  const { rows } = await postgres.query(database, 'select is_called from numbers');
  expect(rows).toEqual([{ is_called: false }]);
});

test('a query that the database refuses is told, and what a migration may make is no failure', async () => {
  for (const query of [
    'select 1; drop table orders',
    'with gone as (delete from orders returning 1) select 1 from gone',
  ]) {
    expect(await tried(planWith(sql(query)))).toMatchObject([{ ok: false, text: expect.stringContaining('refuses') }]);
  }
  const unknown = sql('select count(*) from order_lines');
  expect(await tried(planWith(unknown))).toMatchObject([{ ok: false, text: expect.stringContaining('order_lines') }]);
  const { migration } = loadPlan('plans/orders-node.yaml').resolved;
  expect(await tried(planWith(unknown, { migration }))).toContainEqual(
    expect.objectContaining({ ok: true, note: true, text: expect.stringContaining('unless the migration makes it') }),
  );
});

test('a request is made by GET, whatever the answer is, and none by POST', async () => {
  const server = await serve((_, response) => response.writeHead(404).end());
  const http = (method: 'GET' | 'POST'): OwnQuestion => ({
    kind: 'http',
    request: { id: 'own', title: 'Our own', method, path: '/v2', query: {}, login: false, status: 200 },
  });
  expect(await tried(planWith(http('GET'), { api: server.url }))).toMatchObject([
    { ok: true, text: expect.stringContaining('answers now with 404 Not Found') },
  ]);
  expect(await tried(planWith(http('POST'), { api: server.url }))).toMatchObject([{ ok: true, note: true }]);
  expect(server.requests).toEqual(['GET /v2']);
  const api = `http://127.0.0.1:${await deadPort()}`;
  expect(await tried(planWith(http('GET'), { api }))).toMatchObject([
    { ok: false, text: expect.stringContaining('connection refused') },
  ]);
});

test('a metric is sampled, and its credential looked for', async () => {
  const server = await serve((_, response) => void response.end('errors 5\n'));
  const criterion = criterionWith({ id: 'few', metric: 'errors', unit: '%' });
  const source = {
    kind: 'scrape',
    url: `${server.url}/metrics`,
    window: 60_000,
    read: { gauge: { name: 'errors' } },
  } as const;
  const asks: OwnQuestion = {
    kind: 'metric',
    metric: { name: 'errors', title: 'Errors', unit: '%', source },
    criterion,
  };
  expect(await tried(planWith(asks))).toMatchObject([{ name: 'errors', ok: true, text: 'errors (Errors): 5 %' }]);
  const place = { api: server.url, token: 'env:TOKEN_OF_A_CHECK' };
  const secret = { kind: 'prometheus', place, query: 'up', window: 60_000, resolution: 15_000, delay: 0 } as const;
  const asked = planWith({ ...asks, metric: { ...asks.metric, source: secret } });
  expect(secretReferences(asked)).toContainEqual({ reference: 'env:TOKEN_OF_A_CHECK', step: 'own' });
});

test('a program is looked for', async () => {
  const command = (program: string): OwnQuestion => ({
    kind: 'command',
    command: commandWith([program]),
    expect: { exitCodes: [0] },
  });
  expect(await tried(planWith(command('sh')))).toMatchObject([{ name: 'staging-program:sh', ok: true }]);
  expect(await tried(planWith(command('no-such-program')))).toMatchObject([{ ok: false }]);
});
