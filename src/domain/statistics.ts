/** The statistics that verdicts rest on. Pure; nothing here rounds. */

/**
 * The nearest-rank percentile: the smallest value that at least `q` percent of all values do not exceed. It is
 * always a value that was measured, and the highest one for q = 100.
 * @param q percent, 0 < q <= 100
 * @returns NaN for no values: no comparison with a limit holds then
 */
export function percentile(values: readonly number[], q: number): number {
  return percentiles(values, [q])[0] ?? Number.NaN;
}

/** As {@link percentile} for several at once; sorts only once. */
export function percentiles(values: readonly number[], qs: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return qs.map((q) => sorted[Math.max(Math.ceil((q / 100) * sorted.length - EPSILON), 1) - 1] ?? Number.NaN);
}

/** q / 100 * n is a product of floats: 95 % of 20 must be rank 19, not 20. */
const EPSILON = 1e-9;

/** The mean, NaN for no values. */
export const mean = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;

/** A share between 0 and 1 with the bounds that it is believed to lie in. */
export interface Interval {
  share: number;
  lower: number;
  upper: number;
}

/**
 * The Wilson score interval of a share at 95 % (E. B. Wilson, "Probable inference", 1927): unlike the textbook
 * interval it does not shrink to a point when all of few requests succeed.
 * @returns 0 to 1 with a share of NaN when there were no trials
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (trials <= 0) return { share: Number.NaN, lower: 0, upper: 1 };
  const z = 1.959963984540054;
  const share = successes / trials;
  const scale = 1 + z ** 2 / trials;
  const centre = (share + z ** 2 / (2 * trials)) / scale;
  const half = (z / scale) * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2));
  return { share, lower: Math.max(0, centre - half), upper: Math.min(1, centre + half) };
}

/**
 * The 95 % interval of a percentile from order statistics: the number of values below the true percentile is binomial,
 * whatever the values' distribution (W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, section 3.2).
 * A bound that so few values cannot tell is left out.
 * @param q percent, 0 < q < 100
 */
export function percentileInterval(values: readonly number[], q: number): { lower?: number; upper?: number } {
  const sorted = Float64Array.from(values).sort();
  const [n, share] = [sorted.length, q / 100];
  // Ranks count from 1. lower: the last with P(fewer than that many are below) <= 2.5 %; upper: the first with >= 97.5 %.
  let lower = 0;
  let below = 0;
  let probability = (1 - share) ** n;
  let logarithm = n * Math.log1p(-share);
  for (let count = 0; count < n; count += 1) {
    below += probability;
    if (below <= 0.025) lower = count + 1;
    if (below >= 0.975) return bounds(sorted, lower, count + 1);
    logarithm += Math.log((n - count) / (count + 1)) + Math.log(share / (1 - share));
    probability = Math.exp(logarithm);
  }
  return bounds(sorted, lower, n + 1);
}

function bounds(sorted: Float64Array, lower: number, upper: number): { lower?: number; upper?: number } {
  return { lower: sorted[lower - 1], upper: sorted[upper - 1] };
}
