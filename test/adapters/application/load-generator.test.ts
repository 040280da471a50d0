import { describe, expect, test, vi } from 'vitest';
import { runClosedLoop, runOpenLoop, summarize } from '../../../src/adapters/application/load-generator.js';
import { deadPort, json, serve } from '../../helpers/server.js';

const load = { requests: 40, concurrency: 4, timeout: 2_000 };

describe('closed loop', () => {
  test('sends exactly N requests by C workers and keeps every sample', async () => {
    let [now, most] = [0, 0];
    const server = await serve((_, response) => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        json(response, { ok: true });
      }, 5);
    });
    const run = await runClosedLoop({ ...load, url: `${server.url}/a?b=c`, headers: { 'x-test': '1' } });
    expect(server.requests).toEqual(Array(40).fill('GET /a?b=c'));
    expect(most).toBe(4);
    expect(run.samples).toHaveLength(40);
    expect(run.samples.every(({ latency, outcome }) => outcome === 200 && latency >= 4)).toBe(true);
    expect(summarize(run, 2_000)).toMatchObject({ requests: 40, succeeded: 40, timeouts: 0, outcomes: { 200: 40 } });
  });

  test('a dead port does not look fast: every request fails and counts at the time-out', async () => {
    const run = await runClosedLoop({ ...load, url: `http://127.0.0.1:${await deadPort()}/` });
    const summary = summarize(run, 2_000);
    expect(summary).toMatchObject({
      requests: 40,
      succeeded: 0,
      p95: 2_000,
      throughput: 0,
      outcomes: { ECONNREFUSED: 40 },
    });
    expect(summary.p95 < 2_000).toBe(false);
  });

  test('a hanging server times out, at the time-out, in the denominator', async () => {
    let count = 0;
    const server = await serve((_, response) => {
      count += 1;
      if (count % 4 !== 0) json(response, {});
    });
    const start = performance.now();
    const run = await runClosedLoop({ ...load, url: server.url, timeout: 150 });
    const summary = summarize(run, 150);
    expect(summary).toMatchObject({ requests: 40, succeeded: 30, timeouts: 10, p95: 150, max: 150 });
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  test('an answer that stops half-way times out too', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '10' }).write('half');
    });
    const run = await runClosedLoop({ ...load, requests: 4, url: server.url, timeout: 100 });
    expect(summarize(run, 100)).toMatchObject({ timeouts: 4 });
  });

  test('time-outs come one after another, and each leaves its worker free for the next request', async () => {
    let count = 0;
    const server = await serve((_, response) => {
      count += 1;
      const hangs = count <= 4 || (count > 8 && count <= 12);
      if (!hangs) json(response, {});
    });
    const run = await runClosedLoop({ ...load, url: server.url, timeout: 150 });
    const timedOut = run.samples.filter(({ outcome }) => outcome === 'timeout');
    expect(timedOut).toHaveLength(8);
    expect(timedOut.every(({ latency }) => latency === 150)).toBe(true);
    expect(run.elapsed).toBeGreaterThanOrEqual(299);
    expect(server.requests).toHaveLength(40);
  });

  test('a header that cannot be sent is an outcome of every request, however many there are', async () => {
    const server = await serve((_, response) => json(response, {}));
    const many = { ...load, requests: 20_000, headers: { 'x-bad': 'a\nb' } };
    const run = await runClosedLoop({ ...many, url: server.url });
    expect(summarize(run, 2_000)).toMatchObject({ requests: 20_000, outcomes: { UND_ERR_INVALID_ARG: 20_000 } });
  });

  test('errors, resets and nonsense are outcomes', async () => {
    let count = 0;
    const server = await serve((request, response) => {
      count += 1;
      if (count % 4 === 1) json(response, {}, 500);
      else if (count % 4 === 2) request.socket.destroy();
      else if (count % 4 === 3) request.socket.end('this is not HTTP\r\n\r\n');
      else json(response, {});
    });
    const { outcomes, succeeded } = summarize(await runClosedLoop({ ...load, concurrency: 1, url: server.url }), 2_000);
    expect(outcomes).toMatchObject({ 200: 10, 500: 10 });
    expect(succeeded).toBe(10);
    expect(Object.values(outcomes).reduce((a, b) => a + b)).toBe(40);
  });

  // Measured: a machine that stalls in the very moment gets another go.
  test('stops within 100 ms of a cancel, while connected to a server that hangs', { retry: 2 }, async () => {
    const server = await serve(() => {});
    const controller = new AbortController();
    const run = runClosedLoop({ ...load, timeout: 60_000, url: server.url, signal: controller.signal });
    await vi.waitUntil(() => server.requests.length === 4);
    const start = performance.now();
    controller.abort(new Error('cancelled'));
    await expect(run).rejects.toThrow('cancelled');
    expect(performance.now() - start).toBeLessThan(100);
    expect(server.requests).toHaveLength(4);
  });
});

describe('open loop', () => {
  const start = (url: string, more: { ratePerSecond?: number; maxInFlight?: number; timeout?: number } = {}) => {
    const controller = new AbortController();
    const { counters, done } = runOpenLoop({ url, ratePerSecond: 200, signal: controller.signal, ...more });
    return {
      counters,
      end: async () => {
        controller.abort();
        return done;
      },
    };
  };

  test('keeps its rate', async () => {
    const server = await serve((_, response) => json(response, {}));
    const began = performance.now();
    const traffic = start(server.url, { maxInFlight: 500 });
    const due = () => ((performance.now() - began) / 1_000) * 200;
    // After a stall of this machine it catches up; it is never ahead.
    await vi.waitUntil(() => traffic.counters.sent >= 200 && traffic.counters.sent >= due() - 10, { timeout: 10_000 });
    expect(traffic.counters.sent).toBeLessThanOrEqual(due() + 1);
    await vi.waitUntil(() => traffic.counters.succeeded >= 200);
    expect(await traffic.end()).toMatchObject({ failed: 0, dropped: 0 });
  });

  test('survives refusal and 503, and succeeds again when the server is back', async () => {
    const server = await serve((_, response) => json(response, {}, 503));
    const traffic = start(server.url);
    await vi.waitUntil(() => (traffic.counters.outcomes[503] ?? 0) > 10);
    await server.stop();
    await vi.waitUntil(() => (traffic.counters.outcomes.ECONNREFUSED ?? 0) > 10);
    server.handle = (_, response) => json(response, {});
    await server.start();
    await vi.waitUntil(() => traffic.counters.succeeded > 10, { timeout: 5_000 });
    await traffic.end();
  });

  test('does not pile up on a server that hangs, and measures from the intended start', async () => {
    const server = await serve(() => {});
    const traffic = start(server.url, { maxInFlight: 5, timeout: 300 });
    await vi.waitUntil(() => traffic.counters.dropped > 20);
    expect(traffic.counters.inFlight).toBeLessThanOrEqual(5);
    await vi.waitUntil(() => (traffic.counters.outcomes.timeout ?? 0) >= 5);
    expect(traffic.counters.latencies.every((latency) => latency >= 300)).toBe(true);
    await traffic.end();
  });
});
