/** The statistics against pymannkendall and scipy; test/fixtures/trends/generate.py tells how the values were made. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hamedRao, type MannKendall, mannKendall } from '../../../src/domain/trends/mann-kendall.js';
import { mannWhitney, varianceInflation } from '../../../src/domain/trends/mann-whitney.js';
import { normalCdf, twoSided, Z_95 } from '../../../src/domain/trends/normal.js';
import { autocorrelation, median, rank } from '../../../src/domain/trends/ranks.js';
import { pairwiseSlopes, slopeBounds, theilSenSlope } from '../../../src/domain/trends/theil-sen.js';
import differences from '../../fixtures/trends/differences.json' with { type: 'json' };
import normal from '../../fixtures/trends/normal.json' with { type: 'json' };
import randomDifferences from '../../fixtures/trends/random-differences.json' with { type: 'json' };
import randomTrends from '../../fixtures/trends/random-trends.json' with { type: 'json' };
import trends from '../../fixtures/trends/trends.json' with { type: 'json' };
import { noise } from './noise.js';

/** Both Python packages work p out as 1 less the distribution, which leaves an error of 1e-16. */
const close = (actual: number, expected: number, relative = 1e-9) =>
  expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThanOrEqual(
    relative * Math.abs(expected) + 1e-15,
  );

const pointsOf = (values: readonly number[]) => values.map((value, at) => ({ at, value }));

/**
 * The tests as a leak is judged by them: the trend is taken out of the values by their Theil-Sen slope. Gaps count for the
 * slope; as the trend is taken out, pymannkendall closes them, where a leak is judged by the times.
 */
function examine(given: readonly (number | null)[]) {
  const points = given.flatMap((value, at) => (value === null ? [] : [{ at, value }]));
  const values = points.map(({ value }) => value);
  const slopes = pairwiseSlopes(points);
  const slope = theilSenSlope(slopes);
  const plain = mannKendall(values);
  const detrended = values.map((value, index) => value - slope * (index + 1));
  return { slope, plain, corrected: hamedRao(values, detrended), ...slopeBounds(slopes, plain.variance, Z_95) };
}

/** Equal values have no variance: the packages have no figures then, and here nothing is significant. */
function isAs(actual: MannKendall, expected: MannKendall | null) {
  if (expected === null) {
    expect(actual).toMatchObject({ score: 0, z: 0, p: 1 });
    return;
  }
  expect(actual.score).toBe(expected.score);
  close(actual.variance, expected.variance);
  close(actual.z, expected.z);
  close(actual.p, expected.p, 1e-7);
}

describe('as pymannkendall 1.4.3 and scipy 1.17.1 have it', () => {
  test.each(normal.cases)('the normal distribution at $z', ({ z, cdf }) => close(normalCdf(z), cdf, 1e-12));

  test.each(trends.cases)('$name: Mann-Kendall', ({ values, mannKendall: expected }) => {
    isAs(examine(values).plain, expected);
  });

  test.each(trends.cases)('$name: Hamed-Rao', ({ values, hamedRao: expected }) => {
    isAs(examine(values).corrected, expected);
  });

  test.each(trends.cases)('$name: Theil-Sen with the bounds of 95 %', ({ values, theilSen: expected }) => {
    const { slope, lower, upper } = examine(values);
    close(slope, expected.slope);
    close(lower, expected.lower);
    close(upper, expected.upper);
  });

  test.each(differences.cases)('$name: Mann-Whitney and Cliff’s delta', ({ first, second, u, p, delta }) => {
    const found = mannWhitney(first, second);
    expect(found.u).toBe(u);
    close(found.p, p);
    close(found.delta, delta);
  });

  test(`${randomTrends.cases.length} random series, short and long, with ties, steps and gaps`, () => {
    expect(randomTrends.cases.filter(({ values }) => values.some((value) => value === null)).length).toBeGreaterThan(
      30,
    );
    for (const { name, values, ...expected } of randomTrends.cases) {
      const found = examine(values);
      try {
        isAs(found.plain, expected.mannKendall);
        isAs(found.corrected, expected.hamedRao);
        close(found.slope, expected.theilSen.slope);
        close(found.lower, expected.theilSen.lower);
        close(found.upper, expected.theilSen.upper);
      } catch (error) {
        throw new Error(`series ${name}`, { cause: error });
      }
    }
  });

  test(`${randomDifferences.cases.length} random pairs of groups, half of them with ties`, () => {
    for (const { name, first, second, u, p, delta } of randomDifferences.cases) {
      const found = mannWhitney(first, second);
      expect(found.u, name).toBe(u);
      close(found.p, p);
      close(found.delta, delta);
    }
  });
});

describe('properties', () => {
  const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
  const values = (minLength: number, maxLength = 40) => fc.array(value, { minLength, maxLength });
  const coarse = (minLength: number) => fc.array(fc.integer({ min: 0, max: 5 }), { minLength, maxLength: 40 });

  test('the normal distribution rises from 0 to 1 and is symmetric', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -45, max: 45, noNaN: true }),
        fc.double({ min: 0, max: 5, noNaN: true }),
        (z, more) => {
          expect(normalCdf(z + more)).toBeGreaterThanOrEqual(normalCdf(z) - 1e-15);
          expect(normalCdf(z) + normalCdf(-z)).toBeCloseTo(1, 14);
          expect(twoSided(z)).toBe(twoSided(-z));
        },
      ),
    );
    expect(normalCdf(Number.NaN)).toBeNaN();
  });

  test('ranks add up to what they must, and equal values share theirs', () => {
    fc.assert(
      fc.property(coarse(0), (given) => {
        const { ranks, ties } = rank(given);
        expect(ranks.reduce((sum, one) => sum + one, 0)).toBe((given.length * (given.length + 1)) / 2);
        for (const [i, a] of given.entries()) {
          for (const [j, b] of given.entries()) {
            expect(Math.sign((ranks[i] as number) - (ranks[j] as number))).toBe(Math.sign(a - b));
          }
        }
        expect(ties.every((count) => count > 1)).toBe(true);
      }),
    );
  });

  test('time backwards turns Mann-Kendall round, and a rising function of the values leaves it as it is', () => {
    fc.assert(
      fc.property(coarse(3), (given) => {
        const forwards = mannKendall(given);
        expect(mannKendall(given.toReversed())).toEqual({ ...forwards, score: 0 - forwards.score, z: 0 - forwards.z });
        expect(mannKendall(given.map((one) => one ** 3 * 7 - 2))).toEqual(forwards);
      }),
    );
  });

  test('the Theil-Sen slope of a line is its slope, within its bounds, whatever one point in ten does', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1000, max: 1000 }),
        fc.integer({ min: 20, max: 60 }),
        value,
        (slope, count, outlier) => {
          const line = Array.from({ length: count }, (_, index) => (index === 5 ? outlier : slope * index));
          const slopes = pairwiseSlopes(pointsOf(line));
          expect(theilSenSlope(slopes)).toBeCloseTo(slope, 6);
          const { lower, upper } = slopeBounds(slopes, mannKendall(line).variance, Z_95);
          expect(lower).toBeLessThanOrEqual(theilSenSlope(slopes));
          expect(upper).toBeGreaterThanOrEqual(theilSenSlope(slopes));
        },
      ),
    );
  });

  test('Mann-Whitney is the same the other way round, and its effect lies between -1 and 1', () => {
    fc.assert(
      fc.property(values(1), values(1), (first, second) => {
        const there = mannWhitney(first, second);
        const back = mannWhitney(second, first);
        expect(there.u + back.u).toBeCloseTo(first.length * second.length, 6);
        expect(there.z).toBeCloseTo(-back.z, 10);
        expect(Math.abs(there.delta)).toBeLessThanOrEqual(1);
        expect(there.p).toBeGreaterThanOrEqual(0);
        expect(there.p).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('greater variance makes any difference less significant', () => {
    const [first, second] = [noise(1, 60, 0).map((one) => one + 0.5), noise(2, 60, 0)];
    expect(mannWhitney(first, second, 4).p).toBeGreaterThan(mannWhitney(first, second).p);
    expect(mannWhitney(first, second, 4).delta).toBe(mannWhitney(first, second).delta);
  });

  test('the inflation of the variance is about (1 + phi) / (1 - phi) for noise with a memory, and never below 1', () => {
    const factors = (phi: number) =>
      Array.from({ length: 50 }, (_, seed) => varianceInflation(noise(seed, 1_000, phi)));
    expect(median(factors(0))).toBeLessThan(1.2);
    expect(median(factors(0.5))).toBeGreaterThan(2.4);
    expect(median(factors(0.5))).toBeLessThan(3.6);
    expect(median(factors(0.9))).toBeGreaterThan(13);
    expect(median(factors(0.9))).toBeLessThan(23);
    expect(Math.min(...factors(-0.5))).toBe(1);
  });
});

test('where autocorrelation says that the variance is less than nothing, it is left as it is', () => {
  const swings = noise(4, 60, -0.9);
  const { plain, corrected } = examine(swings);
  expect(corrected).toEqual(plain);
});

describe('values that say nothing', () => {
  test('equal ones have no trend, no difference and no autocorrelation', () => {
    const flat = Array.from({ length: 50 }, () => 16);
    expect(hamedRao(flat, flat)).toEqual({ score: 0, variance: 0, z: 0, p: 1 });
    expect(mannWhitney(flat, flat)).toMatchObject({ z: 0, p: 1, delta: 0 });
    expect(autocorrelation(flat).slice(0, 3)).toEqual([1, 0, 0]);
    expect(varianceInflation(flat)).toBe(1);
  });

  test('none have no median and no slope', () => {
    expect(median([])).toBeNaN();
    expect(theilSenSlope(pairwiseSlopes([]))).toBeNaN();
    expect(slopeBounds(pairwiseSlopes([{ at: 0, value: 1 }]), 0, Z_95).lower).toBeNaN();
  });
});
