import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, test, vi } from 'vitest';
import { createLoadActivities } from '../../../src/activities/application/load.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import type { LoadLimits, LoadTest } from '../../../src/contract/plan/application.js';
import { passed, type StepReport } from '../../../src/domain/evidence.js';
import { environmentAt, evidencePlace, inActivity, key } from '../../helpers/context.js';
import { type Handler, json, serve, type TestServer } from '../../helpers/server.js';
import { commandWith, temporaryFolder } from '../support.js';

const plan: LoadTest = { id: 'basic', title: 'Basic', requests: 100, concurrency: 10, path: '/plans', timeout: 200 };
const limits = { successRate: 95, p95: 2_000, p99: 5_000, timeouts: 0 };
const FACTS = ['success-rate', 'p95', 'p99', 'timeouts', 'memory'];

/** The application: its health, its login, its log, and what it does with the n-th request, counted from 1. */
interface Application {
  server: TestServer;
  health: { status: number; body: unknown };
  log: string;
}

type Answer = (n: number, ...rest: Parameters<Handler>) => void;

async function application(answer: Answer): Promise<Application> {
  let n = 0;
  const server = await serve((request, response) => {
    if (request.url === '/login') return json(response, { access_token: 'token' });
    if (request.url === '/health') return json(response, app.health.body, app.health.status);
    n += 1;
    answer(n, request, response);
  });
  const log = join(temporaryFolder(), 'app.log');
  await writeFile(log, 'started\n');
  const app = { server, health: { status: 200, body: { started_at: '2026-11-23T10:00:00Z' } as unknown }, log };
  return app;
}

async function run(
  app: Application,
  options: {
    environment?: MockActivityEnvironment;
    test?: Partial<LoadTest>;
    limits?: Partial<LoadLimits>;
    logs?: string[];
  } = {},
) {
  const evidence = await evidencePlace();
  const { runLoadTest } = createLoadActivities({ state: temporaryFolder() });
  const input = {
    key,
    evidence,
    environment: environmentAt(app.server.url),
    test: { ...plan, ...options.test },
    limits: { ...limits, ...options.limits },
    healthPath: '/health',
    logs: commandWith(options.logs ?? ['cat', app.log]),
  };
  return { evidence, report: inActivity(() => runLoadTest(input), options.environment) };
}

async function reportOf(app: Application, options?: Parameters<typeof run>[1]): Promise<StepReport> {
  const report = await (await run(app, options)).report;
  expect(report.facts.map(({ name }) => name)).toEqual(FACTS);
  return report;
}

const failed = ({ facts }: StepReport) => facts.filter(({ ok }) => !ok).map(({ name }) => name);
const textOf = ({ facts }: StepReport, name: string) => facts.find((fact) => fact.name === name)?.text;
const ok: Answer = (_, __, response) => json(response, {});

describe('runLoadTest', () => {
  test('passes, with intervals of confidence, and keeps every sample as evidence', async () => {
    const app = await application((n, request, response) => {
      expect(request.headers.authorization).toBe('Bearer token');
      ok(n, request, response);
    });
    const { evidence, report: running } = await run(app);
    const report = await running;
    expect(passed(report)).toBe(true);
    expect(textOf(report, 'success-rate')).toContain(
      '100.00 % succeeded (100 of 100, 95 % interval 96.30 % to 100.00 %)',
    );
    expect(textOf(report, 'p95')).toMatch(/^P95 [\d.]+ ms \(95 % interval [\d.]+ ms to [\d.]+ ms\), limit 2000 ms$/);
    expect(textOf(report, 'p99')).toMatch(/to unknown: 100 requests are too few\), limit 5000 ms$/);
    expect(app.server.requests.filter((line) => line === 'GET /plans')).toHaveLength(100);
    const [samplesFile] = report.evidence;
    const content = await readFile(evidenceFile(evidence, samplesFile?.path ?? ''), 'utf8');
    const [head, ...samples] = content.trim().split('\n');
    expect(JSON.parse(head ?? '')).toMatchObject({ test: plan, summary: { requests: 100, succeeded: 100 } });
    expect(samples).toHaveLength(100);
    expect(JSON.parse(samples[0] ?? '')).toEqual([expect.any(Number), expect.any(Number), 200]);
  });

  test('exactly 95 % is not above 95 %', async () => {
    const app = await application((n, ...rest) => (n % 20 === 0 ? json(rest[1], {}, 500) : ok(n, ...rest)));
    const report = await reportOf(app);
    expect(failed(report)).toEqual(['success-rate']);
    expect(textOf(report, 'success-rate')).toContain('5 × 500');
  });

  test('one time-out fails "no timeouts" and is in P99', async () => {
    const app = await application((n, ...rest) => (n === 50 || n === 60 ? undefined : ok(n, ...rest)));
    const report = await reportOf(app);
    expect(failed(report)).toEqual(['timeouts']);
    expect(textOf(report, 'timeouts')).toBe('2 time-outs of 100 requests, allowed 0');
    expect(textOf(report, 'p99')).toContain('P99 200.0 ms');
  });

  test('a slow server fails the latencies alone', async () => {
    const app = await application((n, ...rest) => void setTimeout(() => ok(n, ...rest), n % 10 === 0 ? 60 : 1));
    const report = await reportOf(app, { limits: { p95: 50, p99: 55 } });
    expect(failed(report)).toEqual(['p95', 'p99']);
  });

  test('a server that answers nothing but 500 fails the success rate, not the latencies', async () => {
    const report = await reportOf(await application((_, __, response) => json(response, {}, 500)));
    expect(failed(report)).toEqual(['success-rate']);
    expect(textOf(report, 'success-rate')).toContain('0.00 % succeeded (0 of 100');
  });

  test.each([301, 302, 307, 308, 304, 204, 206])('an answer of %i is no success: only 200 is', async (status) => {
    const app = await application((_, __, response) => void response.writeHead(status).end());
    const report = await reportOf(app, { test: { timeout: 2_000 } });
    expect(failed(report)).toEqual(['success-rate']);
    expect(textOf(report, 'success-rate')).toMatch(new RegExp(`^0.00 % succeeded .*; 100 × ${status}$`));
  });

  test.each<[string, Answer, string]>([
    [
      'a page of a proxy',
      (_, __, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Busy</h1>'),
      '10 × 200 text/html',
    ],
    [
      'nothing',
      (_, __, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(),
      '10 × 200 application/json empty',
    ],
  ])('%s in place of the answer is no success, though its status is 200', async (_, instead, words) => {
    const app = await application((n, ...rest) => (n % 10 === 0 ? instead : ok)(n, ...rest));
    const report = await reportOf(app, { test: { timeout: 2_000 } });
    expect(failed(report)).toEqual(['success-rate']);
    expect(textOf(report, 'success-rate')).toContain(words);
  });

  test('a server that is gone in the middle of the test fails all but the count of time-outs', async () => {
    const app = await application((n, request, response) => {
      if (n === 30) void app.server.stop();
      else ok(n, request, response);
    });
    const report = await reportOf(app, { limits: { p95: 150, p99: 200 } });
    expect(failed(report)).toEqual(['success-rate', 'p95', 'p99', 'memory']);
    expect(textOf(report, 'success-rate')).toMatch(/ECONNREFUSED/);
    expect(textOf(report, 'p95')).toContain('P95 200.0 ms');
    expect(textOf(report, 'memory')).toBe('after the test the health check does not answer: connection refused');
  });

  test('a login that fails measures nothing and passes nothing', async () => {
    const app = await application(ok);
    app.server.handle = (_, response) => json(response, {}, 403);
    const report = await reportOf(app);
    expect(failed(report)).toEqual(FACTS);
    expect(report.facts.every(({ text }) => text.includes('403 Forbidden'))).toBe(true);
    expect(app.server.requests).toEqual(['POST /login']);
  });

  test('a dead port measures nothing and passes nothing', async () => {
    const app = await application(ok);
    await app.server.stop();
    const report = await reportOf(app);
    expect(failed(report)).toEqual(FACTS);
    expect(textOf(report, 'p95')).toBe('not measured (login failed: connection refused)');
  });

  // Measured: a machine that stalls in the very moment gets another go.
  test('heartbeats, and stops within 100 ms of a cancel', { retry: 2 }, async () => {
    const environment = new MockActivityEnvironment();
    const beats = vi.fn();
    environment.on('heartbeat', beats);
    let hanging = 0;
    const app = await application(() => {
      hanging += 1;
    });
    const { report } = await run(app, { environment, test: { timeout: 60_000 } });
    await vi.waitUntil(() => hanging >= 10, { timeout: 10_000 });
    const start = performance.now();
    environment.cancel();
    await expect(report).rejects.toThrow(CancelledFailure);
    expect(performance.now() - start).toBeLessThan(100);
    expect(beats).toHaveBeenCalled();
  });
});

describe('memory', () => {
  test('a restart during the test fails it, though every request was answered', async () => {
    const app = await application((n, ...rest) => {
      if (n === 50) app.health.body = { started_at: '2026-11-23T10:05:00Z' };
      ok(n, ...rest);
    });
    const report = await reportOf(app);
    expect(failed(report)).toEqual(['memory']);
    expect(textOf(report, 'memory')).toBe(
      'the application was restarted: started at 2026-11-23T10:00:00Z, then at 2026-11-23T10:05:00Z',
    );
  });

  test.each([
    'MemoryError',
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
    'java.lang.OutOfMemoryError: Java heap space',
    'ERROR:  out of memory',
    'kernel: oom-kill:constraint=CONSTRAINT_MEMCG',
    'Killed',
    'OSError: [Errno 12] Cannot allocate memory',
  ])('a new line of the log fails it: %s', async (line) => {
    const app = await application((n, ...rest) => {
      if (n === 50) void writeFile(app.log, `started\n${line}\n`).then(() => ok(n, ...rest));
      else ok(n, ...rest);
    });
    const report = await reportOf(app, { test: { timeout: 2_000 } });
    expect(failed(report)).toEqual(['memory']);
    expect(textOf(report, 'memory')).toBe(`1 new lines of the log speak of memory; first: ${line}`);
  });

  test('what an earlier test left in the log does not count, nor a line that only looks alike', async () => {
    const app = await application((n, ...rest) => {
      if (n === 50)
        void writeFile(app.log, 'MemoryError\nconnection killed, memory of 20 plans\n').then(() => ok(n, ...rest));
      else ok(n, ...rest);
    });
    await writeFile(app.log, 'MemoryError\n');
    expect(failed(await reportOf(app, { test: { timeout: 2_000 } }))).toEqual([]);
  });

  test('a log that cannot be read, or a health check that does not tell its start, is no proof', async () => {
    const app = await application(ok);
    const unreadable = await reportOf(app, { logs: ['false'] });
    expect(failed(unreadable)).toEqual(['memory']);
    expect(textOf(unreadable, 'memory')).toBe(
      'the log could not be read: false ended with exit code 1; it printed nothing',
    );
    app.health.body = { status: 'ok' };
    expect(textOf(await reportOf(app), 'memory')).toBe(
      'whether it was restarted is not known: before the test the health check does not tell started_at',
    );
  });
});
