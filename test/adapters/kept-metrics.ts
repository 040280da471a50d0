/** What tests of sources with a history share: one metric, asked as a tick of real time asks. */
import { onTestFinished } from 'vitest';
import { type KeptMetric, KeptMetrics } from '../../src/adapters/kept-metrics.js';
import type { KeptSource } from '../../src/contract/plan.js';
import type { Sample } from '../../src/domain/criteria.js';

export const metricOf = (name: string, source: KeptSource, unit = 'count'): KeptMetric => ({
  name,
  title: name,
  unit,
  source,
});

/** The samples of metrics from one time to another. */
export function takeSamples(
  metrics: KeptMetric[],
  span: { since: number; at: number },
  kept = new KeptMetrics(),
): Promise<Record<string, Sample[]>> {
  const since = Object.fromEntries(metrics.map(({ name }) => [name, span.since]));
  const signal = new AbortController().signal;
  return kept.samples(metrics, { at: span.at, since, clock: 'real', signal });
}

/** A secret in an environment variable of this test's process. */
export function secret(name: string, value: string): string {
  process.env[name] = value;
  onTestFinished(() => {
    delete process.env[name];
  });
  return `env:${name}`;
}
