/** The system's clock is put right now and then. Nothing that is measured may depend on it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Deadline } from '../../src/adapters/deadline.js';
import { patientRequests } from '../../src/adapters/http/patient-request.js';
import { CommandReader } from '../../src/adapters/metrics/command-metric.js';
import { MetricReaders } from '../../src/adapters/metrics/metric-sources.js';
import { ScrapeReader } from '../../src/adapters/metrics/prometheus/scrape.js';
import { json, serve } from '../helpers/server.js';
import { metricOf } from './metrics/range-queries.js';

const HOUR = 3_600_000;
const { signal } = new AbortController();

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());
const step = (by: number) => vi.setSystemTime(Date.now() + by);

describe.each([
  ['back', -HOUR],
  ['forward', HOUR],
])('a clock that is put %s by an hour', (_, by) => {
  test('leaves a rate what it is: over the time that has passed', async () => {
    let work = 0;
    const server = await serve((__, response) => {
      response.end(`work_total ${work}\n`);
      work += 10;
    });
    const scraper = new ScrapeReader(5_000);
    const source = { kind: 'scrape', url: server.url, window: 60_000, read: { rate: { name: 'work_total' } } } as const;
    const read = () => scraper.read({ source, unit: '/s' }, { clock: 'real', signal });
    const begun = performance.now();
    expect(await read()).toHaveProperty('noData');
    step(by);
    await sleep(1_200);
    const reading = await read();
    const [atLeast, atMost] = [10 / ((performance.now() - begun) / 1_000), 10 / 1.2];
    expect('value' in reading && reading.value).toBeGreaterThanOrEqual(atLeast);
    expect('value' in reading && reading.value).toBeLessThanOrEqual(atMost * 1.01);
  });

  test('ends no wait and no request before its time', async () => {
    const server = await serve((__, response) => {
      step(by);
      json(response, {}, server.requests.length === 1 ? 503 : 200);
    });
    const ask = patientRequests(signal, { answer: 5_000, whole: 10_000, pause: 10 });
    expect(await ask({ url: server.url })).toMatchObject({ status: 200 });
    const deadline = new Deadline(50);
    step(by);
    expect(deadline.passed).toBe(false);
    expect(deadline.left).toBeGreaterThan(0);
    await sleep(60);
    expect(deadline).toMatchObject({ passed: true, left: 0 });
  });

  test('neither keeps an old number of a command nor forgets that a service wants to be left alone', async () => {
    const commands = new CommandReader();
    const source = {
      kind: 'command',
      command: { run: [process.execPath, '-p', 'process.hrtime()[1]'], on: 'worker', folder: '.', timeout: 10_000 },
      environment: 'staging',
      tools: [],
      window: 60_000,
    } as const;
    const command = { ...source, command: { ...source.command, run: [...source.command.run] }, tools: [] };
    const first = await commands.read({ source: command }, { clock: 'real', signal });
    step(by);
    await sleep(600);
    expect(await commands.read({ source: command }, { clock: 'real', signal })).not.toEqual(first);

    const limited = await serve((__, response) => {
      response.setHeader('retry-after', '60');
      json(response, {}, 429);
    });
    const readers = new MetricReaders();
    const place = { api: limited.url };
    const query = {
      kind: 'prometheus',
      place,
      query: 'vector(1)',
      window: 1_000,
      resolution: 1_000,
      delay: 0,
    } as const;
    const look = () =>
      readers.sample([metricOf('one', query)], {
        at: Date.now(),
        since: { one: Date.now() - 1_000 },
        baselines: {},
        clock: 'real',
        signal,
      });
    for (let tick = 0; tick < 2; tick += 1) {
      expect(await look()).toMatchObject({ one: [{ kind: 'error', message: expect.stringContaining('rate limit') }] });
      step(by);
    }
    expect(limited.requests).toHaveLength(1);
  });
});
