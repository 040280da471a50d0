import { formatDuration } from '../duration.js';
import { figure, known, longestStretch, tooLittle } from './known.js';
import { median } from './ranks.js';
import type { ObservedSpan, SpikesTrend, TrendJudgement } from './trend.js';

/**
 * An abnormal spike: for longer than `for` the value is above `factor` times the watch's median, and above `above`, below
 * which nobody would call it one. A single high sample lasts no time; it is told, and no spike.
 */
export function judgeSpikes(trend: SpikesTrend, observed: ObservedSpan): TrendJudgement {
  const points = known(observed.samples, observed);
  if (points.length < trend.minimumSamples) {
    return tooLittle(trend, `${points.length} known samples, ${trend.minimumSamples} needed`);
  }
  const usual = median(points.map(({ value }) => value));
  const bound = Math.max(usual * trend.factor, trend.above);
  const highest = points.reduce((high, { value }) => Math.max(high, value), Number.NEGATIVE_INFINITY);
  const high = longestStretch(points, (value) => value > bound, trend.for);
  return {
    verdict: high > trend.for ? 'breached' : 'healthy',
    text: `median ${figure(usual)} ${trend.unit}, highest ${figure(highest)}, above ${figure(bound)} for ${formatDuration(high)}; ${points.length} samples`,
    figures: { median: usual, highest, bound, high, points: points.length },
  };
}
