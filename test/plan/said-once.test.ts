/** What would be the same everywhere is said once, or not at all. */
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { loadPlan } from '../../src/plan/load.js';
import { problemsOf, write } from './plan-files.js';

const HEAD = `surefoot: 1
service: parcels
hosts:
  staging-api: https://parcels.staging.example.com
  staging-server: ssh://deploy@parcels.staging.example.com
  staging-database: postgresql://parcels@db.staging.example.com/parcels
  production-api: https://parcels.example.com
  production-server: ssh://deploy@parcels.example.com
  production-database: postgresql://parcels@db.example.com/parcels
credentials:
  staging-database: env:STAGING
  production-database: env:PRODUCTION
  staging-test: env:STAGING_TEST
  production-test: env:PRODUCTION_TEST
folders: { service: ../parcels, application: /srv/parcels }
release: { repository: service, branch: main, target: v2, previous: v1 }
`;
const TAIL = `
commands:
  deploy: { run: [bin/deploy, "{environment}", "{version}"] }
  logs: { run: [bin/logs, "{environment}"] }
logs: { critical: ERROR }
health: { path: /status }
metrics: { down: { title: Down, unit: count, source: health, read: down } }
criteria: { gone: { title: Gone, metric: down, breach: "> 0 count", for: 1m, tier: rollback, rollback: code } }
watches: [{ id: watch-1h, title: An hour, duration: 1h, tick: 1m, criteria: [gone] }]
backup: {}
migration:
  tool: parcels
  current: { run: [bin/migrate, current], on: server }
  upgrade: { run: [bin/migrate, up], on: server }
  downgrade: { run: [bin/migrate, down, "{revision}"], on: server }
`;
const login = (environment: string) =>
  `{ path: /token, username: checks, password: ${environment}-test, also: { from: ${environment} } }`;
const alone = (environment: string) =>
  `  ${environment}:
    api: ${environment}-api
    server: ${environment}-server
    application: application
    database: { host: ${environment}-database }
    login: ${login(environment)}
`;
const EACH = `environments:\n${alone('staging')}${alone('production')}`;
const BOTH = `environments:
  both:
    api: "{environment}-api"
    server: "{environment}-server"
    application: application
    database: { host: "{environment}-database" }
    login: ${login('{environment}').replaceAll('{environment}-test', '"{environment}-test"').replaceAll('from: {environment}', 'from: "{environment}"')}
  staging: {}
  production: {}
`;
const plan = (environments: string, edit: (text: string) => string = (text) => text) =>
  write('plan.yaml', edit(HEAD + environments + TAIL));
const told = (file: string) =>
  problemsOf(() => loadPlan(file)).map(({ path, line, message }) => ({ path, line, message }));
const lineOf = (file: string, passage: string) =>
  (HEAD + BOTH + file).split('\n').findIndex((line) => line.includes(passage)) + 1;

test('what both environments have alike is the same plan as when each says it', () => {
  expect(loadPlan(plan(BOTH)).resolved.environments).toEqual(loadPlan(plan(EACH)).resolved.environments);
  const { staging, production } = loadPlan(plan(BOTH)).resolved.environments;
  expect(staging?.login).toMatchObject({ password: 'env:STAGING_TEST', also: { from: 'staging' } });
  expect(production.database).toMatchObject({ host: 'db.example.com', password: 'env:PRODUCTION' });
});

test('an environment’s own key counts, and one that is named without a word has all of both', () => {
  const file = plan(BOTH, (text) =>
    text.replace('  staging: {}\n', '  staging:\n').replace('production: {}', 'production: { api: staging-api }'),
  );
  const { staging, production } = loadPlan(file).resolved.environments;
  expect(production.api).toBe('https://parcels.staging.example.com');
  expect(production.server.kind).toBe('ssh');
  expect(staging?.api).toBe('https://parcels.staging.example.com');
});

test('an environment that is not named is not there, whatever both say', () => {
  const without = (text: string) => text.replace('  staging: {}\n', '').replace('backup: {}\n', '');
  const file = plan(BOTH, without);
  const { environments } = loadPlan(file).resolved;
  expect(Object.keys(environments)).toEqual(['production']);
  expect(told(plan(BOTH, (text) => text.replace('  production: {}\n', '')))).toEqual([
    expect.objectContaining({ path: 'environments.production', message: '`production` is missing' }),
  ]);
});

test('a mistake in what both say is told once, where it stands', () => {
  const misspelt = plan(BOTH, (text) => text.replace('    server: "', '    sever: "'));
  expect(told(misspelt)).toEqual([
    { path: 'environments.staging.sever', line: lineOf('', 'server: "'), message: '`sever` is not a known key' },
  ]);
  const unknown = plan(BOTH, (text) => text.replace('"{environment}-api"', '"{environment}-app"'));
  const line = lineOf('', 'api: "{environment}');
  expect(told(unknown)).toEqual([
    { path: 'environments.staging.api', line, message: 'There is no host `staging-app`' },
    { path: 'environments.production.api', line, message: 'There is no host `production-app`' },
  ]);
  expect(told(plan(BOTH, (text) => text.replace('    api: "{environment}-api"\n', '')))).toEqual([
    expect.objectContaining({ path: 'environments.staging.api', message: '`api` is missing' }),
    expect.objectContaining({ path: 'environments.production.api', message: '`api` is missing' }),
  ]);
});

test('a command that names no folder runs in the repository, on the server in the application’s folder', () => {
  const file = plan(BOTH);
  const { commands, migration } = loadPlan(file).resolved;
  expect(commands.deploy.folder).toBe(join(dirname(dirname(file)), 'parcels'));
  expect(migration?.upgrade).toMatchObject({ on: 'server', folder: '{application}' });
  const nowhere = plan(BOTH, (text) => text.replace('    application: application\n', ''));
  expect(told(nowhere).map(({ path, message }) => `${path}: ${message}`)).toContain(
    'migration.current.on: Needs `environments.staging.application`, which this plan does not have: name it, or leave this out',
  );
});

test('without a repository it runs beside the plan', () => {
  const file = plan(BOTH, (text) => text.replace('repository: service, branch: main, ', ''));
  expect(loadPlan(file).resolved.commands.deploy.folder).toBe(dirname(file));
});

test('every command of the worker may leave its folder out', () => {
  const file = plan(BOTH, (text) =>
    text
      .replace('path: /status', 'path: /status, version: { command: { run: [bin/version] } }')
      .replace('source: health, read: down', 'source: command, command: { run: [bin/queue] }')
      .replaceAll(/login: .*/g, 'login: { kind: command, command: { run: [bin/token] } }'),
  );
  const { environments, watches } = loadPlan(file).resolved;
  const folder = join(dirname(dirname(file)), 'parcels');
  expect(environments.production.health?.version).toMatchObject({ command: { folder } });
  expect(environments.production.login).toMatchObject({ command: { folder } });
  expect(watches[0]?.metrics[0]?.source).toMatchObject({ command: { folder } });
});

test('times that are not said are those that deployments usually take', () => {
  const { commands, migration, watches } = loadPlan(plan(BOTH)).resolved;
  const minutes = (count: number) => count * 60_000;
  expect([commands.deploy.timeout, commands.logs?.timeout]).toEqual([minutes(10), minutes(1)]);
  expect([migration?.current?.timeout, migration?.upgrade.timeout]).toEqual([minutes(1), minutes(10)]);
  expect(migration).toMatchObject({ lockTimeout: 5_000, statementTimeout: minutes(1), within: minutes(5) });
  expect(watches[0]?.metrics[0]?.source).toMatchObject({ window: minutes(1) });
  expect(loadPlan(plan(BOTH)).resolved.healthWithin).toBe(minutes(2));
});
