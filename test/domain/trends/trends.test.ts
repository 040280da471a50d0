import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeTrend } from '../../../src/domain/trends/judge.js';
import { mannKendall } from '../../../src/domain/trends/mann-kendall.js';
import { mannWhitney } from '../../../src/domain/trends/mann-whitney.js';
import { asCriterion, asUndecided } from '../../../src/domain/trends/result.js';
import type {
  DegradationTrend,
  LeakTrend,
  ObservedSpan,
  SpikesTrend,
  StabilityTrend,
  Trend,
} from '../../../src/domain/trends/trend.js';
import type { Sample } from '../../../src/domain/watch/criteria.js';
import { HOUR, MINUTE, noise, samplesOf } from './noise.js';

const common = { id: 'trend', title: 'Trend', metric: 'metric', tier: 'require', notEnough: 'unknown' } as const;
const leak: LeakTrend = {
  ...common,
  test: 'leak',
  unit: '%',
  growth: 0.2,
  limit: 100,
  within: 7 * 24 * HOUR,
  warmUp: HOUR,
  restarts: 'restarts',
  minimumSamples: 144,
};
const degradation: DegradationTrend = {
  ...common,
  test: 'degradation',
  unit: 'ms',
  shift: 500,
  effect: 0.474,
  warmUp: HOUR,
  minimumSamples: 50,
};
const stability: StabilityTrend = {
  ...common,
  test: 'stability',
  unit: '/s',
  floor: 50,
  for: 10 * MINUTE,
  variation: 50,
  minimumSamples: 30,
};
const spikes: SpikesTrend = {
  ...common,
  test: 'spikes',
  unit: 'ms',
  factor: 3,
  above: 500,
  for: 15 * MINUTE,
  minimumSamples: 30,
};

/** A day of samples, five minutes apart. */
const day = (values: readonly number[], restarts?: readonly number[]): ObservedSpan => ({
  from: 0,
  to: 24 * HOUR,
  samples: samplesOf(values, 5 * MINUTE),
  restarts: restarts && samplesOf(restarts, 5 * MINUTE),
});
/** An hour of samples, one a minute. */
const hour = (values: readonly number[]): ObservedSpan => ({ from: 0, to: HOUR, samples: samplesOf(values, MINUTE) });
const each = <T>(count: number, value: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => value(i));
const verdict = (trend: Trend, observed: ObservedSpan) => judgeTrend(trend, observed).verdict;

/** Memory that starts at 16 % and grows by so many percent an hour, with noise that has a memory. */
const memory = (seed: number, { rate = 0, deviation = 1 }) =>
  noise(seed, 288, 0.9).map((one, index) => 16 + deviation * one + (rate * index) / 12);

describe('a leak', () => {
  test('is steady growth that reaches the limit within the week', () => {
    const { verdict: said, text, figures } = judgeTrend(leak, day(memory(1, { rate: 1 })));
    expect(said).toBe('breached');
    expect(figures.slope).toBeCloseTo(1, 1);
    expect(text).toMatch(/^slope \S+ %\/h \(95 %: \S+ to \S+\), p \S+, 100 % in \S+ (days|h.*); 277 samples$/);
  });

  test('is not growth that matters little, that comes too late, that has just begun, or that is a fall', () => {
    expect(verdict(leak, day(memory(1, { rate: 0.1, deviation: 0.01 })))).toBe('healthy');
    expect(verdict(leak, day(memory(1, { rate: 0.4, deviation: 0.01 })))).toBe('healthy');
    expect(verdict({ ...leak, within: 30 * 24 * HOUR }, day(memory(1, { rate: 0.4, deviation: 0.01 })))).toBe(
      'breached',
    );
    expect(verdict(leak, day(each(288, (i) => Math.min(i, 12))))).toBe('healthy');
    expect(verdict(leak, day(memory(1, { rate: -2 })))).toBe('healthy');
    expect(verdict(leak, day(each(288, () => 16)))).toBe('healthy');
  });

  test('is found between restarts that give everything back', () => {
    const sawtooth = each(288, (i) => 16 + (i % 96) / 4);
    const restarts = each(288, (i) => (i > 0 && i % 96 < 2 ? 1 : 0));
    const shorter = { ...leak, minimumSamples: 60 };
    expect(verdict(shorter, day(sawtooth))).toBe('healthy');
    const { verdict: said, figures } = judgeTrend(shorter, day(sawtooth, restarts));
    expect(said).toBe('breached');
    expect(figures.slope).toBeCloseTo(3, 6);
  });

  test('is unknown where restarts leave no stretch that is long enough', () => {
    const restarts = each(288, (i) => (i % 48 === 0 ? 1 : 0));
    const { verdict: said, text } = judgeTrend(leak, day(memory(1, { rate: 1 }), restarts));
    expect(said).toBe('unknown');
    expect(text).toBe('too little data: 36 known samples in a row after the warm-up and without a restart, 144 needed');
    expect(verdict({ ...leak, notEnough: 'breached' }, day(memory(1, {}), restarts))).toBe('breached');
  });

  test('of a series of a day with a sample every five seconds is judged within seconds', () => {
    const often = {
      from: 0,
      to: 24 * HOUR,
      samples: samplesOf(
        each(17_280, (i) => 16 + i / 720 + (i % 7)),
        5_000,
      ),
    };
    const began = performance.now();
    const { verdict: said, figures } = judgeTrend(leak, often);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(said).toBe('breached');
    expect(figures.slope).toBeCloseTo(1, 1);
    expect(figures.points).toBeGreaterThan(16_000);
  });

  test('is raised by none of 2,000 series of noise with a memory, and missed by few that leak', {
    timeout: 300_000,
  }, () => {
    const alarms = { mannKendall: 0, hamedRao: 0, leak: 0 };
    for (let seed = 0; seed < 2_000; seed += 1) {
      const values = memory(seed, { deviation: 2 });
      const plain = mannKendall(values);
      if (plain.p < 0.01 && plain.z > 0) alarms.mannKendall += 1;
      const { verdict: said, figures } = judgeTrend({ ...leak, warmUp: 0 }, day(values));
      const { p, slope } = figures as { p: number; slope: number };
      if (p < 0.01 && slope > 0) alarms.hamedRao += 1;
      if (said === 'breached') alarms.leak += 1;
    }
    expect(alarms.mannKendall / 2_000).toBeCloseTo(0.28, 1);
    expect(alarms.hamedRao / 2_000).toBeLessThan(0.12);
    expect(alarms.leak).toBe(0);

    const found = (rate: number, deviation: number) =>
      each(200, (seed) => (verdict(leak, day(memory(seed, { rate, deviation }))) === 'breached' ? 1 : 0)).filter(
        Boolean,
      ).length / 200;
    expect(found(0.5, 1)).toBeGreaterThan(0.92);
    expect(found(1, 2)).toBeGreaterThan(0.98);
  });
});

describe('degradation', () => {
  const latency = (seed: number, rise: number, deviation = 50) =>
    noise(seed, 288, 0.9).map((one, index) => 300 + deviation * one + (rise * index) / 287);

  test('is a last third that is clearly above the first', () => {
    const { verdict: said, text } = judgeTrend(degradation, day(latency(1, 1_500)));
    expect(said).toBe('breached');
    expect(text).toMatch(/^median \d+ → \d+ ms, Cliff's delta 1, p \S+; 93 and 92 samples$/);
  });

  test('is not a rise that is significant and matters little, a rise of a few, or a fall', () => {
    const little = judgeTrend(degradation, day(latency(1, 400, 5)));
    expect(little.figures.p).toBeLessThan(0.02);
    expect(little.figures.delta).toBe(1);
    expect(little.verdict).toBe('healthy');
    expect(verdict(degradation, day(each(288, (i) => (i > 250 && i % 4 === 0 ? 5_000 : 300))))).toBe('healthy');
    expect(verdict(degradation, day(latency(1, -1_500)))).toBe('healthy');
  });

  test('is not hidden by a slow start, which is warming up', () => {
    const cold = latency(1, 1_500).map((one, index) => (index < 12 ? 9_000 : one));
    expect(verdict(degradation, day(cold))).toBe('breached');
  });

  test('is unknown where a third has too few samples with a number', () => {
    const samples = day(latency(1, 1_500)).samples.map(
      (sample, index): Sample => (index > 220 ? { at: sample.at, kind: 'notANumber' } : sample),
    );
    const said = judgeTrend(degradation, { from: 0, to: 24 * HOUR, samples });
    expect(said).toMatchObject({ verdict: 'unknown', samples: 288, unknown: 67 });
    expect(said.text).toBe(
      'too little data: 93 known samples in the first third and 25 in the last, 50 needed in each',
    );
  });

  test('is raised by hardly any of 2,000 series of noise with a memory, and found where there is some', {
    timeout: 300_000,
  }, () => {
    const alarms = { mannWhitney: 0, corrected: 0, degradation: 0 };
    // Here the smallest rise that matters is two standard deviations.
    const trend = { ...degradation, shift: 100, warmUp: 0 };
    for (let seed = 0; seed < 2_000; seed += 1) {
      const values = latency(seed, 0);
      const { figures, verdict: said } = judgeTrend(trend, day(values));
      const plain = mannWhitney(values.slice(192), values.slice(0, 96));
      if (plain.p < 0.02 && plain.z > 0) alarms.mannWhitney += 1;
      if ((figures.p ?? 1) < 0.02 && (figures.delta ?? 0) > 0) alarms.corrected += 1;
      if (said === 'breached') alarms.degradation += 1;
    }
    expect(alarms.mannWhitney / 2_000).toBeCloseTo(0.32, 1);
    expect(alarms.corrected / 2_000).toBeLessThan(0.1);
    expect(alarms.degradation).toBeLessThanOrEqual(4);
    const found = (rise: number) =>
      each(500, (seed) => verdict(trend, day(latency(seed, rise)))).filter((said) => said === 'breached').length / 500;
    expect(found(200)).toBeGreaterThan(0.8);
    expect(found(300)).toBeGreaterThan(0.97);
    // A rise so even that nothing is left of it but itself.
    expect(verdict(degradation, day(each(288, (i) => 300 + 5 * i)))).toBe('breached');
  });
});

describe('stability', () => {
  const traffic = (seed: number) => noise(seed, 60, 0.5).map((one) => 40 + 2 * one);

  test('is a throughput that stays about where it is', () => {
    const { verdict: said, text } = judgeTrend(stability, hour(traffic(1)));
    expect(said).toBe('healthy');
    expect(text).toMatch(
      /^median \S+ \/s, lowest \S+, below 50 % of the median for 0 ms, coefficient of variation \S+ %; 60 samples$/,
    );
  });

  test('is broken by a hole that lasts, not by a shorter one', () => {
    const hole = (minutes: number) => hour(traffic(1).map((one, i) => (i >= 20 && i <= 20 + minutes ? 10 : one)));
    expect(verdict(stability, hole(10))).toBe('healthy');
    expect(verdict(stability, hole(11))).toBe('breached');
    expect(judgeTrend(stability, hole(11)).figures.below).toBe(11 * MINUTE);
  });

  test('is broken by swings that are each too short to be a hole', () => {
    expect(verdict(stability, hour(each(60, (i) => (i % 4 < 2 ? 5 : 75))))).toBe('breached');
  });

  test('is unknown with few samples, and where nothing flows', () => {
    expect(verdict(stability, hour(traffic(1).slice(0, 29)))).toBe('unknown');
    expect(judgeTrend(stability, hour(each(60, () => 0)))).toMatchObject({
      verdict: 'unknown',
      text: 'too little data: the median is 0 /s',
    });
  });
});

describe('a spike', () => {
  const latency = (high: number, minutes: number) =>
    hour(each(60, (i) => (i >= 20 && i <= 20 + minutes ? high : 200 + (i % 5))));

  test('is a latency far above the median for longer than is allowed', () => {
    expect(verdict(spikes, latency(1_000, 16))).toBe('breached');
    expect(verdict(spikes, latency(1_000, 15))).toBe('healthy');
    expect(judgeTrend(spikes, latency(1_000, 16)).text).toBe(
      'median 203 ms, highest 1000, above 609 for 16 min; 60 samples',
    );
  });

  test('is not what nobody would call one', () => {
    expect(verdict(spikes, latency(400, 16))).toBe('healthy');
    expect(verdict({ ...spikes, factor: 6 }, latency(1_000, 16))).toBe('healthy');
  });

  test('ends with a sample that is well, and is not seen across a hole in the data', () => {
    const interrupted = latency(1_000, 20).samples.map((sample) =>
      sample.at === 30 * MINUTE ? ({ ...sample, value: 200 } as Sample) : sample,
    );
    expect(verdict(spikes, { from: 0, to: HOUR, samples: interrupted })).toBe('healthy');
    const [first, second] = [
      latency(1_000, 2).samples,
      latency(1_000, 2).samples.map((one) => ({ ...one, at: one.at + HOUR })),
    ];
    expect(verdict(spikes, { from: 0, to: 2 * HOUR, samples: [...first.slice(0, 23), ...second.slice(20)] })).toBe(
      'healthy',
    );
  });
});

describe('every trend', () => {
  const all: Trend[] = [leak, degradation, stability, spikes];

  test.each(all)('$test: no data at all is unknown, never healthy', (trend) => {
    const unknown: Sample[] = each(300, (i) => i).map((i) => {
      const at = i * MINUTE;
      if (i % 3 === 0) return { at, kind: 'noData', reason: 'nothing' };
      return i % 3 === 1 ? { at, kind: 'error', message: 'refused' } : { at, kind: 'notANumber' };
    });
    for (const samples of [[], unknown]) {
      expect(judgeTrend(trend, { from: 0, to: 24 * HOUR, samples })).toMatchObject({
        verdict: 'unknown',
        samples: samples.length,
        unknown: samples.length,
      });
    }
  });

  test.each(all)('$test: samples of another time, infinity and duplicates change nothing', (trend) => {
    const given = day(memory(3, {}));
    const strange: Sample[] = [
      { at: -HOUR, kind: 'ok', value: 1e6 },
      { at: 25 * HOUR, kind: 'ok', value: 1e6 },
      { at: 2 * HOUR + 1, kind: 'ok', value: Number.MAX_VALUE },
      ...given.samples.slice(20, 40),
    ];
    const { verdict: said, figures } = judgeTrend(trend, given);
    expect(judgeTrend(trend, { ...given, samples: [...strange, ...given.samples].reverse() })).toMatchObject({
      verdict: said,
      figures,
    });
  });

  const sample = fc.oneof(
    fc.record({
      at: fc.integer({ min: 0, max: 24 * HOUR }),
      kind: fc.constant('ok' as const),
      value: fc.double({ min: 0, max: 1e6, noNaN: true }),
    }),
    fc.record({ at: fc.integer({ min: 0, max: 24 * HOUR }), kind: fc.constant('notANumber' as const) }),
  );

  test.each(all)('$test: says something about any series, by its numbers alone and whatever their order', (trend) => {
    const eager = { ...trend, minimumSamples: 3 } as Trend;
    fc.assert(
      fc.property(fc.uniqueArray(sample, { maxLength: 60, selector: ({ at }) => at }), (samples) => {
        const said = judgeTrend(eager, { from: 0, to: 24 * HOUR, samples });
        expect(['healthy', 'breached', 'unknown']).toContain(said.verdict);
        expect(said.text).not.toMatch(/NaN|Infinity|undefined/);
        expect(Object.values(said.figures).every(Number.isFinite)).toBe(true);
        expect(judgeTrend(eager, { from: 0, to: 24 * HOUR, samples: samples.toReversed() })).toEqual(said);
      }),
    );
  });

  test('stands among the criteria of its watch, with what was seen as its reason', () => {
    const result = judgeTrend(stability, hour(each(60, () => 40)));
    expect(asCriterion(stability, result)).toEqual({
      id: 'trend',
      title: 'Trend',
      tier: 'require',
      verdict: 'healthy',
      samples: 60,
      unknown: 0,
      unit: '/s',
      rule: '< 50 % of the median for > 10 min, or varies > 50 %',
      reason: result.text,
    });
    expect(asUndecided(leak)).toMatchObject({ verdict: 'unknown', rule: 'grows > 0.2 %/h, to 100 % within 7 days' });
  });
});
