/** The plan of the sweep: each kind of step that has a worker or a recorder to kill, on a target of a few scripts. */
import { stringify } from 'yaml';
import type { TestServer } from '../activities/postgres-server.js';

export const PATHS = ['happy', 'code', 'migration', 'full'] as const;
export type Path = (typeof PATHS)[number];

export const ENVIRONMENTS = ['staging', 'production'] as const;
export const RELEASE = { target: 'v2.0.0', previous: 'v1.9.0' };
export const REVISIONS = { base: 'r1', head: 'r2' };

interface Machines {
  /** Scripts, journal and versions. */
  folder: string;
  urls: Record<(typeof ENVIRONMENTS)[number], string>;
  connection: TestServer['connection'];
  passwordFile: string;
  databases: Record<(typeof ENVIRONMENTS)[number] | 'scratch', string>;
}

const WAYS_BACK = ['code', 'migration', 'full'] as const;
const command = (script: string, ...words: string[]) => ({
  run: [`./${script}`, ...words],
  in: 'target',
  timeout: '1m',
});

export function planText({ folder, urls, connection, passwordFile, databases }: Machines): string {
  const { host, port, user } = connection;
  const database = (name: keyof Machines['databases']) => `postgresql://${user}@${host}:${port}/${databases[name]}`;
  const environment = (name: (typeof ENVIRONMENTS)[number]) => ({
    api: `${name}-api`,
    server: 'server',
    application: 'target',
    database: { host: `${name}-database`, password: 'database' },
  });
  const watch = { duration: '3m', tick: '1m', criteria: WAYS_BACK.map((way) => `broken-${way}`) };
  const plan = {
    surefoot: 1,
    service: 'sweep',
    hosts: {
      'staging-api': urls.staging,
      'production-api': urls.production,
      server: 'local:',
      'staging-database': database('staging'),
      'production-database': database('production'),
      'scratch-database': database('scratch'),
    },
    credentials: { database: `file:${passwordFile}` },
    folders: { target: folder, evidence: `${folder}/evidence` },
    evidence: 'evidence',
    release: RELEASE,
    environments: { staging: environment('staging'), production: environment('production') },
    backup: { scratch: { host: 'scratch-database', password: 'database' } },
    commands: {
      deploy: command('deploy', '{environment}', '{version}'),
      maintenanceOn: command('maintenance', 'on'),
      maintenanceOff: command('maintenance', 'off'),
      restartService: command('restart', '{environment}'),
    },
    migration: {
      tool: 'scripts',
      revision: REVISIONS.head,
      query: 'SELECT revision FROM schema_revision',
      upgrade: command('upgrade', '{environment}'),
      downgrade: command('downgrade', '{environment}', '{revision}'),
      lockTimeout: '3s',
      statementTimeout: '15s',
      within: '30s',
    },
    health: { path: '/healthz', within: '30s' },
    requests: {
      invoices: { title: 'Invoices are listed', path: '/invoices', structure: { items: 'array', total: 'integer' } },
    },
    functional: ['invoices'],
    smoke: ['invoices'],
    metrics: Object.fromEntries(
      WAYS_BACK.map((way) => [
        `broken-${way}`,
        {
          ...{ title: `Broken (${way})`, unit: 'count', source: 'scrape' },
          read: { gauge: { name: 'broken', labels: { way } } },
        },
      ]),
    ),
    criteria: {
      ...Object.fromEntries(
        WAYS_BACK.map((way) => [
          `broken-${way}`,
          {
            ...{ title: `Broken (${way})`, metric: `broken-${way}`, breach: '> 0 count', for: '0s' },
            ...{ tier: 'rollback', rollback: way, minimumSamples: 1 },
          },
        ]),
      ),
      works: {
        title: 'Works',
        metric: 'broken-code',
        expect: '< 1 count',
        for: '1m',
        tier: 'require',
        minimumSamples: 1,
      },
    },
    soak: { title: 'Soak', duration: '3m', tick: '1m', criteria: ['works'] },
    watches: [
      { id: 'watch-3m', title: 'First minutes', ...watch, gate: 'rollback' },
      { id: 'watch-1h', title: 'The rest', ...watch, gate: 'rollback' },
    ],
    production: { maintenance: { enabled: true, drain: '1s' }, restart: true },
    approvals: {
      roles: {
        lead: { title: 'Lead', statement: 'The change is what we want' },
        operations: { title: 'Operations', statement: 'I can run this now' },
      },
      roster: {
        maya: { name: 'Maya Iyer', roles: ['lead'] },
        jonas: { name: 'Jonas Weber', roles: ['operations'] },
        aisha: { name: 'Aisha Bello', roles: ['lead', 'operations'] },
      },
    },
  };
  return stringify(plan, { aliasDuplicateObjects: false });
}
