import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { PATIENCE } from '../../../../src/adapters/http/patient-request.js';
import { MetricReaders, probeOf } from '../../../../src/adapters/metrics/metric-sources.js';
import type { PrometheusPlace } from '../../../../src/contract/plan/providers.js';
import { neverFires } from '../../../../src/domain/watch/buckets.js';
import { emptyState, observe, type Sample } from '../../../../src/domain/watch/criteria.js';
import { criterionWith } from '../../../helpers/criteria.js';
import { startPrometheus, type TestPrometheus } from '../../../helpers/prometheus.js';
import { deadPort, json, serve, type TestServer } from '../../../helpers/server.js';
import { inHaste, metricOf, secret, takeSamples } from '../range-queries.js';

const SECOND = 1_000;
const cleanUps: (() => Promise<void>)[] = [];
let api: TestServer;
let dying: TestServer;
let prometheus: TestPrometheus;
let requests = 0;
/** Of the target that dies: its first moment, with a time of its own on one series. */
let told = 0;

const page = () => {
  requests += 10;
  return `requests_total{status="200"} ${requests}
requests_total{status="500"} ${requests / 10}
quiet_total 5
temperature{room="a"} 20
temperature{room="b"} 22
duration_seconds_bucket{le="0.5"} ${requests}
duration_seconds_bucket{le="10"} ${requests}
duration_seconds_bucket{le="+Inf"} ${requests}
`;
};

beforeAll(async () => {
  const keep = (cleanUp: () => Promise<void>) => void cleanUps.push(cleanUp);
  api = await serve((_, response) => response.end(page()), keep);
  dying = await serve((_, response) => {
    told ||= Date.now();
    response.end(`jobs_total ${Date.now() - told}\nqueue 7\nstamped 3 ${Date.now()}\n`);
  }, keep);
  prometheus = await startPrometheus({ api: [api.port], dying: [dying.port] });
  cleanUps.push(prometheus.remove);
  await vi.waitFor(async () => expect(await prometheus.value('min(count_over_time(up[10s]))')).toBeGreaterThan(4), {
    timeout: 30_000,
    interval: 200,
  });
});
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

const at = (query: string, more: { up?: string; place?: Partial<PrometheusPlace>; window?: number } = {}) =>
  metricOf('metric', {
    kind: 'prometheus',
    place: { api: prometheus.url, ...more.place },
    query,
    ...(more.up === undefined ? {} : { up: more.up }),
    window: more.window ?? 60 * SECOND,
    resolution: SECOND,
    delay: 0,
  });

/** The samples of the last seconds. */
const read = async (query: string, more: Parameters<typeof at>[1] & { seconds?: number } = {}): Promise<Sample[]> => {
  const now = Date.now();
  const samples = await takeSamples([at(query, more)], { since: now - (more.seconds ?? 1) * SECOND, at: now });
  return samples.metric ?? [];
};
const last = async (...parameters: Parameters<typeof read>) => (await read(...parameters)).at(-1);

/** Times are whole seconds: what has just happened is seen in the next one. */
const soon = (query: string, expected: object, more: Parameters<typeof read>[1] = {}) =>
  vi.waitFor(async () => expect(await last(query, more)).toMatchObject(expected), { timeout: 10_000, interval: 300 });

describe('a real Prometheus', () => {
  test('every value since the last tick comes with its own time, on seconds', async () => {
    const samples = await read('sum(temperature)', { seconds: 3 });
    expect(samples).toHaveLength(3);
    expect(samples.map(({ kind }) => kind)).toEqual(['ok', 'ok', 'ok']);
    expect(samples.every((sample) => sample.at % SECOND === 0)).toBe(true);
    expect(samples[1]?.at).toBe((samples[0]?.at ?? 0) + SECOND);
    expect(samples.at(-1)).toMatchObject({ value: 42 });
  });

  test('nothing is asked while nothing is due', async () => {
    const now = Math.floor(Date.now() / SECOND) * SECOND;
    expect(await takeSamples([at('sum(temperature)')], { since: now, at: now + 999 })).toEqual({ metric: [] });
  });

  test('a ratio of counters is its value', async () => {
    const query = '100 * sum(rate(requests_total{status="500"}[10s])) / sum(rate(requests_total[10s]))';
    await vi.waitFor(
      async () => expect(await last(query)).toMatchObject({ kind: 'ok', value: expect.closeTo(9.09, 1) }),
      {
        timeout: 15_000,
        interval: 500,
      },
    );
  });

  test('0 of 0 is not a number', async () => {
    const query = 'sum(rate(quiet_total[10s])) / sum(rate(quiet_total[10s]))';
    expect(await last(query)).toMatchObject({ kind: 'notANumber' });
  });

  test('something of 0 is infinite, and breaches every upper limit', async () => {
    const sample = await last('sum(temperature) / sum(rate(quiet_total[10s]))');
    expect(sample).toMatchObject({ kind: 'ok', value: Number.MAX_VALUE });
  });

  test('a series that is not there is no data, a name that was never there an error that names it', async () => {
    expect(await last('temperature{room="c"}')).toMatchObject({
      kind: 'noData',
      reason: 'Prometheus has no such series now',
    });
    const misspelt = await read('sum(rate(request_total[1m])) / sum(temperature)', { seconds: 3 });
    expect(misspelt).toEqual([
      {
        at: expect.any(Number),
        kind: 'error',
        message: 'Prometheus has never seen request_total: misspelt, or nothing was ever counted',
      },
    ]);
  });

  test('several series are an error, not the first of them', async () => {
    expect(await last('temperature')).toMatchObject({
      kind: 'error',
      message: 'the query gives 2 series; make it one number with sum(), max() or the like',
    });
  });

  test('what is no PromQL is refused in Prometheus’ own words', async () => {
    expect(await last('sum(temperature')).toMatchObject({
      kind: 'error',
      message: expect.stringMatching(/^Prometheus refuses \(bad_data\): .*parse error/),
    });
  });

  test('in virtual time the present value is stamped with the workflow’s time', async () => {
    const readers = new MetricReaders();
    const take = (workflowTime: number) =>
      readers.sample([at('sum(temperature)')], {
        at: workflowTime,
        since: {},
        baselines: {},
        clock: 'virtual',
        signal: new AbortController().signal,
      });
    expect(await take(86_400_123)).toEqual({ metric: [{ at: 86_400_123, kind: 'ok', value: 42 }] });
    expect(await take(86_460_123)).toEqual({ metric: [{ at: 86_460_123, kind: 'ok', value: 42 }] });
  });

  test('a rule above the highest bucket is found before it is relied on', async () => {
    const metric = {
      ...at('histogram_quantile(0.95, sum by (le) (rate(duration_seconds_bucket[1m]))) * 1000'),
      unit: 'ms',
    };
    const limits = { signal: new AbortController().signal, patience: PATIENCE };
    const bounds = (await probeOf(metric).bounds?.(limits)) ?? [];
    expect(bounds).toEqual([500, 10_000]);
    const rule = (comparison: '>' | '>=' | '<', threshold: number) =>
      neverFires({ unit: 'ms', breach: { comparison, threshold } }, bounds);
    expect(rule('>', 10_000)).toBe(
      '"> 10000 ms" can never be: the highest bucket ends at 10000 ms; add buckets above 10000 ms',
    );
    expect(rule('>', 9_999)).toBeUndefined();
    expect(rule('>=', 10_000)).toBeUndefined();
    expect(rule('<', 20_000)).toBeUndefined();
    const page = {
      ...metric,
      source: {
        kind: 'scrape',
        url: `${api.url}/metrics`,
        window: SECOND,
        read: { quantile: { q: 0.95, histogram: { name: 'duration_seconds' } } },
      },
    } as const;
    expect(await probeOf(page).bounds?.(limits)).toEqual([500, 10_000]);
    expect(probeOf(at('sum(temperature)')).bounds).toBeUndefined();
  });

  describe('a target that has died', () => {
    beforeAll(async () => {
      await dying.stop();
      await vi.waitFor(async () => expect(await prometheus.value('up{job="dying"}')).toBe(0), {
        timeout: 15_000,
        interval: 200,
      });
    });

    test.each([
      ['a rate, which looks back over its window', 'sum(rate(jobs_total[1m]))'],
      ['a value with a time of its own, which looks back 5 min', 'sum(stamped)'],
    ])('is no data, though Prometheus goes on giving %s', async (_, query) => {
      expect(await prometheus.value(query)).toBeGreaterThan(0);
      await soon(query, { kind: 'noData', reason: expect.stringContaining('up is 0') });
    });

    test('is no data where the series is gone', async () => {
      await soon('sum(queue)', { kind: 'noData', reason: expect.stringContaining('up is 0') });
    });

    test('a query about `up` itself, or about absence, still gives its value', async () => {
      await soon('max(up{job="dying"})', { kind: 'ok', value: 0 });
      await soon('absent(queue)', { kind: 'ok', value: 1 });
    });

    test('the plan may name the series to go by', async () => {
      const query = 'sum(rate(jobs_total[1m]))';
      await soon(query, { kind: 'ok' }, { up: 'up{job="api"}' });
      await soon(query, { kind: 'noData', reason: 'there is no up{job="gone"}' }, { up: 'up{job="gone"}' });
    });

    test('does not hide another target of the same query', async () => {
      await soon('sum(rate(jobs_total[1m])) + sum(temperature)', { kind: 'ok' });
    });
  });

  test('an outage is an error; afterwards all that was missed is asked for, and a breach in it is seen', async () => {
    const readers = new MetricReaders();
    const breach = at('sum(temperature) > bool 40');
    const since = Date.now() - 2 * SECOND;
    await prometheus.stop();
    const during = await takeSamples([breach], { since, at: Date.now() }, readers);
    const [message, silence] = ['connection refused', { proven: false, text: 'connection refused' }];
    expect(during.metric).toEqual([{ at: expect.any(Number), kind: 'error', message, silence }]);
    await prometheus.start();
    const after = await takeSamples([breach], { since, at: Date.now() }, readers);
    const known = (after.metric ?? []).filter(({ kind }) => kind === 'ok');
    expect(known[0]?.at).toBeLessThan(during.metric?.[0]?.at ?? 0);

    const criterion = criterionWith({
      id: 'hot',
      title: 'hot',
      metric: 'metric',
      unit: 'count',
      breach: { comparison: '>', threshold: 0 },
      for: SECOND,
    });
    const state = [...(during.metric ?? []), ...(after.metric ?? [])].reduce(
      (before, sample) => observe(criterion, before, sample),
      emptyState(),
    );
    expect(state.firedAt).toBe((known[0]?.at ?? 0) + SECOND);
  }, 90_000);
});

describe('what stands in for a Prometheus that misbehaves', () => {
  const point = { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values: [] }] } };
  const standIn = async (handle: TestServer['handle'], place: Partial<PrometheusPlace> = {}) => {
    const server = await serve(handle);
    const source = { kind: 'prometheus', place: { api: server.url, ...place }, query: 'vector(1)' } as const;
    const metric = metricOf('metric', { ...source, window: 60 * SECOND, resolution: SECOND, delay: 0 });
    const take = async (readers?: MetricReaders) =>
      (await takeSamples([metric], { since: Date.now() - SECOND, at: Date.now() }, readers)).metric;
    return { server, take };
  };

  test('503 is asked again, and counts when it stays', async () => {
    const { server, take } = await standIn((_, response) => json(response, {}, 503));
    expect(await take()).toMatchObject([{ kind: 'error', message: 'Prometheus answered 503 Service Unavailable' }]);
    expect(server.requests).toHaveLength(3);
  });

  test('nonsense is an error', async () => {
    const { server, take } = await standIn((_, response) => response.end('<html>'));
    expect(await take()).toMatchObject([{ kind: 'error', message: 'Prometheus answered 200 OK, which is no JSON' }]);
    server.handle = (_, response) => json(response, { status: 'success', data: { resultType: 'vector', result: [] } });
    expect(await take()).toMatchObject([{ message: 'Prometheus answered something that is no matrix of values' }]);
  });

  describe('that has answered only in part', () => {
    /** A value at the last time that is asked for. */
    const whole = ({ url = '' }: { url?: string }) => {
      const values = [[Number(new URL(url, 'http://prometheus').searchParams.get('end')), '3']];
      return { status: 'success', data: { resultType: 'matrix', result: [{ metric: {}, values }] } };
    };
    const answering = async (more: object) =>
      (await (await standIn((request, response) => json(response, { ...whole(request), ...more }))).take())?.[0];

    test.each([
      ['a store that did not answer (Thanos, Mimir)', { warnings: ['no store matched for this query'] }, 'no store'],
      ['a node that did not answer (VictoriaMetrics)', { isPartial: true }, 'isPartial'],
      ['series that PromQL had to leave out', { warnings: ['PromQL warning: bucket label "le" is missing'] }, 'bucket'],
      ['words about it that nobody understands', { warnings: 'some' }, 'not understood'],
    ])('for %s is an error, not a value', async (_, more, says) => {
      expect(await answering(more)).toMatchObject({
        kind: 'error',
        message: expect.stringMatching(`^Prometheus has answered only in part .*${says}`),
      });
    });

    test.each([
      ['remarks', { infos: ['PromQL info: metric might not be a counter'] }],
      [
        'remarks of an older Prometheus',
        { warnings: ['PromQL info: metric might not be a counter, name does not end'] },
      ],
      ['no warnings', { warnings: [], isPartial: false }],
    ])('is not one with %s: these do not say that anything is missing', async (_, more) => {
      expect((await answering(more))?.kind).not.toBe('error');
    });

    test('is one too where it is only `up` of the targets that is not all there', async () => {
      const { server, take } = await standIn((request, response) => {
        const isUp = request.url?.includes('last_over_time') ?? false;
        json(response, { ...whole(request), ...(isUp && { warnings: ['store: deadline exceeded'] }) });
      }, {});
      expect(await take()).toMatchObject([{ kind: 'ok' }]);
      const source = { kind: 'prometheus', place: { api: server.url }, query: 'sum(queue)' } as const;
      const metric = metricOf('metric', { ...source, window: SECOND, resolution: SECOND, delay: 0 });
      const { metric: samples } = await takeSamples([metric], { since: Date.now() - SECOND, at: Date.now() });
      expect(samples).toMatchObject([{ kind: 'error', message: expect.stringContaining('only in part') }]);
    });
  });

  test('a limit is kept: it is asked again no earlier than it said, and by no later tick either', async () => {
    const readers = new MetricReaders();
    const { server, take } = await standIn((_, response) => {
      response.setHeader('retry-after', '60');
      json(response, {}, 429);
    });
    const message = expect.stringMatching(/^rate limit reached, to be asked again in (1 min|59)/);
    expect(await take(readers)).toMatchObject([{ kind: 'error', message }]);
    expect(await take(readers)).toMatchObject([
      { kind: 'error', message: expect.stringContaining('rate limit reached') },
    ]);
    expect(server.requests).toHaveLength(1);
  });

  test('a short limit is waited for', async () => {
    let first = true;
    const { server, take } = await standIn((_, response) => {
      if (first) response.setHeader('retry-after', '1');
      json(response, first ? {} : point, first ? 429 : 200);
      first = false;
    });
    expect(await take()).toMatchObject([{ kind: 'noData' }]);
    expect(server.requests).toHaveLength(2);
  });

  test('a hang ends within the time for a tick', async () => {
    const { take } = await standIn(() => {});
    expect(await take(inHaste())).toMatchObject([
      { kind: 'error', message: expect.stringMatching(/^no answer within/) },
    ]);
  });

  test('a token or a login is sent, and never told', async () => {
    const seen: (string | undefined)[] = [];
    const handle: TestServer['handle'] = (request, response) => {
      seen.push(request.headers.authorization);
      json(response, {}, 401);
    };
    const token = secret('TEST_PROMETHEUS_TOKEN', 'not-to-be-seen');
    const one = await (await standIn(handle, { token })).take();
    const other = await (await standIn(handle, { login: { username: 'reader', password: token } })).take();
    expect(seen).toEqual(['Bearer not-to-be-seen', `Basic ${Buffer.from('reader:not-to-be-seen').toString('base64')}`]);
    expect(JSON.stringify([one, other])).not.toContain('not-to-be-seen');
    expect(one).toMatchObject([{ kind: 'error', message: 'Prometheus answered 401 Unauthorized' }]);
  });

  test('a secret that is not there is an error that names where it should be', async () => {
    const { take } = await standIn(() => {}, { token: 'env:SUREFOOT_NO_SUCH_TOKEN' });
    expect(await take()).toMatchObject([{ kind: 'error', message: expect.stringContaining('SUREFOOT_NO_SUCH_TOKEN') }]);
  });

  test('a dead port is an error', async () => {
    const { take } = await standIn(() => {}, { api: `http://127.0.0.1:${await deadPort()}` });
    expect(await take()).toMatchObject([{ kind: 'error', message: 'connection refused' }]);
  });
});
