import type { Criterion } from '../../src/domain/watch/criteria.js';

/** An error rate over 10 % for two minutes leads to a rollback, and what is not known is unknown. Some of it otherwise. */
export const criterionWith = (parts: Partial<Criterion> = {}): Criterion => ({
  id: 'errors',
  title: 'Error rate',
  metric: 'error-rate',
  unit: '%',
  breach: { comparison: '>', threshold: 10 },
  for: 120_000,
  tier: 'rollback',
  noData: 'unknown',
  notANumber: 'unknown',
  providerError: 'unknown',
  minimumSamples: 1,
  ...parts,
});
