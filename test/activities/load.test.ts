import { readFile } from 'node:fs/promises';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import { createLoadActivities } from '../../src/activities/load.js';
import { evidenceFile } from '../../src/adapters/evidence-store.js';
import { passed } from '../../src/domain/evidence.js';
import { environmentAt, evidencePlace, inActivity, key } from '../helpers/context.js';
import { type Handler, json, serve } from '../helpers/server.js';

const { runLoadTest } = createLoadActivities();
const plan = { id: 'basic', title: 'Basic', requests: 100, concurrency: 10, path: '/plans', timeout: 200 };
const limits = { successRate: 95, p95: 2_000, p99: 5_000, timeouts: 0 };

/** Answers the n-th request, counted from 1, after the login. */
async function run(answer: (n: number, ...rest: Parameters<Handler>) => void, environment?: MockActivityEnvironment) {
  let n = 0;
  const server = await serve((request, response) => {
    if (request.url === '/login') return json(response, { access_token: 'token' });
    n += 1;
    answer(n, request, response);
  });
  const evidence = await evidencePlace();
  const report = inActivity(
    () => runLoadTest({ key, evidence, environment: environmentAt(server.url), test: plan, limits }),
    environment,
  );
  return { server, evidence, report };
}

const ok: Handler = (_, response) => json(response, {});

describe('runLoadTest', () => {
  test('passes, and keeps every sample as evidence', async () => {
    const {
      report: running,
      evidence,
      server,
    } = await run((_, request, response) => {
      expect(request.headers.authorization).toBe('Bearer token');
      ok(request, response);
    });
    const report = await running;
    expect(passed(report)).toBe(true);
    expect(report.facts.map(({ name }) => name)).toEqual(['success-rate', 'p95', 'p99', 'timeouts']);
    expect(report.facts[0]?.text).toContain('100.00 % succeeded (100 of 100, 95 % interval 96.30 % to 100.00 %)');
    expect(server.requests).toHaveLength(101);
    const [head, ...samples] = (await readFile(evidenceFile(evidence, report.evidence[0]?.path ?? ''), 'utf8'))
      .trim()
      .split('\n');
    expect(JSON.parse(head ?? '')).toMatchObject({ test: plan, summary: { requests: 100, succeeded: 100 } });
    expect(samples).toHaveLength(100);
    expect(JSON.parse(samples[0] ?? '')).toEqual([expect.any(Number), expect.any(Number), 200]);
  });

  test('exactly 95 % is not above 95 %', async () => {
    const { report } = await run((n, request, response) =>
      n % 20 === 0 ? json(response, {}, 500) : ok(request, response),
    );
    const { facts } = await report;
    expect(facts[0]).toMatchObject({ name: 'success-rate', ok: false, text: expect.stringContaining('5 × 500') });
    expect(facts.slice(1).every((fact) => fact.ok)).toBe(true);
  });

  test('one time-out fails "no timeouts" and is in P99', async () => {
    const { report } = await run((n, request, response) => (n === 50 || n === 60 ? undefined : ok(request, response)));
    expect((await report).facts).toMatchObject([
      { name: 'success-rate', ok: true },
      { name: 'p95', ok: true },
      { name: 'p99', ok: true, text: expect.stringContaining('P99 200.0 ms') },
      { name: 'timeouts', ok: false, text: '2 time-outs of 100 requests, allowed 0' },
    ]);
  });

  test('a login that fails measures nothing and passes nothing', async () => {
    const server = await serve((_, response) => json(response, {}, 403));
    const evidence = await evidencePlace();
    const environment = environmentAt(server.url);
    const report = await inActivity(() => runLoadTest({ key, evidence, environment, test: plan, limits }));
    expect(report.facts).toHaveLength(4);
    expect(report.facts.every((fact) => !fact.ok && fact.text.includes('403 Forbidden'))).toBe(true);
    expect(server.requests).toEqual(['POST /login']);
  });

  test('heartbeats, and stops within 100 ms of a cancel', async () => {
    const environment = new MockActivityEnvironment();
    const beats = vi.fn();
    environment.on('heartbeat', beats);
    let hanging = 0;
    const { report } = await run(() => {
      hanging += 1;
    }, environment);
    await vi.waitUntil(() => hanging >= 10);
    const start = performance.now();
    environment.cancel();
    await expect(report).rejects.toThrow(CancelledFailure);
    expect(performance.now() - start).toBeLessThan(100);
    expect(beats).toHaveBeenCalled();
  });
});
