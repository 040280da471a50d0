/** How much a watch has seen, and whose silence it was. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Criterion, emptyState, observe, type Sample, verdict } from '../../../src/domain/watch/criteria.js';
import { judgeSilence } from '../../../src/domain/watch/silence.js';
import { criterionResultOf } from '../../../src/domain/watch/verdict.js';
import {
  criterionState,
  endingBreach,
  heardAgain,
  isOver,
  longestOf,
  newWatchState,
  observeTick,
  overdue,
  unasked,
  type WatchRules,
  withConcern,
  withoutConcern,
} from '../../../src/domain/watch/watch-state.js';
import { criterionWith } from '../../helpers/criteria.js';

const MINUTE = 60_000;
const ok = (at: number, value = 0): Sample => ({ at, kind: 'ok', value });
const failed = (at: number): Sample => ({ at, kind: 'error', message: 'connection refused' });
const watched = (criterion: Criterion, samples: readonly Sample[], every = MINUTE) =>
  samples.reduce((state, sample) => observe(criterion, state, sample), emptyState({ from: 0, every }));

describe('a watch that was blind', () => {
  const rule = criterionWith({ minimumSamples: 1 });
  const minutes = (from: number, to: number, sample: (at: number) => Sample) =>
    Array.from({ length: to - from }, (_, minute) => sample((from + minute + 1) * MINUTE));

  test('for half of its time is unknown, and says for how long and why', () => {
    const half = watched(rule, [...minutes(0, 5, failed), ...minutes(5, 10, ok)]);
    expect(verdict(rule, half)).toBe('unknown');
    expect(criterionResultOf(rule, half).reason).toBe('blind for 5 min of 10 min (connection refused)');
    expect(verdict(rule, observe(rule, half, ok(11 * MINUTE)))).toBe('healthy');
  });

  test('as nobody looked says so, and one look that comes late is no hole', () => {
    const hole = watched(rule, [ok(MINUTE), ok(61 * MINUTE), ok(62 * MINUTE)]);
    expect(verdict(rule, hole)).toBe('unknown');
    expect(criterionResultOf(rule, hole).reason).toBe('blind for 1 h of 1 h 2 min (nobody looked for 1 h)');
    expect(verdict(rule, watched(rule, [ok(3 * MINUTE), ok(6 * MINUTE)]))).toBe('healthy');
  });

  test('saw as much as its source has kept, once that tells it', () => {
    const samples = minutes(0, 9, ok);
    expect(verdict(rule, watched(rule, [...samples.slice(5), ...samples.slice(0, 5)]))).toBe('healthy');
    const kept = newWatchState(
      { ...whole, tick: 1_000, metrics: [{ name: 'error-rate', source: { kind: 'prometheus', resolution: MINUTE } }] },
      0,
    );
    expect(criterionState(kept, whole.criteria[0] as Criterion).settled.sight?.longestGap).toBe(3 * MINUTE);
  });

  test('never passes for a healthy one, whatever the smallest number of samples; one that saw more may', () => {
    const looks = fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.boolean()), { minLength: 2, maxLength: 60 });
    fc.assert(
      fc.property(looks, fc.integer({ min: 0, max: 5 }), (steps, minimumSamples) => {
        const criterion = criterionWith({ minimumSamples });
        let at = 0;
        let blind = 0;
        const samples = steps.map(([gap, known]) => {
          at += gap * MINUTE;
          if (!known || gap > 3) blind += gap * MINUTE;
          return known ? ok(at) : failed(at);
        });
        const state = watched(criterion, samples);
        expect(state.sight).toMatchObject({ from: 0, to: at, blind });
        if (2 * blind >= at) expect(verdict(criterion, state)).toBe('unknown');
        else if (steps.at(-1)?.[1] && samples.filter(({ kind }) => kind === 'ok').length >= minimumSamples)
          expect(verdict(criterion, state)).toBe('healthy');
      }),
      { numRuns: 500 },
    );
  });

  test('is broken all the same when a rule was met', () => {
    const state = watched(criterionWith({ for: 0 }), [...minutes(0, 5, failed), ok(6 * MINUTE, 50)]);
    expect(verdict(rule, state)).toBe('breached');
  });
});

const down = criterionWith({ id: 'down', metric: 'down', unit: 'count', breach: { comparison: '>', threshold: 0 } });
const whole: WatchRules = {
  ...{ environment: 'production', gate: 'rollback', duration: 60 * MINUTE, tick: MINUTE },
  ...{ metrics: [{ name: 'error-rate' }, { name: 'down' }], criteria: [criterionWith(), down] },
  consider: { within: 10 * MINUTE },
};

describe('silence', () => {
  const silent = (at: number, proven: boolean): Sample => ({
    ...ok(at, 1),
    silence: { proven, text: proven ? 'refused, while the database answers' : 'refused, and nothing else answers' },
  });
  const having = (...samples: Sample[]) =>
    samples.reduce((state, sample) => observeTick(state, whole, { down: [sample] }), newWatchState(whole, 0));
  const four = (proven: boolean) => [1, 2, 3, 4].map((minute) => silent(minute * MINUTE, proven));

  test('is proven by one other place that answers, and by none that does not', () => {
    const elsewhere = [{ place: 'staging', silent: 'timed out' }, { place: 'the database' }];
    expect(judgeSilence('refused', elsewhere)).toEqual({ proven: true, text: 'refused, while the database answers' });
    expect(judgeSilence('refused', elsewhere.slice(0, 1))).toEqual({
      proven: false,
      text: 'refused, and nothing else answers this worker either: staging (timed out)',
    });
  });

  test('that is proven is a breach as any other', () => {
    expect(endingBreach(having(...four(true)), whole)).toBe(down);
  });

  test('of the worker’s own network ends nothing: people are asked, without an end to the time for an answer', () => {
    const state = having(...four(false));
    expect(endingBreach(state, whole)).toBeUndefined();
    expect(unasked(state, whole)).toEqual([down]);
    expect(verdict(down, criterionState(state, down))).toBe('unknown');
    const asked = withConcern(state, 'down', { settled: false, doubt: true });
    expect(unasked(asked, whole)).toEqual([]);
    expect(overdue(asked, whole, 1_000 * MINUTE)).toBeUndefined();
  });

  test('is a breach with the first answer from any other place, however long nobody knew', () => {
    for (const minutes of [4, 40]) {
      const doubtful = Array.from({ length: minutes }, (_, minute) => silent((minute + 1) * MINUTE, false));
      expect(endingBreach(having(...doubtful, silent((minutes + 1) * MINUTE, true)), whole)).toBe(down);
    }
  });

  test('is over with the first answer: the question is taken back, and asked anew should it come again', () => {
    const state = having(...four(false), ok(5 * MINUTE, 0));
    const asked = withConcern(state, 'down', { settled: false, doubt: true });
    expect(heardAgain(asked, whole)).toEqual([down]);
    expect(unasked(withoutConcern(asked, 'down'), whole)).toEqual([]);
    const again = [6, 7, 8, 9].map((minute) => silent(minute * MINUTE, false));
    const later = again.reduce(
      (now, sample) => observeTick(now, whole, { down: [sample] }),
      withoutConcern(asked, 'down'),
    );
    expect(unasked(later, whole)).toEqual([down]);
  });

  test('keeps a watch from its end until somebody has looked', () => {
    const end = 60 * MINUTE;
    const state = having(silent(end - MINUTE, false));
    expect(isOver(state, whole, end)).toBe(false);
    expect(isOver(withConcern(state, 'down', { settled: true, doubt: true }), whole, end)).toBe(true);
  });

  test('never brings about a rollback unproven, in whatever order it comes, with whatever else is seen', () => {
    const sample = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom('silent', 'up', 'unknown'));
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
        const seen = samples.map(([minute, what]) => {
          const at = minute * MINUTE;
          return what === 'silent' ? silent(at, false) : what === 'up' ? ok(at, 0) : failed(at);
        });
        expect(endingBreach(having(...seen), whole)).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  test('that is proven counts as the same samples would without a word of silence', () => {
    const sample = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 60 }), (samples) => {
        const fired = (as: (at: number) => Sample) => {
          const state = having(...samples.map(([minute, up]) => (up ? ok(minute * MINUTE, 0) : as(minute * MINUTE))));
          return criterionState(state, down).firedAt;
        };
        expect(fired((at) => silent(at, true))).toBe(fired((at) => ok(at, 1)));
      }),
      { numRuns: 500 },
    );
  });
});

test('a watch has a deadline of its own: ten minutes after its time at the least, later the longer it is', () => {
  expect(longestOf({ ...whole, duration: 5 * MINUTE })).toBe(15 * MINUTE);
  expect(longestOf({ ...whole, duration: 24 * 60 * MINUTE })).toBe(26 * 60 * MINUTE);
  expect(longestOf({ ...whole, criteria: [criterionWith({ for: 15 * MINUTE })] })).toBe(92 * MINUTE);
});
