import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Comparison,
  type Criterion,
  type CriterionState,
  emptyState,
  LATENESS,
  observe,
  pendingSince,
  readSample,
  ruleText,
  type Sample,
  sampleOf,
  type Verdict,
  verdict,
} from '../../../src/domain/watch/criteria.js';
import { criterionWith } from '../../helpers/criteria.js';

const MINUTE = 60_000;

/** Error rate > 10 % for 2 min, with no data and failures unknown. */
const ok = (at: number, value: number): Sample => ({ at, kind: 'ok', value });
const silent = (at: number): Sample => ({ at, kind: 'noData', reason: 'no series' });
const all = (criterion: Criterion, samples: readonly Sample[], from: CriterionState = emptyState()): CriterionState =>
  samples.reduce((state, sample) => observe(criterion, state, sample), from);
const json = <T>(value: T): T => JSON.parse(JSON.stringify(value));

describe('"for"', () => {
  const errors = criterionWith();

  test('is met by a breaching sample exactly that much after the first, and not a millisecond before', () => {
    expect(all(errors, [ok(0, 50), ok(2 * MINUTE - 1, 50)]).firedAt).toBeUndefined();
    expect(all(errors, [ok(0, 50), ok(2 * MINUTE, 50)]).firedAt).toBe(2 * MINUTE);
  });

  test('begins with the first breaching sample, not with the last healthy one', () => {
    expect(all(errors, [ok(0, 0), ok(1, 50), ok(2 * MINUTE, 50)]).firedAt).toBeUndefined();
    expect(all(errors, [ok(0, 0), ok(1, 50), ok(2 * MINUTE + 1, 50)]).firedAt).toBe(2 * MINUTE + 1);
  });

  test('starts anew after one healthy sample', () => {
    const state = all(errors, [ok(0, 50), ok(MINUTE, 5), ok(2 * MINUTE, 50), ok(4 * MINUTE - 1, 50)]);
    expect(state.firedAt).toBeUndefined();
    expect(observe(errors, state, ok(4 * MINUTE, 50)).firedAt).toBe(4 * MINUTE);
  });

  test('of 0 is met by the first breaching sample', () => {
    const state = all(criterionWith({ for: 0 }), [ok(0, 10), ok(7, 10.000001), ok(8, 0)]);
    expect(state.firedAt).toBe(7);
  });

  test('stays met when the metric recovers', () => {
    const state = all(errors, [ok(0, 50), ok(2 * MINUTE, 50), ok(3 * MINUTE, 0), ok(60 * MINUTE, 0)]);
    expect(state.firedAt).toBe(2 * MINUTE);
    expect(verdict(errors, state)).toBe('breached');
  });

  test('is neither cleared nor met by an unknown sample', () => {
    const begun = all(errors, [ok(0, 50), silent(MINUTE), silent(2 * MINUTE), silent(3 * MINUTE)]);
    expect(begun.firedAt).toBeUndefined();
    expect(pendingSince(begun)).toBe(0);
    expect(observe(errors, begun, ok(4 * MINUTE, 50)).firedAt).toBe(4 * MINUTE);
    expect(observe(errors, begun, ok(4 * MINUTE, 5)).firedAt).toBeUndefined();
  });

  test('bridges a gap without samples as it bridges unknown ones, up to "for" + lateness', () => {
    const longest = errors.for + LATENESS;
    expect(all(errors, [ok(0, 50), ok(longest, 50)]).firedAt).toBe(longest);
    expect(all(errors, [ok(0, 50), ok(longest + 1, 50)]).firedAt).toBeUndefined();
    expect(all(errors, [ok(0, 50), silent(longest), ok(longest + 1, 50)]).firedAt).toBeUndefined();
    expect(all(errors, [ok(0, 50), ok(longest + 1, 50), ok(longest + 1 + errors.for, 50)]).firedAt).toBe(
      longest + 1 + errors.for,
    );
  });

  test('counts samples by their own time, not by the order in which they come', () => {
    expect(all(errors, [ok(2 * MINUTE, 50), ok(0, 50)]).firedAt).toBe(2 * MINUTE);
    expect(all(errors, [ok(0, 50), ok(2 * MINUTE, 50), ok(MINUTE, 0)]).firedAt).toBeUndefined();
  });
});

describe('one sample', () => {
  test.each<[Comparison, below: Verdict, at: Verdict, above: Verdict]>([
    ['>', 'healthy', 'healthy', 'breached'],
    ['>=', 'healthy', 'breached', 'breached'],
    ['<', 'breached', 'healthy', 'healthy'],
    ['<=', 'breached', 'breached', 'healthy'],
  ])('of a rule with %s reads %s below, %s at and %s above the threshold', (comparison, ...expected) => {
    const criterion = criterionWith({ breach: { comparison, threshold: 10 } });
    expect([9.999, 10, 10.001].map((value) => readSample(criterion, ok(0, value)))).toEqual(expected);
  });

  test.each<Verdict>(['healthy', 'breached', 'unknown'])('without a number is %s where the plan says so', (said) => {
    expect(readSample(criterionWith({ noData: said }), silent(0))).toBe(said);
    expect(readSample(criterionWith({ providerError: said }), { at: 0, kind: 'error', message: 'refused' })).toBe(said);
    expect(readSample(criterionWith({ notANumber: said }), { at: 0, kind: 'notANumber' })).toBe(said);
    expect(readSample(criterionWith({ notANumber: said }), ok(0, Number.NaN))).toBe(said);
  });

  test('follows only the policy of its own kind', () => {
    const criterion = criterionWith({ noData: 'healthy', notANumber: 'breached', providerError: 'unknown' });
    expect(readSample(criterion, silent(0))).toBe('healthy');
    expect(readSample(criterion, { at: 0, kind: 'notANumber' })).toBe('breached');
    expect(readSample(criterion, { at: 0, kind: 'error', message: '' })).toBe('unknown');
  });

  test('that the plan calls breached builds up a breach like a number', () => {
    const criterion = criterionWith({ providerError: 'breached' });
    const down = (at: number): Sample => ({ at, kind: 'error', message: 'connection refused' });
    const state = all(criterion, [down(0), down(2 * MINUTE)]);
    expect(state).toMatchObject({ firedAt: 2 * MINUTE, reason: 'connection refused', breached: 2 });
  });

  test('of any number survives JSON with its reading', () => {
    const number = fc.oneof(
      fc.double(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
    );
    fc.assert(
      fc.property(number, fc.constantFrom<Comparison>('>', '>=', '<', '<='), (value, comparison) => {
        const criterion = criterionWith({ breach: { comparison, threshold: 10 }, notANumber: 'unknown' });
        const direct = Number.isNaN(value) ? 'unknown' : readSample(criterion, ok(0, value));
        expect(readSample(criterion, json(sampleOf(0, value)))).toBe(direct);
        const state = all(criterion, [ok(0, value), ok(1, value)]);
        expect(json(state)).toEqual(state);
      }),
    );
  });

  test('of x/0 breaches "more than" rules and no "less than" rule', () => {
    const infinite = json(sampleOf(0, Number.POSITIVE_INFINITY));
    expect(readSample(criterionWith(), infinite)).toBe('breached');
    expect(readSample(criterionWith({ breach: { comparison: '<', threshold: 1 } }), infinite)).toBe('healthy');
  });
});

describe('the verdict', () => {
  test('is unknown before the first sample, whatever the smallest number of samples', () => {
    expect(verdict(criterionWith(), emptyState())).toBe('unknown');
    expect(verdict(criterionWith({ minimumSamples: 0 }), emptyState())).toBe('unknown');
  });

  test('is healthy only from the smallest number of known samples on', () => {
    const criterion = criterionWith({ minimumSamples: 3 });
    const two = all(criterion, [ok(1, 0), silent(2), ok(3, 0)]);
    expect(verdict(criterion, two)).toBe('unknown');
    expect(verdict(criterion, observe(criterion, two, ok(4, 0)))).toBe('healthy');
  });

  test('is breached however few samples there are', () => {
    const criterion = criterionWith({ minimumSamples: 100, for: 0 });
    expect(verdict(criterion, all(criterion, [ok(0, 50)]))).toBe('breached');
  });

  test('is unknown when the source died for the last smallest number of samples', () => {
    const criterion = criterionWith({ minimumSamples: 3 });
    const alive = all(criterion, [ok(1, 0), ok(2, 0), ok(3, 0), silent(4), silent(5)]);
    expect(verdict(criterion, alive)).toBe('healthy');
    expect(verdict(criterion, observe(criterion, alive, silent(6)))).toBe('unknown');
    expect(verdict(criterion, all(criterion, [silent(6), ok(7, 0)], alive))).toBe('healthy');
  });

  test('is unknown when the source died for "for" + lateness, however many samples are asked for', () => {
    const criterion = criterionWith({ minimumSamples: 30 });
    const minutes = (from: number, to: number, sample: (at: number) => Sample) =>
      Array.from({ length: to - from }, (_, minute) => sample((from + minute) * MINUTE));
    const alive = all(
      criterion,
      minutes(0, 30, (at) => ok(at, 0)),
    );
    expect(verdict(criterion, all(criterion, minutes(30, 42, silent), alive))).toBe('healthy');
    expect(verdict(criterion, all(criterion, minutes(30, 43, silent), alive))).toBe('unknown');
  });

  test('is unknown when nothing but errors came', () => {
    const errors = Array.from({ length: 50 }, (_, at): Sample => ({ at, kind: 'error', message: 'refused' }));
    expect(verdict(criterionWith(), all(criterionWith(), errors))).toBe('unknown');
  });
});

describe('a pending breach', () => {
  const errors = criterionWith();

  test('is known by its first breaching sample until it fires or clears', () => {
    const begun = all(errors, [ok(0, 0), ok(1, 50), ok(2, 50)]);
    expect(pendingSince(begun)).toBe(1);
    expect(pendingSince(observe(errors, begun, ok(3, 0)))).toBeUndefined();
    expect(pendingSince(observe(errors, begun, ok(1 + errors.for, 50)))).toBeUndefined();
  });

  test('is not waited for without end when its source dies', () => {
    const begun = all(errors, [ok(0, 50)]);
    const end = errors.for + LATENESS;
    const ticks = Array.from({ length: end / MINUTE }, (_, tick) => silent((tick + 1) * MINUTE));
    expect(pendingSince(all(errors, ticks, begun))).toBe(0);
    expect(pendingSince(all(errors, [...ticks, silent(end + 1)], begun))).toBeUndefined();
  });
});

describe('what people are shown', () => {
  test('is the value furthest in the direction of the breach, and when it was first seen', () => {
    const samples = [ok(1, 5), ok(2, 80), ok(3, -3), ok(4, 80)];
    expect(all(criterionWith(), samples).worst).toEqual({ at: 2, value: 80 });
    const least = criterionWith({ breach: { comparison: '<=', threshold: 0 } });
    expect(all(least, samples).worst).toEqual({ at: 3, value: -3 });
  });

  test('is never worst or last by something that is not a number', () => {
    const state = all(criterionWith(), [ok(1, 5), ok(2, Number.NaN), silent(3)]);
    expect(state.worst).toEqual({ at: 1, value: 5 });
    expect(state.last).toEqual(silent(3));
  });

  test('is the latest sample by its own time, and the latest reason', () => {
    const error: Sample = { at: 5, kind: 'error', message: 'refused' };
    const state = all(criterionWith(), [ok(9, 1), error, silent(3)]);
    expect(state.last).toEqual(ok(9, 1));
    expect(state.reason).toBe('refused');
  });

  test('is the rule in words', () => {
    expect(ruleText(criterionWith(), '2 min')).toBe('> 10 % for 2 min');
    expect(ruleText(criterionWith({ for: 0 }), '0 ms')).toBe('> 10 %');
  });
});

describe('the state', () => {
  test('counts a sample later than lateness as late, and nothing else', () => {
    const state = all(criterionWith(), [ok(LATENESS + 1, 0)]);
    expect(observe(criterionWith(), state, ok(0, 99))).toEqual({ ...state, late: 1 });
    expect(observe(criterionWith(), state, ok(1, 99))).toMatchObject({ late: 0, breached: 1 });
  });

  test('lets the worse of two samples for one instant stand', () => {
    expect(all(criterionWith({ for: 0 }), [ok(1, 0), ok(1, 50), silent(1)])).toMatchObject({
      healthy: 0,
      breached: 1,
      unknown: 0,
      firedAt: 1,
    });
  });

  test('stays small however long it watches', () => {
    const samples = Array.from({ length: 2_000 }, (_, tick) => ok(tick * MINUTE, 0));
    const state = all(criterionWith(), samples);
    expect(state.recent).toHaveLength(11);
    expect(state.healthy).toBe(2_000);
  });
});

describe('whatever the stream,', () => {
  const rule = fc.record({
    for: fc.integer({ min: 0, max: 8 }).map((minutes) => minutes * MINUTE),
    noData: fc.constantFrom<Verdict>('healthy', 'breached', 'unknown'),
    notANumber: fc.constantFrom<Verdict>('healthy', 'breached', 'unknown'),
    providerError: fc.constantFrom<Verdict>('healthy', 'breached', 'unknown'),
    minimumSamples: fc.integer({ min: 1, max: 5 }),
    breach: fc.record({
      comparison: fc.constantFrom<Comparison>('>', '>=', '<', '<='),
      threshold: fc.constant(10),
    }),
  });
  const criterion = rule.map(criterionWith);
  const content = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 10, 50, 60).map((value) => ({ kind: 'ok' as const, value })) },
    fc.constantFrom('no series', 'first look').map((reason) => ({ kind: 'noData' as const, reason })),
    fc.constantFrom('refused', 'hung up').map((message) => ({ kind: 'error' as const, message })),
    fc.constant({ kind: 'notANumber' as const }),
  );
  /** Steps of half a minute, now and then a gap; several samples for one instant too. */
  const step = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(0, 1, 2, 4) }, fc.integer({ min: 5, max: 60 }));
  const stream = fc.array(fc.tuple(step, content), { minLength: 1, maxLength: 50 }).map((entries) => {
    let at = 0;
    return entries.map(([halfMinutes, what]): Sample => {
      at += halfMinutes * (MINUTE / 2);
      return { ...what, at };
    });
  });
  /** The stream as it comes when each sample is delayed by less than the lateness that is allowed. */
  const delayed = fc
    .tuple(stream, fc.array(fc.integer({ min: 0, max: LATENESS }), { minLength: 50, maxLength: 50 }))
    .map(([samples, delays]) => {
      const arrival = (sample: Sample, place: number) => sample.at + (delays[place] ?? 0);
      const coming = samples.map((sample, place) => ({ sample, comesAt: arrival(sample, place) }));
      return { samples, coming: coming.sort((a, b) => a.comesAt - b.comesAt).map(({ sample }) => sample) };
    });

  test('the order within lateness changes nothing', () => {
    fc.assert(
      fc.property(criterion, delayed, (rules, { samples, coming }) => {
        const state = all(rules, coming);
        expect(state).toEqual(all(rules, samples));
        expect(state.late).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  test('duplicates change nothing', () => {
    fc.assert(
      fc.property(criterion, delayed, fc.array(fc.nat({ max: 49 })), (rules, { samples, coming }, again) => {
        const repeated = coming.flatMap((sample, place) => (again.includes(place) ? [sample, sample] : [sample]));
        const replayed = [...repeated, ...samples.filter(({ at }) => at >= (samples.at(-1)?.at ?? 0) - LATENESS)];
        expect(all(rules, replayed)).toEqual(all(rules, samples));
      }),
      { numRuns: 500 },
    );
  });

  test('duplicates that come too late change nothing but the count of late ones', () => {
    fc.assert(
      fc.property(criterion, stream, (rules, samples) => {
        const once = all(rules, samples);
        expect({ ...all(rules, samples, once), late: 0 }).toEqual(once);
      }),
      { numRuns: 500 },
    );
  });

  test('continuing as new at any point changes nothing', () => {
    fc.assert(
      fc.property(criterion, delayed, fc.nat({ max: 50 }), (rules, { coming }, cut) => {
        const carried = json(all(rules, coming.slice(0, cut)));
        expect(all(rules, coming.slice(cut), carried)).toEqual(all(rules, coming));
      }),
      { numRuns: 500 },
    );
  });

  test('the state that it is given is left as it was', () => {
    fc.assert(
      fc.property(criterion, delayed, (rules, { coming }) => {
        let state = emptyState();
        for (const sample of coming) {
          const before = json(state);
          const after = observe(rules, state, sample);
          expect(json(state)).toEqual(before);
          state = after;
        }
      }),
      { numRuns: 200 },
    );
  });

  test('it fires exactly where a plain reading of the rule over all samples does', () => {
    fc.assert(
      fc.property(criterion, delayed, (rules, { samples, coming }) => {
        expect(all(rules, coming).firedAt).toBe(plainly(rules, samples));
      }),
      { numRuns: 1_000 },
    );
  });

  test('unknown samples never make it fire, and never keep it from firing', () => {
    fc.assert(
      fc.property(criterion, stream, (rules, samples) => {
        const known = samples.filter((sample) => readSample(rules, sample) !== 'unknown');
        expect(all(rules, samples).firedAt).toBe(all(rules, known).firedAt);
      }),
      { numRuns: 500 },
    );
  });

  test('every sample is counted once an instant', () => {
    fc.assert(
      fc.property(criterion, delayed, (rules, { samples, coming }) => {
        const { healthy, breached, unknown } = all(rules, coming);
        expect(healthy + breached + unknown).toBe(new Set(samples.map(({ at }) => at)).size);
      }),
    );
  });
});

/** The rule by its definition, over the whole stream at once: an oracle that remembers everything. */
function plainly(criterion: Criterion, samples: readonly Sample[]): number | undefined {
  const readings = (at: number) => samples.filter((sample) => sample.at === at).map((s) => readSample(criterion, s));
  const instants = [...new Set(samples.map(({ at }) => at))]
    .sort((a, b) => a - b)
    .map((at) => ({ at, said: readings(at) }))
    .map(({ at, said }) => ({ at, breached: said.includes('breached'), known: said.some((one) => one !== 'unknown') }))
    .filter(({ known }) => known);
  return instants.find(({ breached, at }, end) => {
    if (!breached) return false;
    let begin = end;
    for (;;) {
      const [here, before] = [instants[begin], instants[begin - 1]];
      if (!here || !before?.breached || here.at - before.at > criterion.for + LATENESS) break;
      begin -= 1;
    }
    return at - (instants[begin]?.at ?? at) >= criterion.for;
  })?.at;
}
