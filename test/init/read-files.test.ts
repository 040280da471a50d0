/** What the files of a service say of it, and that what can't be read is said. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lookAround } from '../../src/init/found-files.js';
import {
  readCompose,
  readMigrationSettings,
  readOpenapi,
  readPackage,
  readRules,
  serviceName,
} from '../../src/init/read-files.js';
import { loadPlan } from '../../src/plan/load.js';
import { FILES, initialize, serviceWith } from './written.js';

const text = (name: string) => FILES[name] ?? '';

test('each file says what it knows', () => {
  expect(readMigrationSettings(text('alembic.ini'))).toEqual({ migrationTool: 'alembic' });
  expect(readPackage(text('package.json'))).toEqual({ service: 'shop', github: 'example/shop', migrationTool: 'knex' });
  expect(readCompose(text('docker-compose.yml'))).toEqual({ service: 'web', port: 8000, database: 'shop_live' });
  expect(readOpenapi(text('openapi.json'))).toEqual({ health: '/api/healthz', page: '/articles' });
  expect(readRules(text('ops/alerts.yml')).alerts?.map(({ alert, fires, series }) => [alert, fires, series])).toEqual([
    ['ErrorRate', '> 0.02', 'http_requests_total'],
    ['Latency P95', '> 3', 'http_request_duration_seconds_bucket'],
  ]);
});

test.each([
  ['"127.0.0.1:8080:80"', 8080],
  ['"8080:80/tcp"', 8080],
  ['{ published: 8080, target: 80 }', 8080],
  [`"\${PORT}:80"`, undefined],
])('a published port is read however it is written: %s', (written, port) => {
  expect(readCompose(`services: { web: { build: ., ports: [${written}] } }`).port).toBe(port);
});

test('scripts of the service’s own are taken where they can be called, each by its name in the usual folders', () => {
  const script = '#!/bin/sh\n';
  const folder = serviceWith({
    'deploy.sh': script,
    'docs/deploy.md': '# Deploying',
    'scripts/logs': 'not executable',
    'ops/logs.sh': script,
    'bin/migrate': script,
  });
  const { found, read } = lookAround(folder);
  expect(found).toMatchObject({ deployScript: './deploy.sh', logsScript: 'ops/logs.sh' });
  expect(read).toEqual(['deploy.sh', 'ops/logs.sh']);
  const { plan } = initialize({ 'bin/deploy': script, 'scripts/logs.sh': script });
  const { commands } = loadPlan(plan).resolved;
  expect([commands.deploy, commands.logs]).toMatchObject([
    { run: ['bin/deploy', '{environment}', '{version}'], folder: join(dirname(plan), '..') },
    { run: ['scripts/logs.sh', '{environment}'] },
  ]);
});

test('a secret beside the database’s name is not taken, nor a name that is filled in later', () => {
  const compose = (database: string) =>
    `services: { db: { image: "postgres:16", environment: { POSTGRES_DB: "${database}", POSTGRES_PASSWORD: hidden } } }`;
  expect(JSON.stringify(readCompose(compose('shop')))).not.toContain('hidden');
  expect(readCompose(compose('$NAME')).database).toBe('postgres');
});

test('what there is and can’t be read is told, and is not taken for nothing', () => {
  const folder = serviceWith({ 'package.json': '{ "name": ', 'openapi.json': '[]', 'docker-compose.yml': 'a: [' });
  const { unread, found } = lookAround(folder);
  expect(unread.map(({ file }) => file)).toEqual(['package.json', 'docker-compose.yml']);
  expect(unread.every(({ reason }) => reason !== '')).toBe(true);
  expect(found).toEqual({ service: 'shop' });
});

test('the checklist is the one with the most boxes among those that are about releases', () => {
  const boxes = (count: number) => '- [ ] a\n'.repeat(count);
  const folder = serviceWith({
    'README.md': boxes(9),
    'docs/deploy.md': boxes(4),
    'docs/release-checklist.md': boxes(5),
    'node_modules/other/release-checklist.md': boxes(50),
  });
  expect(lookAround(folder).checklist?.file).toBe(join(folder, 'docs/release-checklist.md'));
  writeFileSync(join(folder, 'mine.md'), boxes(1));
  expect(lookAround(folder, join(folder, 'mine.md')).checklist?.text).toBe(boxes(1));
});

test('a named checklist without a box is refused', () => {
  const folder = serviceWith({ 'mine.md': '# Nothing\n' });
  expect(() => lookAround(folder, join(folder, 'mine.md'))).toThrow('holds no box');
});

test('a service’s name is one that a plan takes, or there is none', () => {
  fc.assert(
    fc.property(fc.string(), (words) => {
      const name = serviceName(words);
      expect(name === undefined || /^[a-z][a-z0-9-]{0,39}$/.test(name)).toBe(true);
    }),
  );
  expect(serviceName('@example/Shop API')).toBe('shop-api');
});

test('whatever stands in a file, reading it ends with what it says or with a reason', () => {
  const anyText = fc.oneof(
    fc.string(),
    fc.json(),
    fc.json().map((json) => `{"services": ${json}, "paths": ${json}, "groups": [${json}]}`),
  );
  fc.assert(
    fc.property(anyText, (written) => {
      const folder = serviceWith(Object.fromEntries(Object.keys(FILES).map((name) => [name, written])));
      expect(lookAround(folder).found.service).toMatch(/^[a-z]/);
    }),
    { numRuns: 50 },
  );
});
