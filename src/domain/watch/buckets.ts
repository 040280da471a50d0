/** Rules over quantiles of histograms that could never fire. */
import type { Criterion } from './criteria.js';

/**
 * A quantile of a histogram is never above its highest finite bucket bound
 * (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile), so a rule above it is dead.
 * @param bounds the finite bucket bounds, in the criterion's unit
 * @returns what is wrong, for people; undefined when the rule can fire, or when there are no bounds to tell by
 */
export function neverFires(
  { breach, unit }: Pick<Criterion, 'breach' | 'unit'>,
  bounds: readonly number[],
): string | undefined {
  if (bounds.length === 0) return undefined;
  const top = Math.max(...bounds);
  const { comparison, threshold } = breach;
  const isDead = (comparison === '>' && threshold >= top) || (comparison === '>=' && threshold > top);
  if (!isDead) return undefined;
  return `"${comparison} ${threshold} ${unit}" can never be: the highest bucket ends at ${top} ${unit}; add buckets above ${threshold} ${unit}`;
}
