import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CloudWatchQuery, RangeSource } from '../../../src/contract/plan/metrics.js';
import type { AwsPlace } from '../../../src/contract/plan/providers.js';
import { type Moto, startMoto } from '../../helpers/moto.js';
import { deadPort, json, readBody, serve } from '../../helpers/server.js';
import { inHaste, metricOf, secret, takeSamples } from './range-queries.js';

const MINUTE = 60_000;
const DELAY = 2 * MINUTE;
/** The end of a whole minute whose value is complete. */
const NOW = Math.floor((Date.now() - 30 * MINUTE) / MINUTE) * MINUTE;
const span = (minutes: number) => ({ since: NOW - minutes * MINUTE, at: NOW + DELAY });

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 300_000);
afterAll(() => moto?.stop());

const place = (endpoint: string): AwsPlace => ({
  region: 'sa-east-1',
  endpoint,
  credentials: {
    accessKeyId: secret('TEST_AWS_KEY', 'AKIATEST'),
    secretAccessKey: secret('TEST_AWS_SECRET', 'not-to-be-seen'),
  },
});
const query = (metric: string, more: Partial<CloudWatchQuery> = {}): CloudWatchQuery => ({
  namespace: 'App',
  metric,
  dimensions: { env: 'staging' },
  statistic: 'Sum',
  ...more,
});
const metrics = (
  endpoint: string,
  queries: Record<string, CloudWatchQuery>,
  formula = Object.keys(queries)[0] ?? '',
) => {
  const source: RangeSource = {
    kind: 'cloudwatch',
    place: place(endpoint),
    queries,
    formula,
    window: MINUTE,
    resolution: MINUTE,
    delay: DELAY,
  };
  return (name: string) => metricOf(name, source);
};

describe('metrics of moto', () => {
  beforeAll(async () => {
    const client = new CloudWatchClient({
      region: 'sa-east-1',
      endpoint: moto.url,
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    });
    // Of the three minutes before NOW, the one in the middle has no value.
    const put = (MetricName: string, minutesAgo: number, Value: number) => ({
      MetricName,
      Dimensions: [{ Name: 'env', Value: 'staging' }],
      Timestamp: new Date(NOW - minutesAgo * MINUTE),
      Value,
    });
    const MetricData = [put('Errors', 3, 4), put('Errors', 1, 6), put('Requests', 3, 100), put('Old', 300, 1)];
    await client.send(new PutMetricDataCommand({ Namespace: 'App', MetricData }));
    client.destroy();
  });

  test('every period since the last tick is a sample at its end; one without a value is no data', async () => {
    expect(await takeSamples([metrics(moto.url, { errors: query('Errors') })('errors')], span(3))).toEqual({
      errors: [
        { at: NOW - 2 * MINUTE, kind: 'ok', value: 4 },
        { at: NOW - MINUTE, kind: 'noData', reason: 'CloudWatch has no value for this time' },
        { at: NOW, kind: 'ok', value: 6 },
      ],
    });
  });

  test('several metrics are asked for at once', async () => {
    const samples = await takeSamples(
      [metrics(moto.url, { a: query('Errors') })('errors'), metrics(moto.url, { a: query('Requests') })('requests')],
      { since: NOW - 3 * MINUTE, at: NOW - 2 * MINUTE + DELAY },
    );
    expect(samples).toMatchObject({ errors: [{ value: 4 }], requests: [{ value: 100 }] });
  });

  test('a metric that is there but has no value is no data, one that was never seen an error that names it', async () => {
    const old = metrics(moto.url, { a: query('Old') })('old');
    const misspelt = metrics(moto.url, { a: query('Eror') })('misspelt');
    const elsewhere = metrics(moto.url, { a: query('Errors', { dimensions: { env: 'nowhere' } }) })('elsewhere');
    expect(await takeSamples([old, misspelt, elsewhere], span(1))).toEqual({
      old: [{ at: NOW, kind: 'noData', reason: 'CloudWatch has no values for these times' }],
      misspelt: [
        {
          at: NOW,
          kind: 'error',
          message: 'CloudWatch has not seen App Eror for two weeks: misspelt, or never counted',
        },
      ],
      elsewhere: [
        {
          at: NOW,
          kind: 'error',
          message: 'CloudWatch has not seen App Errors for two weeks: misspelt, or never counted',
        },
      ],
    });
  });
});

describe('log groups of moto', () => {
  beforeAll(async () => {
    const client = new CloudWatchLogsClient({
      region: 'sa-east-1',
      endpoint: moto.url,
      credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    });
    for (const logGroupName of ['/app/staging', '/app/silent']) {
      await client.send(new CreateLogGroupCommand({ logGroupName }));
      await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName: 'one' }));
    }
    const line = (secondsAgo: number, message: string) => ({ timestamp: NOW - secondsAgo * 1_000, message });
    await client.send(
      new PutLogEventsCommand({
        logGroupName: '/app/staging',
        logStreamName: 'one',
        logEvents: [
          line(170, 'CRITICAL old'),
          line(110, 'INFO fine'),
          line(100, 'CRITICAL disk'),
          line(90, 'CRITICAL disk'),
          line(10, 'INFO fine'),
        ],
      }),
    );
    client.destroy();
  });

  const lines = (group: string, filter = 'CRITICAL', unit = 'count') =>
    metricOf(
      'lines',
      {
        kind: 'cloudwatch-logs',
        place: place(moto.url),
        group,
        filter,
        window: MINUTE,
        resolution: MINUTE,
        delay: DELAY,
      },
      unit,
    );

  test('matching lines are counted in the window before each time', async () => {
    expect(await takeSamples([lines('/app/staging')], span(3))).toEqual({
      lines: [
        { at: NOW - 2 * MINUTE, kind: 'ok', value: 1 },
        { at: NOW - MINUTE, kind: 'ok', value: 2 },
        { at: NOW, kind: 'ok', value: 0 },
      ],
    });
    expect(
      await takeSamples([lines('/app/staging', 'CRITICAL', '/s')], {
        since: NOW - 2 * MINUTE,
        at: NOW - MINUTE + DELAY,
      }),
    ).toMatchObject({
      lines: [{ value: 2 / 60 }],
    });
  });

  test('a group that nobody writes to is no data, and one that is not there an error', async () => {
    expect(await takeSamples([lines('/app/silent')], span(1))).toEqual({
      lines: [{ at: NOW, kind: 'noData', reason: 'the log group /app/silent had no line at all' }],
    });
    expect(await takeSamples([lines('/app/stagin')], span(1))).toEqual({
      lines: [{ at: NOW, kind: 'error', message: 'CloudWatch: there is no log group /app/stagin' }],
    });
  });
});

/** Where moto is wrong or cannot be made to fail: a receiver that speaks AWS’ JSON protocol. */
describe('a stand-in for what moto does not do', () => {
  type Call = { action: string; input: Record<string, never> & { NextToken?: string; nextToken?: string } };
  const receiver = async (answer: (call: Call) => { status?: number; body: unknown }) => {
    const calls: Call[] = [];
    const server = await serve((request, response) => {
      void readBody(request).then((body) => {
        const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
        const call = { action, input: JSON.parse(body || '{}') };
        calls.push(call);
        const { status, body: content } = answer(call);
        if (typeof content === 'string') response.writeHead(status ?? 200).end(content);
        else json(response, content, status);
      });
    });
    return { url: server.url, calls, server };
  };
  const result = (minutesAgo: number[], values: number[], more: object = {}) => ({
    Id: 'm0',
    Label: 'errors',
    // The protocol has times in seconds.
    Timestamps: minutesAgo.map((minutes) => (NOW - minutes * MINUTE) / 1_000),
    Values: values,
    StatusCode: 'Complete',
    ...more,
  });

  test('pages are followed by their token: PartialData goes on in the next one', async () => {
    const { url, calls } = await receiver(({ input }) => ({
      body:
        input.NextToken === 'more'
          ? { MetricDataResults: [result([1], [6])] }
          : { MetricDataResults: [result([3, 2], [4, 5], { StatusCode: 'PartialData' })], NextToken: 'more' },
    }));
    expect(await takeSamples([metrics(url, { errors: query('Errors') })('errors')], span(3))).toEqual({
      errors: [
        { at: NOW - 2 * MINUTE, kind: 'ok', value: 4 },
        { at: NOW - MINUTE, kind: 'ok', value: 5 },
        { at: NOW, kind: 'ok', value: 6 },
      ],
    });
    expect(calls.map(({ input }) => input.NextToken)).toEqual([undefined, 'more']);
  });

  test.each([
    [
      'PartialData without another page',
      { MetricDataResults: [result([3], [4], { StatusCode: 'PartialData' })] },
      'PartialData',
    ],
    [
      'an error on a page before the last',
      { MetricDataResults: [result([3], [4], { StatusCode: 'InternalError' }), result([2], [4])] },
      'InternalError',
    ],
    [
      'a message about the whole operation',
      {
        MetricDataResults: [result([3], [4])],
        Messages: [{ Code: 'x', Value: 'Maximum number of allowed metrics exceeded' }],
      },
      'Maximum number of allowed metrics exceeded',
    ],
    [
      'a message about the metric',
      { MetricDataResults: [result([3], [4], { Messages: [{ Code: 'x', Value: 'only the first 100 are there' }] })] },
      'only the first 100',
    ],
    ['fewer values than times', { MetricDataResults: [result([3, 2], [4])] }, 'without a value for each time'],
  ])('%s is an error, not the values that are there', async (_, body, says) => {
    const { url } = await receiver(() => ({ body }));
    expect(await takeSamples([metrics(url, { errors: query('Errors') })('errors')], span(3))).toEqual({
      errors: [{ at: NOW, kind: 'error', message: expect.stringContaining(says) }],
    });
  });

  test('times at which a formula gave no number are no data that say so, and the others keep their values', async () => {
    const Messages = [{ Code: 'ArithmeticError', Value: 'points have been dropped: not numeric' }];
    const { url } = await receiver(() => ({ body: { MetricDataResults: [result([3], [4], { Messages })] } }));
    expect(await takeSamples([metrics(url, { errors: query('Errors') })('errors')], span(2))).toEqual({
      errors: [NOW - MINUTE, NOW].map((at) => ({
        at,
        kind: 'noData',
        reason: 'points have been dropped: not numeric',
      })),
    });
  });

  test('percentiles and formulas are asked for as they are written, each metric under names of its own', async () => {
    const { url, calls } = await receiver(() => ({
      body: { MetricDataResults: [result([1], [0.7]), result([1], [0.5], { Id: 'm1', Label: 'ratio' })] },
    }));
    const p95 = metrics(url, { latency: query('Latency', { statistic: 'p95' }) })('p95');
    const queries = { errors: query('Errors'), requests: query('Requests') };
    const ratio = metrics(url, queries, '100 * FILL(errors, 0) / requests')('ratio');
    expect(await takeSamples([p95, ratio], span(1))).toMatchObject({ p95: [{ value: 0.7 }], ratio: [{ value: 0.5 }] });
    const stat = (MetricName: string, Stat: string) => ({
      Metric: { Namespace: 'App', MetricName, Dimensions: [{ Name: 'env', Value: 'staging' }] },
      Period: 60,
      Stat,
    });
    expect(calls).toHaveLength(1);
    expect(calls[0]?.input).toMatchObject({
      StartTime: (NOW - MINUTE) / 1_000,
      EndTime: NOW / 1_000,
      MetricDataQueries: [
        { Id: 'm0', MetricStat: stat('Latency', 'p95'), ReturnData: true },
        { Id: 'm1_errors', MetricStat: stat('Errors', 'Sum'), ReturnData: false },
        { Id: 'm1_requests', MetricStat: stat('Requests', 'Sum'), ReturnData: false },
        { Id: 'm1', Expression: '100 * FILL(m1_errors, 0) / m1_requests', Period: 60, ReturnData: true },
      ],
    });
  });

  test('several series of one formula are an error', async () => {
    const { url } = await receiver(() => ({
      body: { MetricDataResults: [result([1], [1], { Label: 'a' }), result([1], [2], { Label: 'b' })] },
    }));
    expect(await takeSamples([metrics(url, { errors: query('Errors') })('errors')], span(1))).toMatchObject({
      errors: [{ kind: 'error', message: expect.stringContaining('gives 2 series') }],
    });
  });

  test('a wrong formula is refused by itself: the others keep their values', async () => {
    const { url } = await receiver(({ input }) => {
      const wrong = JSON.stringify(input).includes('nonsense');
      if (!wrong) return { body: { MetricDataResults: [result([1], [4])] } };
      return { status: 400, body: { __type: 'ValidationError', message: 'Error in expression: nonsense' } };
    });
    const good = metrics(url, { errors: query('Errors') });
    expect(
      await takeSamples([good('errors'), metrics(url, { a: query('Errors') }, 'a + nonsense(')('wrong')], span(1)),
    ).toMatchObject({
      errors: [{ value: 4 }],
      wrong: [{ kind: 'error', message: 'CloudWatch: Error in expression: nonsense' }],
    });
  });

  test.each([
    ['Forbidden', 'Forbidden', 'CloudWatch answered Forbidden: no right to see it'],
    ['InternalError', 'InternalError', 'CloudWatch answered InternalError: no right to see it'],
  ])('a result that is %s is an error', async (_, StatusCode, message) => {
    const { url } = await receiver(() => ({
      body: {
        MetricDataResults: [result([], [], { StatusCode, Messages: [{ Code: 'x', Value: 'no right to see it' }] })],
      },
    }));
    expect(await takeSamples([metrics(url, { errors: query('Errors') })('errors')], span(1))).toMatchObject({
      errors: [{ kind: 'error', message }],
    });
  });

  test('where metrics may not be listed, an empty answer is no data', async () => {
    const { url } = await receiver(({ action }) =>
      action === 'ListMetrics'
        ? { status: 403, body: { __type: 'AccessDenied', message: 'not-to-be-seen' } }
        : { body: { MetricDataResults: [result([], [])] } },
    );
    expect(await takeSamples([metrics(url, { errors: query('Errors') })('errors')], span(1))).toMatchObject({
      errors: [{ kind: 'noData' }],
    });
  });

  test('being asked too often is tried again, and 500 and nonsense are errors', { timeout: 60_000 }, async () => {
    let refusals = 1;
    const { url, calls } = await receiver(() => {
      refusals -= 1;
      if (refusals >= 0) return { status: 400, body: { __type: 'ThrottlingException', message: 'Rate exceeded' } };
      return { body: { MetricDataResults: [result([1], [4])] } };
    });
    expect(await takeSamples([metrics(url, { errors: query('Errors') })('errors')], span(1))).toMatchObject({
      errors: [{ value: 4 }],
    });
    expect(calls).toHaveLength(2);
    for (const body of [{ __type: 'InternalServiceFault' }, '<html>']) {
      const broken = await receiver(() => ({ status: 500, body }));
      expect(await takeSamples([metrics(broken.url, { errors: query('Errors') })('errors')], span(1))).toMatchObject({
        errors: [{ kind: 'error', message: expect.stringMatching(/^CloudWatch: .*status 500/) }],
      });
    }
    const strange = await receiver(() => ({ body: '<html>' }));
    expect(await takeSamples([metrics(strange.url, { errors: query('Errors') })('errors')], span(1))).toMatchObject({
      errors: [{ kind: 'error' }],
    });
  });

  test('an outage and a hang are errors within the time for a tick', async () => {
    const dead = metrics(`http://127.0.0.1:${await deadPort()}`, { errors: query('Errors') })('dead');
    const silent = await serve(() => {});
    const hangs = metrics(silent.url, { errors: query('Errors') })('hangs');
    expect(await takeSamples([dead, hangs], span(1), inHaste())).toMatchObject({
      dead: [{ kind: 'error', message: 'CloudWatch: ECONNREFUSED' }],
      hangs: [{ kind: 'error', message: 'no answer within 2 s' }],
    });
  });

  test('of more log lines than are read the windows before are known, those after are not, and a flood says so', async () => {
    const events = (count: number, secondsAgo: number) =>
      Array.from({ length: count }, () => ({ timestamp: NOW - secondsAgo * 1_000, message: 'CRITICAL' }));
    const lines = async (perPage: number, secondsAgo: number) => {
      const { url } = await receiver(({ input }) => ({
        body: {
          events: [...(input.nextToken ? [] : events(3, 170)), ...events(perPage, secondsAgo)],
          nextToken: 'more',
        },
      }));
      const source = { kind: 'cloudwatch-logs', place: place(url), group: '/app', filter: 'CRITICAL' } as const;
      const metric = metricOf('lines', { ...source, window: MINUTE, resolution: MINUTE, delay: DELAY });
      return (await takeSamples([metric], span(3))).lines;
    };
    const error = { at: NOW, kind: 'error', message: 'more than 50000 lines match' };
    expect(await lines(10_000, 90)).toEqual([
      { at: NOW - 2 * MINUTE, kind: 'ok', value: 3 },
      { at: NOW - MINUTE, kind: 'ok', value: 50_000 },
      error,
    ]);
  });

  test('pages of log lines are followed, empty ones too', async () => {
    const event = { timestamp: NOW - 1_000, message: 'CRITICAL' };
    const { url, calls } = await receiver(({ input }) => ({
      body:
        input.nextToken === 'two'
          ? { events: [event, event] }
          : { events: [], nextToken: input.nextToken ? 'two' : 'one' },
    }));
    const source: RangeSource = {
      kind: 'cloudwatch-logs',
      place: place(url),
      group: '/app',
      filter: 'CRITICAL',
      window: MINUTE,
      resolution: MINUTE,
      delay: DELAY,
    };
    expect(await takeSamples([metricOf('lines', source)], span(1))).toMatchObject({ lines: [{ value: 2 }] });
    expect(calls.map(({ input }) => input.nextToken)).toEqual([undefined, 'one', 'two']);
  });
});
