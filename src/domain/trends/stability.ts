import { formatDuration } from '../duration.js';
import { figure, known, longestStretch, tooLittle } from './known.js';
import { median } from './ranks.js';
import type { ObservedSpan, StabilityTrend, TrendJudgement } from './trend.js';

/**
 * Stable: never below `floor` percent of the median for longer than `for`, and on the whole a coefficient of variation
 * (standard deviation by mean) of at most `variation` percent. The first finds a hole, the second a swing. Where the
 * median is zero there is nothing to be stable.
 */
export function judgeStability(trend: StabilityTrend, observed: ObservedSpan): TrendJudgement {
  const points = known(observed.samples, observed);
  const values = points.map(({ value }) => value);
  const usual = median(values);
  if (values.length < trend.minimumSamples) {
    return tooLittle(trend, `${values.length} known samples, ${trend.minimumSamples} needed`);
  }
  if (usual <= 0) return tooLittle(trend, `the median is ${figure(usual)} ${trend.unit}`, { median: usual });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const variation = (Math.sqrt(variance) / mean) * 100;
  const lowest = values.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY);
  const below = longestStretch(points, (value) => value < (usual * trend.floor) / 100, trend.for);
  const isStable = below <= trend.for && variation <= trend.variation;
  return {
    verdict: isStable ? 'healthy' : 'breached',
    text: `median ${figure(usual)} ${trend.unit}, lowest ${figure(lowest)}, below ${figure(trend.floor)} % of the median for ${formatDuration(below)}, coefficient of variation ${figure(variation)} %; ${values.length} samples`,
    figures: { median: usual, lowest, below, variation, points: values.length },
  };
}
