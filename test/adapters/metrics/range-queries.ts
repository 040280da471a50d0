/** What tests of sources with a history share: one metric, asked as a tick of real time asks. */
import { onTestFinished } from 'vitest';
import { MetricReaders } from '../../../src/adapters/metrics/metric-sources.js';
import type { Metric, RangeSource } from '../../../src/contract/plan/metrics.js';
import type { Sample } from '../../../src/domain/watch/criteria.js';

export const metricOf = (name: string, source: RangeSource, unit = 'count'): Metric => ({
  name,
  title: name,
  unit,
  source,
});

/** The samples of metrics from one time to another. */
export function takeSamples(
  metrics: Metric[],
  span: { since: number; at: number },
  readers = new MetricReaders(),
): Promise<Record<string, Sample[]>> {
  const since = Object.fromEntries(metrics.map(({ name }) => [name, span.since]));
  const signal = new AbortController().signal;
  return readers.sample(metrics, { at: span.at, since, clock: 'real', signal, baselines: {} });
}

/** A secret in an environment variable of this test's process. */
export function secret(name: string, value: string): string {
  process.env[name] = value;
  onTestFinished(() => {
    delete process.env[name];
  });
  return `env:${name}`;
}
