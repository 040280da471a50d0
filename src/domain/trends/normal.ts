/**
 * The standard normal distribution function by the rational approximation of J. F. Hart, "Computer Approximations"
 * (1968), algorithm 5666, as G. West gives it in "Better approximations to cumulative normal functions" (2005).
 * @returns the probability of a value below `z`, to about 1e-15
 */
export function normalCdf(z: number): number {
  const x = Math.abs(z);
  if (Number.isNaN(x)) return Number.NaN;
  const upper = x > 37 ? 0 : Math.exp(-(x ** 2) / 2) * (x < NEAR ? horner(ABOVE, x) / horner(BELOW, x) : farTail(x));
  return z > 0 ? 1 - upper : upper;
}

/** The probability of a value at least as far from 0 as `z`, on either side. */
export const twoSided = (z: number): number => 2 * normalCdf(-Math.abs(z));

/** The bound of the middle 95 %. */
export const Z_95 = 1.959963984540054;

const NEAR = 7.07106781186547;
const ABOVE = [
  3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
  220.206867912376,
];
const BELOW = [
  8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
  793.826512519948, 440.413735824752,
];

const horner = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** The continued fraction of Mills' ratio, cut after its fourth term. */
const farTail = (x: number): number =>
  1 / ((x + 1 / (x + 2 / (x + 3 / (x + 4 / (x + 0.65))))) * Math.sqrt(2 * Math.PI));
