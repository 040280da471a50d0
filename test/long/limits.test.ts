/** Limits as they are shipped, waited for in full. The same with short ones: the tests of each part. */
import { expect, test } from 'vitest';
import type { RangeSource } from '../../src/contract/plan/metrics.js';
import { metricOf, secret, takeSamples } from '../adapters/metrics/range-queries.js';
import { awsAt } from '../helpers/aws.js';
import { serve } from '../helpers/server.js';

const MINUTE = 60_000;

test('a source of metrics that never answers costs a tick no more than 15 s', async () => {
  const { url } = await serve(() => {});
  const shared = { window: MINUTE, resolution: MINUTE, delay: 0 };
  const keys = {
    apiKey: secret('TEST_LIMITS_API_KEY', 'not-to-be-seen'),
    applicationKey: secret('TEST_LIMITS_APPLICATION_KEY', 'not-to-be-seen'),
  };
  const errors = { namespace: 'App', metric: 'Errors', dimensions: {}, statistic: 'Sum' };
  const sources: Record<string, RangeSource> = {
    prometheus: { kind: 'prometheus', place: { api: url }, query: 'vector(1)', ...shared },
    datadog: { kind: 'datadog', place: { api: url, ...keys }, queries: { a: 'avg:cpu{*}' }, formula: 'a', ...shared },
    cloudwatch: { kind: 'cloudwatch', place: awsAt(url).place, queries: { a: errors }, formula: 'a', ...shared },
  };
  const metrics = Object.entries(sources).map(([name, source]) => metricOf(name, source));
  const at = Date.now();
  const began = performance.now();
  const samples = await takeSamples(metrics, { since: at - MINUTE, at });
  expect(performance.now() - began).toBeLessThan(20_000);
  for (const name of Object.keys(sources)) {
    expect(samples[name], name).toMatchObject([{ kind: 'error', message: expect.stringMatching(/^no answer within/) }]);
  }
  expect(samples.cloudwatch).toMatchObject([{ message: 'no answer within 15 s' }]);
});
