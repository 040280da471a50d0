/** Whether the values of one group are higher than those of another. */
import { twoSided, Z_95 } from './normal.js';
import { autocorrelation, rank } from './ranks.js';

export interface MannWhitney {
  /** Pairs in which the value of the first group is the higher one; equal ones count half. */
  u: number;
  z: number;
  /** How probable so great a difference, either way, is by chance. */
  p: number;
  /**
   * Cliff's delta (N. Cliff, 1993): how much more often a value of the first group is the higher one, -1 to 1. J. Romano
   * and others (2006) call .147 small, .33 medium and .474 large.
   */
  delta: number;
}

/**
 * The test of H. B. Mann and D. R. Whitney (1947) by its normal approximation, with the corrections for ties and for
 * continuity.
 * @param inflation how much the variance is greater than for independent values; see {@link varianceInflation}
 */
export function mannWhitney(first: readonly number[], second: readonly number[], inflation = 1): MannWhitney {
  const [n, m] = [first.length, second.length];
  const { ranks, ties } = rank([...first, ...second]);
  const sum = ranks.slice(0, n).reduce((total, value) => total + value, 0);
  const u = sum - (n * (n + 1)) / 2;
  const all = n + m;
  const tied = ties.reduce((total, tie) => total + (tie ** 3 - tie), 0);
  const variance = ((n * m) / 12) * (all + 1 - tied / (all * (all - 1))) * inflation;
  const away = u - (n * m) / 2;
  // At the mean the correction would make less than nothing of it.
  const z = variance > 0 ? (Math.sign(away) * Math.max(Math.abs(away) - 0.5, 0)) / Math.sqrt(variance) : 0;
  return { u, z, p: twoSided(z), delta: (2 * u) / (n * m) - 1 };
}

/**
 * How much the variance of a mean of these values exceeds that of independent ones: the ratio of their number to the
 * effective one (G. V. Bayley and J. M. Hammersley, "The effective number of independent observations in an
 * autocorrelated time series", 1946), by the autocorrelations of the ranks up to the first that is not significant.
 * @returns at least 1
 */
export function varianceInflation(values: readonly number[]): number {
  const n = values.length;
  let factor = 1;
  for (const [lag, r] of autocorrelation(rank(values).ranks).entries()) {
    if (lag === 0) continue;
    if (r < Z_95 / Math.sqrt(n)) break;
    factor += 2 * (1 - lag / n) * r;
  }
  return factor;
}
