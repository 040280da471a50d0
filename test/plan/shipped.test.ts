import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import { loadPlan } from '../../src/plan/load.js';
import { whole } from '../helpers/whole-plan.js';
import { replaceOnce, SHIPPED, shippedText, write } from './plan-files.js';

const { warnings, digest, ...loaded } = loadPlan(SHIPPED);
const resolved = whole(loaded.resolved);
const checklist = readFileSync('test/plan/checklist-words.txt', 'utf8').split('\n').filter(Boolean);
const watch = (id: string): Watch => [resolved.soak, ...resolved.watches].find((one) => one.id === id) as Watch;
const rule = (on: Watch, criterion: string) => {
  const found = on.criteria.find(({ id }) => id === criterion);
  return found && `${found.breach.comparison} ${found.breach.threshold} ${found.unit} ${found.for}`;
};

describe('the shipped plan', () => {
  test('loads without warnings, the same each time', () => {
    expect(warnings).toEqual([]);
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(loadPlan(SHIPPED).digest).toBe(digest);
  });

  test('is plain data: it comes back from JSON as it was', () => {
    expect(JSON.parse(JSON.stringify(resolved))).toEqual(resolved);
  });

  test('has the checklist’s hosts, versions and commands', () => {
    expect(resolved.environments.staging.api).toBe('https://api-staging.eduautismo.example.com');
    expect(resolved.environments.production).toMatchObject({
      api: 'https://api.eduautismo.example.com',
      server: { kind: 'ssh', host: 'production-server' },
      application: '/app/backend',
      database: { host: 'prod-db.example.com', port: 5432, name: 'eduautismo_prod', user: 'user' },
    });
    expect(resolved.release).toMatchObject({
      branch: 'perf/optimize-intervention-plans',
      target: 'main',
      previous: 'v1.2.3',
    });
    expect(resolved.commands.deploy.run).toEqual(['./deploy.sh', '{environment}', '{version}', '{commit}']);
    expect(resolved.migration).toMatchObject({ revision: '5403edb1d087', within: 30_000, lockTimeout: 5_000 });
    expect(resolved.healthWithin).toBe(300_000);
  });

  test('watches for 24 h on staging, then 5 min, 1 h and 24 h on production: 49 h 5 min in all', () => {
    const all = [resolved.soak, ...resolved.watches];
    expect(all.map(({ environment }) => environment)).toEqual(['staging', 'production', 'production', 'production']);
    expect(all.reduce((sum, { duration }) => sum + duration, 0)).toBe((49 * 60 + 5) * 60_000);
  });

  test('has every immediate criterion in every watch of production', () => {
    for (const one of resolved.watches) {
      expect(rule(one, 'immediate-errors')).toBe('> 10 % 120000');
      expect(rule(one, 'immediate-latency')).toBe('> 10000 ms 0');
      const options = Object.fromEntries(
        one.criteria.filter(({ tier }) => tier === 'rollback').map(({ id, rollback }) => [id, rollback]),
      );
      expect(options).toEqual({
        'immediate-errors': 'full',
        'immediate-latency': 'code',
        'immediate-deadlocks': 'migration',
        'immediate-blocked': 'migration',
        'immediate-crash-loop': 'code',
        'immediate-down': 'code',
        'immediate-data-loss': 'full',
      });
    }
  });

  test('has the thresholds of 1.7, 4.1, 4.2, 4.3 and of the rollback plan', () => {
    expect(rule(watch('soak'), 'soak-p95')).toBe('>= 2000 ms 900000');
    expect(rule(watch('soak'), 'soak-error-rate')).toBe('>= 1 % 900000');
    expect(rule(watch('soak'), 'soak-cpu')).toBe('>= 70 % 900000');
    expect(rule(watch('soak'), 'soak-memory')).toBe('>= 80 % 900000');
    expect(rule(watch('watch-5m'), 'error-rate-5m')).toBe('>= 0.1 % 60000');
    expect(rule(watch('watch-1h'), 'latency-p50-1h')).toBe('>= 500 ms 300000');
    expect(rule(watch('watch-1h'), 'latency-p99-1h')).toBe('>= 5000 ms 300000');
    expect(rule(watch('watch-1h'), 'success-rate-1h')).toBe('<= 99 % 300000');
    expect(rule(watch('watch-1h'), 'connections-1h')).toBe('>= 50 % 300000');
    expect(rule(watch('watch-24h'), 'latency-mean-24h')).toBe('>= 1000 ms 900000');
    expect(rule(watch('watch-24h'), 'error-rate-24h')).toBe('>= 0.5 % 900000');
    expect(rule(watch('watch-24h'), 'alert-latency-p95')).toBe('> 3000 ms 600000');
    expect(rule(watch('watch-24h'), 'consider-errors')).toBe('> 5 % 600000');
    expect(rule(watch('watch-24h'), 'consider-latency')).toBe('> 5000 ms 600000');
    expect(rule(watch('watch-24h'), 'consider-memory')).toBe('> 95 % 600000');
  });

  test('gives each watch the metrics of its own environment, and only those it needs', () => {
    for (const one of [resolved.soak, ...resolved.watches]) {
      const names = one.metrics.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      for (const { metric } of one.criteria) expect(names).toContain(metric);
      const text = JSON.stringify(one.metrics);
      expect(text).not.toContain(one.environment === 'staging' ? 'prod-db' : 'staging');
    }
  });

  test('asks for five sign-offs, and anybody on the roster may start it', () => {
    expect(resolved.approvals.roles.map(({ title }) => title)).toEqual([
      'Tech Lead',
      'Backend Team',
      'DevOps',
      'QA',
      'Product Owner',
    ]);
  });

  test('has all 117 boxes, in order and in their own words, and leaves few of them to people', () => {
    expect(resolved.items.map(({ title }) => title)).toEqual(checklist);
    expect(resolved.items).toHaveLength(117);
    const people = [...resolved.confirmations.prerequisites, ...resolved.confirmations.preparation].map(({ id }) => id);
    const byPeople = resolved.items.filter(({ by }) =>
      by.some(({ step }) => step === 'sign-offs' || people.includes(step)),
    );
    expect(byPeople).toHaveLength(11);
    const documentation = resolved.items.filter(({ by }) => by.some(({ step }) => step === 'staging.swagger'));
    // Without a browser on the worker these are asked of a person, too.
    expect(byPeople.length + documentation.length).toBeLessThanOrEqual(25);
  });

  test('says in the checklist’s own words what people confirm', () => {
    const { prerequisites, staging, preparation } = resolved.confirmations;
    const items = [...prerequisites, ...staging, ...preparation].flatMap((confirmation) => confirmation.items);
    expect(items).toHaveLength(6);
    for (const item of items) expect(checklist).toContain(item);
  });

  test('holds load tests against 95 %, 2 s, 5 s and no time-outs, and leaves production’s out', () => {
    expect(resolved.loadLimits).toEqual({ successRate: 95, p95: 2_000, p99: 5_000, timeouts: 0 });
    expect(resolved.loadTests.map(({ requests, concurrency }) => `${requests}/${concurrency}`)).toEqual([
      '100/10',
      '500/25',
      '1000/50',
    ]);
    expect(resolved.production satisfies ResolvedPlan['production']).toEqual({
      maintenance: {
        enabled: true,
        drain: 60_000,
        message: { path: '/api/v1/intervention-plans/pending-review', status: 503, text: 'Em manutenção' },
      },
      restart: false,
    });
  });

  test('tries the documentation of the endpoint out in a browser, and asks QA where there is none', () => {
    expect(resolved.apiDocumentation).toMatchObject({
      path: '/docs',
      endpoint: { method: 'GET', path: '/api/v1/intervention-plans/pending-review' },
      otherwise: ['qa'],
    });
  });

  test('runs production’s load test when it is enabled', () => {
    const text = replaceOnce(shippedText, ['    enabled: false\n', '    enabled: true\n']);
    expect(loadPlan(write('plan.yaml', text)).resolved.production.loadTest).toMatchObject({
      test: { requests: 50, concurrency: 5, path: '/api/v1/intervention-plans/pending-review' },
      approvedBy: 'tech-lead',
    });
  });
});
