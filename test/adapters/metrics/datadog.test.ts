import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { MetricReaders } from '../../../src/adapters/metrics/metric-sources.js';
import type { RangeSource } from '../../../src/contract/plan/metrics.js';
import { json, readBody, serve } from '../../helpers/server.js';
import { metricOf, secret, takeSamples } from './range-queries.js';

const STEP = 15_000;
/** A multiple of the resolution, with a minute's delay after it. */
const NOW = 1_764_000_000_000;
const DELAY = 60_000;
const span = (steps: number) => ({ since: NOW - steps * STEP, at: NOW + DELAY });

interface Asked {
  from: number;
  to: number;
  interval: number;
  queries: { data_source: string; name: string; query: string }[];
  formulas: { formula: string }[];
}

/** As https://docs.datadoghq.com/api/latest/metrics/#query-timeseries-data-across-multiple-products has it. */
const answerWith = (series: { index: number; values: (number | null)[] }[], times: number[]) => ({
  data: {
    id: '0',
    type: 'timeseries_response',
    attributes: {
      series: series.map(({ index }) => ({ group_tags: [], query_index: index, unit: [null, null] })),
      times,
      values: series.map(({ values }) => values),
    },
  },
});

type Answer = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void;

/** A receiver with Datadog's addresses; `known` are the metrics that it has ever had. */
async function datadog(answer: Answer, known: string[] = []) {
  const asked: Asked[] = [];
  const server = await serve((request, response) => {
    const metric = /^\/api\/v1\/metrics\/(.+)$/.exec(request.url ?? '')?.[1];
    if (metric !== undefined) {
      json(
        response,
        known.includes(metric) ? { type: 'gauge' } : { errors: ['Metric not found'] },
        known.includes(metric) ? 200 : 404,
      );
      return;
    }
    void readBody(request).then((body) => {
      const { attributes } = (JSON.parse(body) as { data: { attributes: Asked } }).data;
      asked.push(attributes);
      answer(attributes, response, request);
    });
  });
  const place = {
    api: server.url,
    apiKey: secret('TEST_DATADOG_API_KEY', 'not-to-be-seen-1'),
    applicationKey: secret('TEST_DATADOG_APP_KEY', 'not-to-be-seen-2'),
  };
  const metric = (name: string, queries: Record<string, string>, formula = Object.keys(queries)[0] ?? '') => {
    const source: RangeSource = {
      kind: 'datadog',
      place,
      queries,
      formula,
      window: 60_000,
      resolution: STEP,
      delay: DELAY,
    };
    return metricOf(name, source);
  };
  return { server, asked, metric };
}

const CPU = { cpu: 'avg:system.cpu.user{env:staging}' };

describe('values', () => {
  test('every interval since the last tick is a sample at its end; one without a value is no data', async () => {
    const { asked, metric } = await datadog(({ from }, response) =>
      json(
        response,
        answerWith(
          [{ index: 0, values: [41, null, 43] }],
          [0, 1, 2].map((i) => from + i * STEP),
        ),
      ),
    );
    expect(await takeSamples([metric('cpu', CPU)], span(3))).toEqual({
      cpu: [
        { at: NOW - 2 * STEP, kind: 'ok', value: 41 },
        { at: NOW - STEP, kind: 'noData', reason: 'Datadog has no value for this time' },
        { at: NOW, kind: 'ok', value: 43 },
      ],
    });
    expect(asked).toEqual([
      {
        from: NOW - 3 * STEP,
        to: NOW,
        interval: STEP,
        queries: [{ data_source: 'metrics', name: 'm0_cpu', query: 'avg:system.cpu.user{env:staging}' }],
        formulas: [{ formula: 'm0_cpu' }],
      },
    ]);
  });

  test('metrics share one request, each with its own formula and names', async () => {
    const { asked, metric } = await datadog(({ from }, response) =>
      json(
        response,
        answerWith(
          [
            { index: 1, values: [0.5] },
            { index: 0, values: [12] },
          ],
          [from],
        ),
      ),
    );
    const ratio = { errors: 'sum:http.errors{*}.as_count()', requests: 'sum:http.requests{*}.as_count()' };
    const samples = await takeSamples(
      [metric('cpu', CPU), metric('error-rate', ratio, '100 * errors / default_zero(requests)')],
      span(1),
    );
    expect(samples).toMatchObject({ cpu: [{ value: 12 }], 'error-rate': [{ value: 0.5 }] });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.formulas).toEqual([
      { formula: 'm0_cpu' },
      { formula: '100 * m1_errors / default_zero(m1_requests)' },
    ]);
  });

  test('nothing is asked while no interval is complete', async () => {
    const { server, metric } = await datadog(() => {});
    expect(await takeSamples([metric('cpu', CPU)], { since: NOW, at: NOW + DELAY + STEP - 1 })).toEqual({ cpu: [] });
    expect(server.requests).toEqual([]);
  });

  test('groups are an error, not the first of them', async () => {
    const { metric } = await datadog(({ from }, response) =>
      json(
        response,
        answerWith(
          [
            { index: 0, values: [1] },
            { index: 0, values: [2] },
          ],
          [from],
        ),
      ),
    );
    expect(await takeSamples([metric('cpu', CPU)], span(1))).toMatchObject({
      cpu: [{ kind: 'error', message: 'the query gives 2 series; leave out "by {…}" so that it gives one' }],
    });
  });

  test('in virtual time the latest interval is stamped with the workflow’s time', async () => {
    const { asked, metric } = await datadog(({ from }, response) =>
      json(response, answerWith([{ index: 0, values: [7] }], [from])),
    );
    const readers = new MetricReaders();
    const signal = new AbortController().signal;
    const take = (at: number) =>
      readers.sample([metric('cpu', CPU)], { at, since: {}, clock: 'virtual', signal, baselines: {} });
    expect(await take(5)).toEqual({ cpu: [{ at: 5, kind: 'ok', value: 7 }] });
    expect(await take(60_005)).toEqual({ cpu: [{ at: 60_005, kind: 'ok', value: 7 }] });
    expect(asked).toHaveLength(1);
    expect(asked[0]?.to).toBeLessThanOrEqual(Date.now() - DELAY);
  });
});

describe('no values', () => {
  test('a metric that Datadog knows has no data, one that it has never had is an error that names it', async () => {
    const { server, metric } = await datadog((_, response) => json(response, answerWith([], [])), ['system.cpu.user']);
    const samples = await takeSamples(
      [metric('cpu', CPU), metric('misspelt', { a: 'avg:system.cpu.usr{env:staging} by {host}' })],
      span(2),
    );
    expect(samples).toEqual({
      cpu: [NOW - STEP, NOW].map((at) => ({ at, kind: 'noData', reason: 'Datadog has no values for these times' })),
      misspelt: [
        { at: NOW, kind: 'error', message: 'Datadog knows no metric system.cpu.usr: misspelt, or never sent' },
      ],
    });
    expect(server.requests).toContain('GET /api/v1/metrics/system.cpu.usr');
  });

  test('an error in the answer is one, though the status is 200', async () => {
    const { metric } = await datadog((_, response) =>
      json(response, { ...answerWith([], []), errors: 'query timed out' }),
    );
    expect(await takeSamples([metric('cpu', CPU)], span(1))).toMatchObject({
      cpu: [{ kind: 'error', message: 'Datadog could not answer: query timed out' }],
    });
  });
});

describe('a Datadog that misbehaves', () => {
  const [two, times] = [{ index: 0, values: [12, 13] }, [NOW - 2 * STEP, NOW - STEP]];
  const whole = answerWith([two], times);
  const { attributes } = whole.data;
  test.each([
    ['a query that ran out of time', { ...whole, meta: { status: 'timeout' } }, 'only in part (timeout)'],
    ['a warning', { ...whole, meta: { status: 'done', warnings: [{ detail: 'too many groups' }] } }, 'too many groups'],
    ['more pages', { ...whole, meta: { page: { after: 'eyJz' } } }, 'another page'],
    ['fewer values than times', answerWith([{ ...two, values: [12] }], times), 'not a value for each'],
    ['fewer rows than series', { data: { attributes: { ...attributes, values: [] } } }, 'not a value for each'],
  ])('half an answer (%s) is an error, not what is in it', async (_, body, says) => {
    const { metric } = await datadog((__, response) => json(response, body));
    expect(await takeSamples([metric('cpu', CPU)], span(2))).toMatchObject({
      cpu: [{ kind: 'error', message: expect.stringContaining(says) }],
    });
  });

  test('an answer that says that it is done is whole', async () => {
    const { metric } = await datadog((_, response) =>
      json(response, { ...whole, errors: '', meta: { status: 'done' } }),
    );
    expect(await takeSamples([metric('cpu', CPU)], span(2))).toMatchObject({ cpu: [{ value: 12 }, { value: 13 }] });
  });

  test('a wrong query is refused by itself: the others keep their values', async () => {
    const { asked, metric } = await datadog(({ queries, from }, response) => {
      if (queries.some(({ query }) => query === 'nonsense')) {
        json(response, { errors: ['Error parsing query: unable to parse nonsense'] }, 400);
      } else json(response, answerWith([{ index: 0, values: [12] }], [from]));
    });
    const samples = await takeSamples([metric('cpu', CPU), metric('wrong', { a: 'nonsense' })], span(1));
    expect(samples).toMatchObject({
      cpu: [{ value: 12 }],
      wrong: [
        {
          kind: 'error',
          message: 'Datadog answered 400 Bad Request: Error parsing query: unable to parse nonsense',
        },
      ],
    });
    expect(asked).toHaveLength(3);
  });

  test('429 is waited for as X-RateLimit-Reset says', async () => {
    let first = true;
    const { asked, metric } = await datadog(({ from }, response) => {
      if (!first) return json(response, answerWith([{ index: 0, values: [12] }], [from]));
      first = false;
      response.setHeader('x-ratelimit-reset', '1');
      response.setHeader('x-ratelimit-remaining', '0');
      return json(response, { errors: ['Rate limit of 600 requests in 3600 seconds reached'] }, 429);
    });
    const start = performance.now();
    expect(await takeSamples([metric('cpu', CPU)], span(1))).toMatchObject({ cpu: [{ value: 12 }] });
    expect(performance.now() - start).toBeGreaterThan(990);
    expect(asked).toHaveLength(2);
  });

  test('a limit beyond the tick is an error, and the next ticks leave Datadog alone', async () => {
    const { asked, metric } = await datadog((_, response) => {
      response.setHeader('x-ratelimit-reset', '1800');
      json(response, { errors: ['Rate limit reached'] }, 429);
    });
    const readers = new MetricReaders();
    const expected = { cpu: [{ kind: 'error', message: 'rate limit reached, to be asked again in 30 min' }] };
    expect(await takeSamples([metric('cpu', CPU)], span(1), readers)).toMatchObject(expected);
    expect(await takeSamples([metric('cpu', CPU)], span(1), readers)).toMatchObject({ cpu: [{ kind: 'error' }] });
    expect(asked).toHaveLength(1);
  });

  test('500 is asked again, twice', async () => {
    let failures = 2;
    const { asked, metric } = await datadog(({ from }, response) => {
      failures -= 1;
      if (failures >= 0) return json(response, { errors: ['Internal Server Error'] }, 500);
      return json(response, answerWith([{ index: 0, values: [12] }], [from]));
    });
    expect(await takeSamples([metric('cpu', CPU)], span(1))).toMatchObject({ cpu: [{ value: 12 }] });
    expect(asked).toHaveLength(3);
    failures = 100;
    expect(await takeSamples([metric('cpu', CPU)], span(1))).toMatchObject({
      cpu: [{ kind: 'error', message: 'Datadog answered 500 Internal Server Error: Internal Server Error' }],
    });
  });

  test('a hang ends within the tick', { timeout: 30_000 }, async () => {
    const { metric } = await datadog(() => {});
    const start = performance.now();
    expect(await takeSamples([metric('cpu', CPU)], span(1))).toMatchObject({
      cpu: [{ kind: 'error', message: expect.stringMatching(/^no answer within/) }],
    });
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test.each([
    ['no JSON', '<html>'],
    ['JSON of another kind', '{"series": []}'],
    ['values that are no numbers', JSON.stringify(answerWith([{ index: 0, values: ['1' as never] }], [NOW - STEP]))],
  ])('%s is an error', async (_, body) => {
    const { metric } = await datadog((__, response) => response.end(body));
    expect(await takeSamples([metric('cpu', CPU)], span(1))).toMatchObject({
      cpu: [{ kind: 'error', message: 'Datadog answered something that is no time series' }],
    });
  });

  test('keys are sent, and never told when they are refused', async () => {
    const seen: unknown[] = [];
    const { metric } = await datadog((_, response, { headers }) => {
      seen.push(headers['dd-api-key'], headers['dd-application-key']);
      json(response, { errors: ['Forbidden not-to-be-seen-1'] }, 403);
    });
    const samples = await takeSamples([metric('cpu', CPU)], span(1));
    expect(seen).toEqual(['not-to-be-seen-1', 'not-to-be-seen-2']);
    expect(samples).toMatchObject({ cpu: [{ kind: 'error', message: 'Datadog refuses these keys (403 Forbidden)' }] });
    expect(JSON.stringify(samples)).not.toContain('not-to-be-seen');
  });
});
