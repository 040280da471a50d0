import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compares } from '../../../src/domain/watch/criteria.js';
import {
  type Curve,
  type CurveMoment,
  healthyValue,
  latenessOf,
  normalDeviate,
  type Piece,
  readCurve,
} from '../../../src/rehearsal/scenario/curves.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A watch that began an hour after the start, ten minutes after the deploy; the deployment was started at nine. */
const moment = (minutes: number): CurveMoment => ({
  at: HOUR + minutes * MINUTE,
  environment: 'production',
  watch: 'watch-1h',
  watchSince: HOUR,
  deployedAt: HOUR - 10 * MINUTE,
  dayAtStart: 9 * HOUR,
});
const curve = (...pieces: Piece[]): Curve => ({ metric: 'm', normal: 1, pieces, seed: 1 });
const at = (minutes: number, ...pieces: Piece[]) => readCurve(curve(...pieces), moment(minutes));

describe('shapes', () => {
  test('without a piece a metric is as the plan wants it', () => {
    expect(at(0)).toEqual({ value: 1 });
  });

  test('the last piece that applies counts, for as long as it lasts', () => {
    const pieces: Piece[] = [{ constant: 2 }, { in: 'watch-1h', from: 5 * MINUTE, for: 2 * MINUTE, constant: 9 }];
    expect([4, 5, 6, 7].map((minutes) => at(minutes, ...pieces))).toEqual([2, 9, 9, 2].map((value) => ({ value })));
  });

  test('times count from the start of the watch, or from the deploy of the environment', () => {
    expect(at(5, { in: 'watch-1h', from: 6 * MINUTE, constant: 9 })).toEqual({ value: 1 });
    expect(at(5, { in: 'production', from: 15 * MINUTE, constant: 9 })).toEqual({ value: 9 });
    expect(at(5, { in: 'staging', constant: 9 })).toEqual({ value: 1 });
  });

  test('a ramp goes from one value to another and stays; a step jumps; a leak grows on', () => {
    const ramp: Piece = { in: 'watch-1h', ramp: { from: 0, to: 10, over: 10 * MINUTE } };
    expect([0, 5, 10, 30].map((minutes) => at(minutes, ramp))).toEqual([0, 5, 10, 10].map((value) => ({ value })));
    const step: Piece = { in: 'watch-1h', step: { before: 1, after: 7, at: 3 * MINUTE } };
    expect([2, 3].map((minutes) => at(minutes, step))).toEqual([{ value: 1 }, { value: 7 }]);
    expect(at(90, { in: 'watch-1h', leak: { from: 40, perHour: 2 } })).toEqual({ value: 43 });
  });

  test('a spike comes once, or again and again', () => {
    const spike = (every?: number): Piece => ({ in: 'watch-1h', spike: { base: 0, to: 9, lasts: MINUTE, every } });
    expect([0, 1, 5, 6].map((minutes) => at(minutes, spike()))).toEqual([9, 0, 0, 0].map((value) => ({ value })));
    expect([0, 1, 5, 6].map((minutes) => at(minutes, spike(5 * MINUTE)))).toEqual(
      [9, 0, 9, 0].map((value) => ({ value })),
    );
  });

  test('a day goes up and down by the clock on the wall', () => {
    const day: Piece = { diurnal: { low: 100, high: 300, peak: 15 * HOUR } };
    // Ten o'clock at the start of the watch; the peak is five hours later.
    expect(at(5 * 60, day)).toEqual({ value: 300 });
    expect(at(17 * 60, day)).toEqual({ value: 100 });
  });

  test('no data, not a number and a source that is away are what they are; a gap comes at the end of each round', () => {
    expect(at(1, { noData: 'no traffic' })).toEqual({ noData: 'no traffic' });
    expect(at(1, { notANumber: true })).toEqual({ notANumber: true });
    expect(at(1, { providerError: 'HTTP 503' })).toEqual({ error: 'HTTP 503' });
    const gaps: Piece = { in: 'watch-1h', gaps: { every: 10 * MINUTE, lasts: 2 * MINUTE } };
    expect([7, 8, 9, 10].map((minutes) => 'noData' in at(minutes, gaps))).toEqual([false, true, true, false]);
  });

  test('samples of a stretch can be late', () => {
    const late = curve({ in: 'watch-1h', from: 5 * MINUTE, late: 3 * MINUTE });
    expect([4, 5].map((minutes) => latenessOf(late, moment(minutes)))).toEqual([0, 3 * MINUTE]);
  });
});

describe('noise', () => {
  test('is the same for the same seed and moment, and another for others', () => {
    const noisy = (seed: number, minutes: number) =>
      readCurve({ ...curve({ constant: 100, noise: 10 }), seed }, moment(minutes));
    expect(noisy(1, 5)).toEqual(noisy(1, 5));
    expect(noisy(1, 5)).not.toEqual(noisy(2, 5));
    expect(noisy(1, 5)).not.toEqual(noisy(1, 6));
  });

  test('is normally distributed', () => {
    const deviates = Array.from({ length: 20_000 }, (_, index) => normalDeviate(`1/m/${index * 5_000}`));
    const mean = deviates.reduce((sum, value) => sum + value, 0) / deviates.length;
    const variance = deviates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / deviates.length;
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
    const beyond = deviates.filter((value) => Math.abs(value) > 1.96).length / deviates.length;
    expect(Math.abs(beyond - 0.05)).toBeLessThan(0.01);
  });
});

test('the healthy value of a metric breaks none of its rules, as long as they leave one', () => {
  const threshold = fc.integer({ min: 0, max: 1_000 });
  const bounds = fc.record({
    least: threshold,
    most: threshold,
    strict: fc.boolean(),
    unit: fc.constantFrom('%', 'ms', 'count', '/min'),
  });
  fc.assert(
    fc.property(bounds, ({ least, most, strict, unit }) => {
      fc.pre(most > least + 1);
      const rules = [
        { comparison: strict ? '>' : '>=', threshold: most } as const,
        { comparison: strict ? '<' : '<=', threshold: least } as const,
      ];
      for (const list of [rules, rules.slice(0, 1), rules.slice(1), []]) {
        const value = healthyValue(unit, list);
        expect(list.some((rule) => compares(value, rule.comparison, rule.threshold))).toBe(false);
      }
    }),
  );
});
