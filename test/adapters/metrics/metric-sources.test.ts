import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { PATIENCE } from '../../../src/adapters/http/patient-request.js';
import { MetricReaders, probeOf } from '../../../src/adapters/metrics/metric-sources.js';
import type { Metric, MetricSource, ScrapeReading } from '../../../src/contract/plan/metrics.js';
import { json, serve } from '../../helpers/server.js';

const metric = (name: string, source: MetricSource): Metric => ({ name, title: name, unit: 'count', source });
const printing = (program: string): MetricSource => ({
  kind: 'command',
  command: { run: [process.execPath, '-e', program], on: 'worker', folder: tmpdir(), timeout: 10_000 },
  environment: 'staging',
  tools: [],
  window: 60_000,
});

describe('metrics of several kinds', () => {
  test('have their samples by their own names, whichever of them can be read', async () => {
    const server = await serve((request, response) =>
      request.url === '/page' ? response.end('memory_bytes 5\n') : json(response, {}, 503),
    );
    const readers = new MetricReaders();
    const metrics = [
      metric('printed', printing('console.log(7)')),
      metric('memory', {
        kind: 'scrape',
        url: `${server.url}/page`,
        window: 1,
        read: { gauge: { name: 'memory_bytes' } },
      }),
      metric('down', { kind: 'health', url: server.url, window: 60_000, read: 'down' }),
      metric('garbage', printing('console.log("?")')),
      metric('later', {
        ...{ kind: 'prometheus', place: { api: server.url }, query: 'up' },
        ...{ window: 60_000, resolution: 60_000, delay: 0 },
      }),
    ];
    const { signal } = new AbortController();
    const request = { at: 90_000, since: { later: 60_000 }, clock: 'real', signal, baselines: {} } as const;
    expect(await readers.sample(metrics, request)).toEqual({
      printed: [{ at: 90_000, kind: 'ok', value: 7 }],
      memory: [{ at: 90_000, kind: 'ok', value: 5 }],
      down: [{ at: 90_000, kind: 'ok', value: 1 }],
      garbage: [{ at: 90_000, kind: 'error', message: 'the command printed something that is no JSON' }],
      // The next value is due at two minutes.
      later: [],
    });
    await readers.close();
  });

  test('of a kind that this release does not know cannot be read, which is said', async () => {
    const source = { kind: 'oracle', window: 60_000 } as unknown as MetricSource;
    const { signal } = new AbortController();
    const request = { at: 5, since: {}, clock: 'real', signal, baselines: {} } as const;
    expect(await new MetricReaders().sample([metric('later', source)], request)).toEqual({
      later: [{ at: 5, kind: 'error', message: 'this release cannot read a source of kind oracle' }],
    });
  });

  test('have none when the tick is cancelled: it says nothing of them', async () => {
    const readers = new MetricReaders();
    const ended = new AbortController();
    const request = { at: 0, since: {}, clock: 'real', signal: ended.signal, baselines: {} } as const;
    const sampled = readers.sample([metric('slow', printing('setInterval(() => {}, 1000)'))], request);
    ended.abort(new Error('enough'));
    await expect(sampled).rejects.toThrow('enough');
  });
});

describe('before a metric is relied on', () => {
  const page = [
    'queue_length{name="mail"} 3',
    'requests_total{status="200"} 5',
    'latency_seconds_bucket{le="0.5"} 1',
    'latency_seconds_bucket{le="+Inf"} 1',
    'latency_seconds_count 1',
    'latency_seconds_sum 0.1',
    '',
  ].join('\n');
  const scraped = async (read: ScrapeReading) => {
    const { url } = await serve((_, response) => response.end(page));
    return probeOf(metric('asked', { kind: 'scrape', url, window: 60_000, read }));
  };
  const limits = { signal: new AbortController().signal, patience: PATIENCE };
  const missing = async (read: ScrapeReading) => (await (await scraped(read)).missing?.(limits))?.names;

  test('a page tells what it has not, and what it has instead', async () => {
    const probe = await scraped({ gauge: { name: 'queue_lenght' } });
    expect(await probe.missing?.(limits)).toEqual({
      names: ['queue_lenght'],
      known: expect.arrayContaining(['queue_length', 'latency_seconds', 'latency_seconds_bucket']),
    });
  });

  test.each<[string, ScrapeReading, string[]]>([
    ['a series that is there', { gauge: { name: 'queue_length' } }, []],
    [
      'labels that no series has',
      { rate: { name: 'requests_total', labels: { status: '500' } } },
      ['requests_total{status="500"}'],
    ],
    [
      'the part of a ratio, which appears with its first event',
      { ratio: { of: { name: 'errors_total' }, to: { name: 'requests_total' } } },
      [],
    ],
    ['the whole of a ratio', { ratio: { of: { name: 'requests_total' }, to: { name: 'all_total' } } }, ['all_total']],
    ['both of a share', { share: { of: { name: 'used' }, to: { name: 'there' } } }, ['used', 'there']],
    ['a histogram by its own name', { quantile: { q: 0.5, histogram: { name: 'latency' } } }, ['latency']],
    ['a histogram that is there', { mean: { histogram: { name: 'latency_seconds' } } }, []],
  ])('%s', async (_, read, names) => {
    expect(await missing(read)).toEqual(names);
  });

  test('only a quantile of a histogram has bounds, in the metric’s unit', async () => {
    const { bounds } = await scraped({ quantile: { q: 0.5, histogram: { name: 'latency_seconds' } } });
    expect(await bounds?.(limits)).toEqual([500]);
    expect((await scraped({ mean: { histogram: { name: 'latency_seconds' } } })).bounds).toBeUndefined();
    expect(probeOf(metric('printed', printing('')))).toEqual({});
  });
});
