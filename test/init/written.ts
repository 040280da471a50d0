/** What `surefoot init` writes for a service of which some files are there. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lookAround } from '../../src/init/found-files.js';
import { prepare, usualAnswers, writeFiles } from '../../src/init/init.js';
import type { MadeFiles } from '../../src/init/make-files.js';

export interface Written extends MadeFiles {
  folder: string;
  plan: string;
  bindings: string;
  scenario: string;
}

/** A folder with these files, by their paths in it. */
export function serviceWith(files: Record<string, string>): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'surefoot-init-')), 'shop');
  mkdirSync(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return folder;
}

/** @param staging whether there is such a place */
export function initialize(
  files: Record<string, string>,
  { staging = true, from }: { staging?: boolean; from?: string } = {},
): Written {
  const folder = serviceWith(files);
  const out = join(folder, 'surefoot');
  const around = lookAround(folder, from);
  const { staging: address, ...answers } = usualAnswers(around);
  const made = prepare(around, staging ? { ...answers, staging: address } : answers, { folder, out });
  const [plan = '', bindings = '', scenario = ''] = writeFiles(made.files, out);
  return { ...made, folder, plan, bindings, scenario };
}

/** Files as services have them, each of which may be there or not. */
export const FILES: Record<string, string> = {
  'alembic.ini': '[alembic]\nscript_location = migrations\n',
  'package.json': JSON.stringify({
    name: '@example/shop',
    repository: { type: 'git', url: 'git+https://github.com/example/shop.git' },
    dependencies: { knex: '3.1.0' },
  }),
  'docker-compose.yml': [
    'services:',
    '  web:',
    '    build: .',
    '    ports: ["8000:80"]',
    '  database:',
    '    image: postgres:16',
    '    environment: [POSTGRES_DB=shop_live, POSTGRES_PASSWORD=only-for-development]',
    '',
  ].join('\n'),
  'openapi.json': JSON.stringify({
    openapi: '3.1.0',
    paths: {
      '/articles/{id}': { get: { responses: { 200: {} } } },
      '/account': { get: { security: [{ token: [] }], responses: { 200: {} } } },
      '/articles': { get: { responses: { 200: {} } }, post: { responses: { 201: {} } } },
      '/api/healthz': { get: { responses: { 200: {} } } },
    },
  }),
  'ops/alerts.yml': [
    'groups:',
    '  - name: shop',
    '    rules:',
    '      - record: shop:requests',
    '        expr: sum(rate(http_requests_total[5m]))',
    '      - alert: ErrorRate',
    '        expr: sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.02',
    '      - alert: Latency P95',
    '        expr: histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 3',
    '      - alert: Gone',
    '        expr: absent(up{job="shop"})',
    '',
  ].join('\n'),
  'bin/deploy': '#!/bin/sh\n',
  'scripts/logs.sh': '#!/bin/sh\n',
  '.git/HEAD': 'ref: refs/heads/main\n',
};
