import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mean, percentile, percentileInterval, percentiles, wilsonInterval } from '../../src/domain/statistics.js';

const values = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 200 });
const q = fc.integer({ min: 1, max: 100 });

describe('percentile', () => {
  test('is the nearest rank of the classic example', () => {
    const scores = [15, 20, 35, 40, 50];
    expect([5, 30, 40, 50, 100].map((p) => percentile(scores, p))).toEqual([15, 20, 20, 35, 50]);
  });

  test('of 1 to n is rank q * n / 100, without a rounding error of the product', () => {
    for (let n = 1; n <= 300; n += 1) {
      const ranks = Array.from({ length: n }, (_, i) => i + 1);
      for (const p of [1, 5, 50, 90, 95, 99, 100])
        expect(percentile(ranks, p)).toBe(Math.max(Math.ceil((p * n) / 100), 1));
    }
  });

  test('is a value that was measured, which at least q percent do not exceed, and the smallest such', () => {
    fc.assert(
      fc.property(values, q, (all, p) => {
        const found = percentile(all, p);
        expect(all).toContain(found);
        expect(all.filter((value) => value <= found).length * 100).toBeGreaterThanOrEqual(p * all.length);
        const below = all.filter((value) => value < found);
        expect(below.length * 100).toBeLessThan(p * all.length);
      }),
    );
  });

  test('grows with q and does not depend on the order', () => {
    fc.assert(
      fc.property(values, (all) => {
        const qs = [1, 25, 50, 75, 95, 99, 100];
        const found = percentiles(all, qs);
        expect(found).toEqual([...found].sort((a, b) => a - b));
        expect(percentiles([...all].reverse(), qs)).toEqual(found);
      }),
    );
  });

  test('of nothing is not a number, so that no limit holds', () => {
    expect(percentile([], 95) < 2_000).toBe(false);
    expect(mean([])).toBeNaN();
  });
});

describe('wilsonInterval', () => {
  // Reference values: scipy 1.17.1, stats.binomtest(k, n).proportion_ci(method='wilson').
  test.each([
    [10, 10, 0.722467, 1],
    [0, 10, 0, 0.277533],
    [95, 100, 0.88825, 0.978456],
    [50, 100, 0.403832, 0.596168],
  ])('of %i of %i', (successes, trials, lower, upper) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval.lower).toBeCloseTo(lower, 5);
    expect(interval.upper).toBeCloseTo(upper, 5);
  });

  test('holds the share, inside 0 and 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, part) => {
        const { share, lower, upper } = wilsonInterval(Math.floor(trials * part), trials);
        expect(lower).toBeGreaterThanOrEqual(0);
        expect(upper).toBeLessThanOrEqual(1);
        expect(lower).toBeLessThanOrEqual(share + 1e-12);
        expect(upper).toBeGreaterThanOrEqual(share - 1e-12);
      }),
    );
  });

  test('of no trials knows nothing', () => {
    expect(wilsonInterval(0, 0)).toEqual({ share: Number.NaN, lower: 0, upper: 1 });
  });
});

describe('the interval of a percentile', () => {
  const ranks = (n: number) => Array.from({ length: n }, (_, index) => n - index);

  // From the binomial distribution, summed exactly: the values are the ranks themselves.
  test.each([
    [100, 95, 90, 100],
    [500, 95, 465, 485],
    [1_000, 95, 936, 964],
    [1_000, 99, 983, 997],
    [10, 50, 2, 9],
  ])('of %i values, P%i', (n, q, lower, upper) => {
    expect(percentileInterval(ranks(n), q)).toEqual({ lower, upper });
  });

  test('has no upper bound with so few values that the percentile may lie beyond all of them', () => {
    expect(percentileInterval(ranks(50), 95)).toEqual({ lower: 44, upper: undefined });
    expect(percentileInterval(ranks(72), 95)).toEqual({ lower: 64, upper: 72 });
    expect(percentileInterval([], 95)).toEqual({ lower: undefined, upper: undefined });
  });

  test('holds for so many values that their powers underflow', () => {
    const { lower = 0, upper = 0 } = percentileInterval(ranks(100_000), 95);
    // The normal approximation: 95,000 ± 1.96 × √(100,000 × 0.95 × 0.05).
    expect(Math.abs(lower - (95_000 - 135))).toBeLessThanOrEqual(2);
    expect(Math.abs(upper - (95_000 + 135))).toBeLessThanOrEqual(2);
  });

  test('holds the true percentile in about 95 of 100 samples', () => {
    let seed = 1;
    // Lehmer's generator: the same numbers each time.
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const samples = Array.from({ length: 1_000 }, () => Array.from({ length: 300 }, random));
    const holding = samples.filter((sample) => {
      const { lower = 0, upper = 1 } = percentileInterval(sample, 95);
      return lower <= 0.95 && 0.95 <= upper;
    });
    expect(holding.length / samples.length).toBeGreaterThan(0.94);
    expect(holding.length / samples.length).toBeLessThan(0.985);
  });
});
