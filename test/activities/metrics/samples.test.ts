import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createSampleActivities } from '../../../src/activities/metrics/samples.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import type { Clock } from '../../../src/contract/activities/step.js';
import type { Metric, MetricSource, ScrapeReading } from '../../../src/contract/plan/metrics.js';
import { secret } from '../../adapters/metrics/range-queries.js';
import { evidencePlace, inActivity } from '../../helpers/context.js';
import { deadPort, json, serve } from '../../helpers/server.js';

const metric = (name: string, unit: string, source: MetricSource): Metric => ({ name, title: name, unit, source });
const scraped = (name: string, url: string, read: ScrapeReading, unit = '%') =>
  metric(name, unit, { kind: 'scrape', url: `${url}/metrics`, window: 60_000, read });

const errors: ScrapeReading = {
  ratio: { of: { name: 'requests_total', labels: { status: '~5..' } }, to: { name: 'requests_total' } },
};

/** A monitor with a memory of its own. */
async function monitor(clock: Clock, metrics: Metric[]) {
  const activities = createSampleActivities();
  const evidence = await evidencePlace();
  let at = 0;
  /** The one sample of each metric, as sources without a history give it. */
  const sample = async (environment?: MockActivityEnvironment) => {
    at += 60_000;
    const input = { monitor: 'soak', evidence, at, since: {}, clock, metrics, baselines: {} };
    const samples = await inActivity(() => activities.sampleMetrics(input), environment);
    return Object.fromEntries(Object.entries(samples).map(([name, [only]]) => [name, only]));
  };
  return { sample, evidence, seal: () => activities.sealSeries({ monitor: 'soak', evidence }) };
}

/** An application that counts its requests: a page for Prometheus that grows by itself when `busy`. */
async function application() {
  const state = { good: 0, bad: 0, busy: true };
  const timer = setInterval(() => {
    if (state.busy) state.good += 9;
    if (state.busy) state.bad += 1;
  }, 10);
  onTestFinished(() => clearInterval(timer));
  const server = await serve((_, response) => {
    response.end(
      `requests_total{status="200"} ${state.good}\nrequests_total{status="500"} ${state.bad}\nmemory_bytes 5e8\n`,
    );
  });
  return { server, state };
}

describe('scrape', () => {
  test('in real time the second scrape gives the first rate; one scrape a tick serves all metrics', async () => {
    const { server } = await application();
    const { sample } = await monitor('real', [
      scraped('errors', server.url, errors),
      scraped('errors-again', server.url, errors),
      scraped('memory', server.url, { gauge: { name: 'memory_bytes' } }, 'MB'),
      scraped('misspelt', server.url, { gauge: { name: 'memory_byte' } }),
    ]);
    const first = await sample();
    expect(first.errors).toEqual({ at: 60_000, kind: 'noData', reason: 'first look: no rate yet' });
    expect(first.memory).toEqual({ at: 60_000, kind: 'ok', value: 500 });
    expect(first.misspelt).toEqual({ at: 60_000, kind: 'noData', reason: 'no series memory_byte' });
    expect(server.requests).toHaveLength(1);
    await vi.waitFor(async () => expect((await sample()).errors).toMatchObject({ kind: 'ok', value: 10 }), {
      timeout: 5_000,
      interval: 300,
    });
  });

  test('in virtual time every sample is of real traffic, and ticks share what was scraped', async () => {
    const { server } = await application();
    const { sample } = await monitor('virtual', [scraped('errors', server.url, errors)]);
    expect((await sample()).errors).toMatchObject({ kind: 'ok', value: 10 });
    const start = performance.now();
    for (let tick = 0; tick < 200; tick += 1) expect((await sample()).errors?.kind).toBe('ok');
    const elapsed = performance.now() - start;
    expect(server.requests.length).toBeLessThan(elapsed / 100 + 15);
  });

  test('in virtual time it waits for traffic, and follows a change at once', { timeout: 30_000 }, async () => {
    const { server, state } = await application();
    const { sample } = await monitor('virtual', [scraped('errors', server.url, errors)]);
    await sample();
    let changed = false;
    let seen = 0;
    const following = (async () => {
      for (;;) {
        const samples = await sample();
        seen = server.requests.length;
        if (changed) return samples;
      }
    })();
    state.busy = false;
    // It goes on scraping without an answer once the last traffic has left the moment that is looked at.
    await vi.waitUntil(() => server.requests.length > seen + 8, { timeout: 10_000 });
    changed = true;
    state.good += 50;
    state.bad += 50;
    expect((await following).errors).toMatchObject({ kind: 'ok', value: 50 });
  });

  // Measured: a machine that stalls in the very moment gets another go.
  test('a cancel ends the wait for traffic at once', { retry: 2 }, async () => {
    const { server, state } = await application();
    state.busy = false;
    const { sample } = await monitor('virtual', [scraped('errors', server.url, errors)]);
    const environment = new MockActivityEnvironment();
    const waiting = sample(environment);
    await vi.waitUntil(() => server.requests.length > 10, { timeout: 5_000 });
    const start = performance.now();
    environment.cancel();
    await expect(waiting).rejects.toThrow(CancelledFailure);
    expect(performance.now() - start).toBeLessThan(100);
  });

  test('whatever the source does is a sample', async () => {
    const { server } = await application();
    const dead = `http://127.0.0.1:${await deadPort()}`;
    const { sample } = await monitor('real', [
      scraped('live', server.url, { gauge: { name: 'memory_bytes' } }),
      scraped('dead', dead, errors),
    ]);
    expect(await sample()).toMatchObject({
      live: { kind: 'ok' },
      dead: { kind: 'error', message: 'connection refused' },
    });
    const again = async (handle: typeof server.handle) => {
      server.handle = handle;
      const { sample: fresh } = await monitor('real', [
        scraped('live', server.url, { gauge: { name: 'memory_bytes' } }),
      ]);
      return (await fresh()).live;
    };
    expect(await again((_, response) => json(response, {}, 503))).toMatchObject({
      kind: 'error',
      message: 'the metrics page answered 503 Service Unavailable',
    });
    expect(await again((_, response) => json(response, {}, 429))).toMatchObject({ kind: 'error' });
    expect(await again((_, response) => response.end('<html>'))).toMatchObject({
      kind: 'error',
      message: 'line 1: no metric name',
    });
    expect(await again((request) => request.socket.destroy())).toMatchObject({ kind: 'error' });
    expect(await again((_, response) => response.end('memory_bytes NaN'))).toEqual({ at: 60_000, kind: 'notANumber' });
    expect(await again((_, response) => response.end('memory_bytes +Inf'))).toMatchObject({
      kind: 'ok',
      value: Number.MAX_VALUE,
    });
    expect(await again((_, response) => response.end(''))).toMatchObject({
      kind: 'noData',
      reason: 'no series memory_bytes',
    });
  });

  test('a counter that one page lacks is not counted anew, in whatever order metrics are asked for', async () => {
    const pages = [
      'requests_total{status="200"} 1000\nrequests_total{status="500"} 1000\n',
      'requests_total{status="200"} 1020\n',
      'requests_total{status="200"} 1040\nrequests_total{status="500"} 1000\n',
    ];
    const server = await serve((_, response) => response.end(pages[server.requests.length - 1] ?? pages.at(-1)));
    const { sample } = await monitor('real', [scraped('errors', server.url, errors)]);
    expect((await sample()).errors).toMatchObject({ kind: 'noData' });
    for (const _ of pages.slice(1)) {
      // The shortest span that gives a rate.
      await sleep(1_050);
      expect((await sample()).errors).toMatchObject({ kind: 'ok', value: 0 });
    }
  });

  test('two processes behind one address are an error that says what to do, not a rate of both', async () => {
    const page = (start: number, bad: number) =>
      `process_start_time_seconds ${start}\nrequests_total{status="200"} 5000\nrequests_total{status="500"} ${bad}\n`;
    const [one, other] = [page(1_000, 900), page(2_000, 400)];
    const server = await serve((_, response) => response.end(server.requests.length % 2 === 1 ? one : other));
    const { sample } = await monitor('real', [scraped('errors', server.url, errors)]);
    await sample();
    for (let look = 0; look < 2; look += 1) {
      await sleep(1_050);
      const message = expect.stringMatching(/several processes in turn .*an address of its own/);
      expect((await sample()).errors).toMatchObject({ kind: 'error', message });
    }
  });

  test('a page that hangs is an error after 5 s', { timeout: 10_000 }, async () => {
    const server = await serve(() => {});
    const { sample } = await monitor('real', [scraped('errors', server.url, errors)]);
    expect((await sample()).errors).toMatchObject({ kind: 'error', message: 'no answer within 5 s' });
  });
});

describe('health', () => {
  test('refusal and 5xx are down, 200 is not, and restarts are counted', { timeout: 20_000 }, async () => {
    let started = 1;
    const server = await serve((_, response) => json(response, { started_at: `2026-01-01T00:00:0${started}Z` }));
    const source = (read: 'restarts' | 'down') =>
      ({ kind: 'health', url: `${server.url}/health`, window: 60_000, read }) as const;
    const { sample } = await monitor('virtual', [
      metric('restarts', 'count', source('restarts')),
      metric('down', 'count', source('down')),
    ]);
    const until = (restarts: number, down: number) =>
      vi.waitFor(
        async () => expect(await sample()).toMatchObject({ restarts: { value: restarts }, down: { value: down } }),
        { timeout: 5_000 },
      );
    await until(0, 0);
    started = 2;
    await until(1, 0);
    await server.stop();
    await until(1, 1);
    started = 3;
    await server.start();
    await until(2, 0);
    server.handle = (_, response) => json(response, {}, 503);
    await until(2, 1);
    server.handle = (_, response) => json(response, {}, 404);
    await vi.waitFor(async () =>
      expect((await sample()).down).toMatchObject({
        kind: 'error',
        message: 'the health endpoint answered 404 Not Found',
      }),
    );
  });

  test('an application that does not tell when it started is an error, one that never answered no data', async () => {
    const server = await serve((_, response) => json(response, {}));
    const source = { kind: 'health', url: server.url, window: 60_000, read: 'restarts' } as const;
    const { sample } = await monitor('real', [metric('restarts', 'count', source)]);
    expect((await sample()).restarts).toMatchObject({ kind: 'error', message: expect.stringContaining('started_at') });
    const dead = `http://127.0.0.1:${await deadPort()}`;
    const { sample: other } = await monitor('real', [metric('restarts', 'count', { ...source, url: dead })]);
    expect((await other()).restarts).toMatchObject({ kind: 'noData' });
  });
});

describe('logs', () => {
  test('counts new matching lines only', { timeout: 20_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'surefoot-logs-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const file = join(folder, 'staging.log');
    await writeFile(file, '== staging ==\n1 CRITICAL old\n2 INFO fine\n');
    const command = { run: ['tail', '-n', '50', '{environment}.log'], on: 'worker', folder, timeout: 60_000 } as const;
    const source: MetricSource = {
      kind: 'logs',
      command: { ...command, run: [...command.run] },
      environment: 'staging',
      window: 60_000,
      pattern: 'CRITICAL',
    };
    const { sample } = await monitor('virtual', [metric('critical', '/min', source)]);
    expect((await sample()).critical).toMatchObject({ kind: 'ok', value: 0 });
    await appendFile(file, '3 CRITICAL new\n4 INFO fine\n5 CRITICAL new\n');
    await vi.waitFor(
      async () => {
        const { critical } = await sample();
        expect(critical?.kind === 'ok' && critical.value).toBeGreaterThan(0);
      },
      { timeout: 5_000 },
    );
    await vi.waitFor(async () => expect((await sample()).critical).toMatchObject({ value: 0 }), {
      timeout: 10_000,
      interval: 100,
    });
  });

  test('a command that fails or is not there is an error without its words', async () => {
    const source = (run: string[]): MetricSource => ({
      kind: 'logs',
      command: { run, on: 'worker', folder: tmpdir(), timeout: 60_000 },
      environment: 'staging',
      window: 60_000,
      pattern: 'CRITICAL',
    });
    const { sample } = await monitor('real', [
      metric('fails', '/min', source([process.execPath, '-e', 'console.error("secret"); process.exit(3)'])),
      metric('missing', '/min', source(['surefoot-no-such-command'])),
    ]);
    expect(await sample()).toMatchObject({
      fails: { kind: 'error', message: 'the logs command failed (3)' },
      missing: { kind: 'error', message: 'the logs command failed (ENOENT)' },
    });
  });
});

describe('series', () => {
  test('tells NaN and infinity as Prometheus writes them', async () => {
    const server = await serve((_, response) => response.end('broken NaN\nmost +Inf\nleast -Inf\n'));
    const gauges = ['broken', 'most', 'least'].map((name) => scraped(name, server.url, { gauge: { name } }));
    const { sample, evidence } = await monitor('real', gauges);
    await sample();
    const line = JSON.parse(await readFile(evidenceFile(evidence, 'series/soak.jsonl'), 'utf8'));
    expect(line.values).toEqual({ broken: 'NaN', most: '+Inf', least: '-Inf' });
  });

  test('holds no credential that a source sends back', async () => {
    const token = secret('TEST_SAMPLES_TOKEN', 'token-not-to-be-seen');
    const server = await serve((request, response) =>
      json(response, { status: 'error', errorType: 'bad_data', error: request.headers.authorization }, 400),
    );
    const place = { api: server.url, token };
    const times = { window: 60_000, resolution: 15_000, delay: 0 };
    const { sample, evidence } = await monitor('virtual', [
      metric('queue', 'count', { kind: 'prometheus', place, query: 'sum(queue)', ...times }),
    ]);
    const message = 'Prometheus refuses (bad_data): Bearer ***';
    expect(await sample()).toEqual({ queue: { at: 60_000, kind: 'error', message } });
    const series = await readFile(evidenceFile(evidence, 'series/soak.jsonl'), 'utf8');
    expect(JSON.parse(series).values).toEqual({ queue: { error: message } });
  });

  test('a store that hangs keeps no tick waiting, and has every line once it takes any', async () => {
    const server = await serve((_, response) => response.end('memory_bytes 5e8\n'));
    const { sample, evidence } = await monitor('real', [
      scraped('memory', server.url, { gauge: { name: 'memory_bytes' } }, 'MB'),
    ]);
    const file = evidenceFile(evidence, 'series/soak.jsonl');
    await mkdir(dirname(file), { recursive: true });
    // Whoever opens it to write hangs until somebody reads.
    await promisify(execFile)('mkfifo', [file]);
    const began = performance.now();
    for (let tick = 1; tick <= 2; tick += 1) expect((await sample()).memory).toMatchObject({ value: 500 });
    expect(performance.now() - began).toBeLessThan(1_900);
    const lines = [await readFile(file, 'utf8'), await readFile(file, 'utf8')];
    expect(lines.map((line) => JSON.parse(line).at)).toEqual([60_000, 120_000]);
  });

  test('has a line for each look, and is sealed with its hash', async () => {
    const { server } = await application();
    const { sample, seal, evidence } = await monitor('real', [
      scraped('memory', server.url, { gauge: { name: 'memory_bytes' } }, 'MB'),
      scraped('errors', server.url, errors),
    ]);
    expect(await seal()).toEqual([]);
    await sample();
    await sample();
    const lines = (await readFile(evidenceFile(evidence, 'series/soak.jsonl'), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { at: 60_000, wall: expect.any(Number), values: { memory: 500, errors: { noData: 'first look: no rate yet' } } },
      { at: 120_000, wall: expect.any(Number), values: { memory: 500, errors: expect.anything() } },
    ]);
    expect(await seal()).toEqual([
      {
        title: 'Samples of soak',
        path: 'series/soak.jsonl',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        bytes: expect.any(Number),
      },
    ]);
  });
});
