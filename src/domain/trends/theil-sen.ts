/** A straight line through points that outliers do not bend. */
import { middleOf } from './ranks.js';

/** A value at a time: epoch milliseconds wherever slopes are told to be per hour. */
export interface Point {
  at: number;
  value: number;
}

/**
 * The slopes between all pairs of points, ascending: n (n - 1) / 2 of them.
 * @param points in the order of their times, no two at one time
 * @param unit the span that slopes are per, in the unit of the times
 */
export function pairwiseSlopes(points: readonly Point[], unit = 1): Float64Array {
  const slopes = new Float64Array((points.length * (points.length - 1)) / 2);
  let next = 0;
  points.forEach((from, index) => {
    for (let other = index + 1; other < points.length; other += 1) {
      const to = points[other] as Point;
      slopes[next++] = ((to.value - from.value) / (to.at - from.at)) * unit;
    }
  });
  return slopes.sort();
}

/** The slope of Theil (1950) and Sen (1968): the median of the {@link pairwiseSlopes}; NaN for fewer than two points. */
export const theilSenSlope = (slopes: Float64Array): number => middleOf(slopes);

/** The values less their trend: what is left is noise, and its memory is its own rather than the trend's. */
export const detrend = (points: readonly Point[], slope: number): number[] =>
  points.map(({ at, value }) => value - slope * (at - (points[0] as Point).at));

/**
 * The bounds that the slope is believed to lie in (P. K. Sen, "Estimates of the regression coefficient based on
 * Kendall's tau", 1968).
 * @param slopes the {@link pairwiseSlopes}
 * @param variance of the Mann-Kendall score; corrected for autocorrelation it gives bounds that allow for it
 * @param z of the confidence level: 1.96 for 95 %
 */
export function slopeBounds(slopes: Float64Array, variance: number, z: number): { lower: number; upper: number } {
  const spread = z * Math.sqrt(variance);
  const last = slopes.length - 1;
  const lower = Math.max(Math.round((slopes.length - spread) / 2) - 1, 0);
  const upper = Math.min(Math.round((slopes.length + spread) / 2), last);
  return { lower: slopes[lower] ?? Number.NaN, upper: slopes[upper] ?? Number.NaN };
}
