/** A small world in which the shipped plan can be carried out: real PostgreSQL, real git, real HTTP on the loopback. */

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Database } from '../../src/contract/plan/environment.js';
import { startTestServer, type TestServer as TestPostgres } from '../activities/postgres-server.js';
import { json, readBody, serve, type TestServer } from '../helpers/server.js';
import { loadWhole, type WholePlan } from '../helpers/whole-plan.js';
import { SHIPPED } from '../plan/plan-files.js';

export const PASSWORD = 'login-password-not-to-be-seen';

export interface World {
  folder: string;
  bindings: string;
  plan: () => WholePlan;
  postgres: TestPostgres;
  databases: { staging: Database; production: Database };
  api: TestServer;
  productionApi: TestServer;
  slack: TestServer;
  stop: () => Promise<void>;
}

/** The upper bounds of the latency histogram, seconds. */
export const BUCKETS = { highest: 60 };

export async function startWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-doctor-world-'));
  const postgres = await startTestServer();
  const databases = { staging: await postgres.create('staging'), production: await postgres.create('production') };
  for (const database of Object.values(databases)) {
    await postgres.query(database, 'create extension pg_stat_statements');
    await postgres.query(database, `create table alembic_version as select '1f0' as version_num`);
    await postgres.query(database, 'create table intervention_plans as select generate_series(1, 1000) as id');
  }
  const ends: (() => Promise<void>)[] = [];
  const api = await serve(application(), (end) => ends.push(end));
  const productionApi = await serve(application(), (end) => ends.push(end));
  const slack = await serve(
    (request, response) => {
      const known = request.headers.authorization === 'Bearer xoxb-good-token';
      if (request.url !== '/api/auth.test') json(response, { ok: false, error: 'unknown_method' });
      else json(response, known ? { ok: true, url: 'x', team: 't' } : { ok: false, error: 'invalid_auth' });
    },
    (end) => ends.push(end),
  );
  prepareMachine(folder);
  const bindings = writeBindings(folder, {
    databases,
    api: api.url,
    productionApi: productionApi.url,
    slack: slack.url,
  });
  return {
    folder,
    bindings,
    plan: () => loadWhole(SHIPPED, { bindings }),
    postgres,
    databases,
    api,
    productionApi,
    slack,
    stop: async () => {
      for (const end of ends) await end();
      await postgres.stop();
    },
  };
}

/** Health, login, and a page of metrics that grows with every look. */
function application(): (request: IncomingMessage, response: ServerResponse) => void {
  let looks = 0;
  return (request, response) => {
    if (request.url === '/health') return json(response, { version: 'v1.2.3', started_at: 'then', in_flight: 0 });
    if (request.url === '/metrics') {
      looks += 1;
      return void response.writeHead(200, { 'content-type': 'text/plain' }).end(page(looks * 100));
    }
    if (request.url === '/api/v1/auth/login') {
      return void readBody(request).then((body) => {
        const right = (JSON.parse(body) as { password: string }).password === PASSWORD;
        json(response, right ? { access_token: 'a-token' } : { detail: 'no' }, right ? 200 : 401);
      });
    }
    json(response, {}, 404);
  };
}

function page(count: number): string {
  const path = 'path="/api/v1/plans"';
  const bounds = [...new Set([0.1, 1, 10, BUCKETS.highest])];
  return [
    `http_requests_total{${path},status="200"} ${count}`,
    ...[...bounds, '+Inf'].map((le) => `http_request_duration_seconds_bucket{${path},le="${le}"} ${count}`),
    `http_request_duration_seconds_sum{${path}} ${count / 20}`,
    `http_request_duration_seconds_count{${path}} ${count}`,
    `process_cpu_seconds_total ${count / 1e6}`,
    'process_resident_memory_bytes 4e8',
    'app_memory_limit_bytes 1e9',
    'db_pool_in_use 2',
    'db_pool_size 20',
    '',
  ].join('\n');
}

const SCRIPTS = [
  'deploy.sh',
  'wait_for_health.sh',
  'tail_logs.sh',
  'maintenance_mode.sh',
  'restart_service.sh',
  'restart_workers.sh',
  'monitor_db.sh',
  'generate_metrics_report.sh',
];

/** Revision files as alembic has them. */
export const MIGRATION = (downgrade: string) =>
  ['revision: str = "5403edb1d087"', '', 'def upgrade() -> None:', '    op.create_index("ix")', '', downgrade, ''].join(
    '\n',
  );
export const GOOD_DOWNGRADE = 'def downgrade() -> None:\n    op.drop_index("ix")';

function prepareMachine(folder: string): void {
  const write = (path: string, content: string, mode = 0o644) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content, { mode });
  };
  // None of these may be run by a doctor, but for the log.
  for (const script of SCRIPTS) write(`scripts/${script}`, `#!/bin/sh\ntouch '${folder}/was-run-${script}'\n`, 0o755);
  write('scripts/tail_logs.sh', '#!/bin/sh\necho all is well\n', 0o755);
  const alembic = 'case "$1" in current) echo 1f0;; heads) echo "5403edb1d087 (head)";; *) touch was-migrated;; esac';
  write('tools/alembic', `#!/bin/sh\n${alembic}\n`, 0o755);
  mkdirSync(join(folder, 'application'));
  mkdirSync(join(folder, 'evidence'));
  for (const [name, content] of Object.entries({ login: PASSWORD, slack: 'xoxb-good-token', pager: 'routing-key' })) {
    write(`secrets/${name}`, content, 0o600);
  }
  const repository = join(folder, 'repository');
  const git = (...words: string[]) =>
    execFileSync('git', ['-c', 'user.name=Ana', '-c', 'user.email=ana@example.com', '-C', repository, ...words], {
      encoding: 'utf8',
    });
  mkdirSync(join(repository, 'ops'), { recursive: true });
  git('init', '--quiet', '--initial-branch', 'main');
  git('commit', '--quiet', '--allow-empty', '--message', 'first');
  git('tag', 'v1.2.3');
  git('checkout', '--quiet', '-b', 'perf/optimize-intervention-plans');
  for (const script of ['validate_performance_indexes.py', 'load_test_pending_review.py']) {
    write(`repository/backend/scripts/${script}`, '');
  }
  write('repository/backend/alembic/versions/20251124_1151_5403edb1d087.py', MIGRATION(GOOD_DOWNGRADE));
  copyFileSync('sandbox/target/releases/main/ops/alerts.yml', join(repository, 'ops/alerts.yml'));
  git('add', '.');
  git('commit', '--quiet', '--message', 'second');
  git('checkout', '--quiet', 'main');
  const trailers = 'Reviewed-by: Bruno <bruno@example.com>\nApproved-by: Bruno <bruno@example.com>';
  git('merge', '--quiet', '--no-ff', '--message', `merged\n\n${trailers}`, 'perf/optimize-intervention-plans');
  const tests = '<testsuites><testsuite tests="2"><testcase name="a"/><testcase name="b"/></testsuite></testsuites>';
  write('test-reports/junit.xml', tests);
  write('test-reports/junit.xml.commit', git('rev-parse', 'main').trim());
  chmodSync(folder, 0o755);
}

function writeBindings(
  folder: string,
  world: { databases: Record<'staging' | 'production', Database>; api: string; productionApi: string; slack: string },
): string {
  const { staging, production } = world.databases;
  const url = ({ user, host, port }: Database, name: string) => `postgresql://${user}@${host}:${port}/${name}`;
  const inFolder = (name: string) => join(folder, name);
  const bindings = {
    surefoot: 1,
    hosts: {
      'staging-api': world.api,
      'production-api': world.productionApi,
      'staging-server': 'local:',
      'production-server': 'local:',
      'staging-database': url(staging, staging.name),
      'production-database': url(production, production.name),
      'scratch-database': url(staging, 'postgres'),
      backups: `file:${inFolder('backups')}`,
      slack: world.slack,
      pagerduty: world.slack,
      'temporal-ui': world.slack,
    },
    credentials: {
      'staging-database': staging.password,
      'production-database': production.password,
      'scratch-database': staging.password,
      'staging-test': `file:${inFolder('secrets/login')}`,
      'production-test': `file:${inFolder('secrets/login')}`,
      slack: `file:${inFolder('secrets/slack')}`,
      'devops-on-call': `file:${inFolder('secrets/pager')}`,
      'dba-on-call': `file:${inFolder('secrets/pager')}`,
    },
    folders: {
      repository: inFolder('repository'),
      scripts: inFolder('scripts'),
      'test-reports': inFolder('test-reports'),
      'staging-application': inFolder('application'),
      'production-application': inFolder('application'),
      'staging-tools': inFolder('tools'),
      'production-tools': inFolder('tools'),
      evidence: inFolder('evidence'),
    },
  };
  const file = inFolder('bindings.yaml');
  writeFileSync(file, stringify(bindings));
  return file;
}
