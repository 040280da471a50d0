/** What tests of sources with a history share: one metric, asked as a tick of real time asks. */
import { onTestFinished } from 'vitest';
import { type RangeMetric, RangeQueries } from '../../../src/adapters/metrics/range-queries.js';
import type { RangeSource } from '../../../src/contract/plan/metrics.js';
import type { Sample } from '../../../src/domain/watch/criteria.js';

export const metricOf = (name: string, source: RangeSource, unit = 'count'): RangeMetric => ({
  name,
  title: name,
  unit,
  source,
});

/** The samples of metrics from one time to another. */
export function takeSamples(
  metrics: RangeMetric[],
  span: { since: number; at: number },
  kept = new RangeQueries(),
): Promise<Record<string, Sample[]>> {
  const since = Object.fromEntries(metrics.map(({ name }) => [name, span.since]));
  const signal = new AbortController().signal;
  return kept.samples(metrics, { at: span.at, since, clock: 'real', signal });
}

/** Asks a source that never answers: nobody wants to wait for it as long as a tick may take. */
export const inHaste = () => new RangeQueries({ answer: 500, whole: 2_000, pause: 10 });

/** A secret in an environment variable of this test's process. */
export function secret(name: string, value: string): string {
  process.env[name] = value;
  onTestFinished(() => {
    delete process.env[name];
  });
  return `env:${name}`;
}
