/** Whether values rise or fall in the course of time. */
import { twoSided, Z_95 } from './normal.js';
import { autocorrelation, rank } from './ranks.js';

export interface MannKendall {
  /** Pairs that rise less pairs that fall. */
  score: number;
  /** The score's variance when there is no trend. */
  variance: number;
  z: number;
  /** How probable so strong a trend, up or down, is by chance. */
  p: number;
}

/**
 * The test of H. B. Mann (1945) and M. G. Kendall (1975) with the correction for ties. It takes the values for
 * independent: of noise with a memory (AR(1), phi .9, n 288) it calls 28 % a rise at p < .01, {@link hamedRao} 9 %.
 */
export function mannKendall(values: readonly number[]): MannKendall {
  let score = 0;
  values.forEach((value, index) => {
    for (let later = index + 1; later < values.length; later += 1)
      score += Math.sign((values[later] as number) - value);
  });
  const n = values.length;
  const { ties } = rank(values);
  const part = (count: number) => count * (count - 1) * (2 * count + 5);
  return withVariance(score, (part(n) - ties.reduce((sum, tie) => sum + part(tie), 0)) / 18);
}

/**
 * The same with the variance corrected for autocorrelation (K. H. Hamed and A. R. Rao, "A modified Mann-Kendall trend
 * test for autocorrelated data", 1998): by the autocorrelations of the ranks of the detrended values that are
 * significant at 5 %. What autocorrelation says of the variance may come out as nothing or less; it is left as it is then.
 * @param detrended the values less their trend, in the same order
 */
export function hamedRao(values: readonly number[], detrended: readonly number[]): MannKendall {
  const { score, variance } = mannKendall(values);
  const n = values.length;
  const significant = Z_95 / Math.sqrt(n);
  const sum = autocorrelation(rank(detrended).ranks).reduce(
    (total, r, lag) =>
      lag === 0 || Math.abs(r) <= significant ? total : total + (n - lag) * (n - lag - 1) * (n - lag - 2) * r,
    0,
  );
  const correction = 1 + (2 / (n * (n - 1) * (n - 2))) * sum;
  return withVariance(score, correction > 0 ? variance * correction : variance);
}

function withVariance(score: number, variance: number): MannKendall {
  const z = score === 0 || !(variance > 0) ? 0 : (score - Math.sign(score)) / Math.sqrt(variance);
  return { score, variance, z, p: twoSided(z) };
}
