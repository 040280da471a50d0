import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Criterion, Sample } from '../../../src/domain/watch/criteria.js';
import {
  endingBreach,
  isOver,
  newWatchState,
  nextTick,
  observeTick,
  openGatesOf,
  overdue,
  unasked,
  type WatchRules,
  type WatchState,
  withConcern,
} from '../../../src/domain/watch/watch-state.js';
import { criterionWith } from '../../helpers/criteria.js';

const MINUTE = 60_000;

const criterion = (id: string, parts: Partial<Criterion>): Criterion =>
  criterionWith({ id, title: id, metric: 'errors', for: 0, ...parts });

const atOnce = criterion('at-once', { for: 2 * MINUTE });
const gate = criterion('gate', { tier: 'require' });
const worth = criterion('worth-a-look', { tier: 'consider' });

const watchWith = (parts: Partial<WatchRules> = {}): WatchRules => ({
  environment: 'production',
  gate: 'ask',
  duration: 60 * MINUTE,
  tick: MINUTE,
  metrics: [{ name: 'errors' }],
  criteria: [atOnce, gate, worth],
  consider: { within: 10 * MINUTE },
  ...parts,
});

const ok = (at: number, value: number): Sample => ({ at, kind: 'ok', value });
const failed = (at: number): Sample => ({ at, kind: 'error', message: 'connection refused' });
const seen = (watch: WatchRules, ...ticks: Sample[][]): WatchState =>
  ticks.reduce((state, errors) => observeTick(state, watch, { errors }), newWatchState(watch, 0));

describe('ticks', () => {
  test('of a watch that sees nothing bad are a tick apart, and the last is at its end', () => {
    const minutes = fc.integer({ min: 1, max: 100_000 });
    fc.assert(
      fc.property(minutes, fc.integer({ min: 1, max: 50 }), fc.integer(), (tick, share, startedAt) => {
        const watch = watchWith({ tick, duration: tick * share - (tick >> 1) });
        const times: number[] = [];
        let state = newWatchState(watch, startedAt);
        for (let now = startedAt; !isOver(state, watch, now); times.push(now)) {
          now = nextTick(state, watch, now);
          state = observeTick(state, watch, { errors: [ok(now, 0)] });
        }
        expect(times).toHaveLength(Math.ceil(watch.duration / tick));
        expect(times.at(-1)).toBe(startedAt + watch.duration);
      }),
    );
  });

  test('go on past the end while a breach builds up, and no longer', () => {
    const watch = watchWith({ duration: MINUTE, criteria: [atOnce] });
    const pending = seen(watch, [ok(MINUTE, 50)]);
    expect(isOver(pending, watch, MINUTE)).toBe(false);
    expect(nextTick(pending, watch, MINUTE)).toBe(2 * MINUTE);
    expect(isOver(observeTick(pending, watch, { errors: [ok(2 * MINUTE, 0)] }), watch, 2 * MINUTE)).toBe(true);
    const broken = observeTick(pending, watch, { errors: [ok(3 * MINUTE, 50)] });
    expect(endingBreach(broken, watch)).toBe(atOnce);
  });

  test('a breach that would only be asked about keeps no watch from its end', () => {
    const slow = criterion('slow', { tier: 'consider', for: 5 * MINUTE });
    const watch = watchWith({ duration: MINUTE, criteria: [slow] });
    expect(isOver(seen(watch, [ok(MINUTE, 50)]), watch, MINUTE)).toBe(true);
  });
});

describe('samples', () => {
  test('what a source could not be asked for is asked for again', () => {
    const watch = watchWith();
    expect(seen(watch, [ok(1, 0), ok(2, 0)], [failed(9)])).toMatchObject({
      ticks: 2,
      samples: 3,
      since: { errors: 2 },
    });
    expect(seen(watch, [failed(1)])).toMatchObject({ samples: 1, since: { errors: 0 } });
  });

  test('are taken into a new state: the old one stays as it was', () => {
    const watch = watchWith();
    const before = seen(watch, [ok(1, 0)]);
    const copy = structuredClone(before);
    observeTick(before, watch, { errors: [ok(2, 50)] });
    withConcern(before, 'gate', { settled: true });
    expect(before).toEqual(copy);
  });
});

describe('concerns', () => {
  const watch = watchWith();
  const broken = seen(watch, [ok(MINUTE, 50)]);
  const asked = withConcern(broken, 'gate', { until: 11 * MINUTE, settled: false });

  test('what does not end the watch is put to people, once', () => {
    expect(endingBreach(broken, watch)).toBeUndefined();
    expect(unasked(broken, watch)).toEqual([gate, worth]);
    expect(unasked(asked, watch)).toEqual([worth]);
    const strict = watchWith({ gate: 'rollback' });
    expect(endingBreach(broken, strict)).toBe(gate);
    expect(unasked(broken, strict)).toEqual([worth]);
  });

  test('the tick nearest to the end of the time for an answer ends it', () => {
    expect(overdue(broken, watch, 99 * MINUTE)).toBeUndefined();
    expect(overdue(asked, watch, 10.5 * MINUTE - 1)).toBeUndefined();
    expect(overdue(asked, watch, 10.5 * MINUTE)).toBe(gate);
  });

  test('one that a person has answered is neither overdue nor an open gate', () => {
    const answered = withConcern(asked, 'gate', { until: 11 * MINUTE, settled: true });
    expect(overdue(answered, watch, 99 * MINUTE)).toBeUndefined();
    expect(openGatesOf(asked, watch)).toEqual(['gate']);
    expect(openGatesOf(answered, watch)).toEqual([]);
  });

  test('one that nobody has answered in time is not asked again, and its gate stays open', () => {
    const without = withConcern(asked, 'gate', { settled: false });
    expect(overdue(without, watch, 99 * MINUTE)).toBeUndefined();
    expect(unasked(without, watch)).toEqual([worth]);
    expect(openGatesOf(without, watch)).toEqual(['gate']);
  });

  test('what is carried on as JSON is the same', () => {
    for (const state of [broken, asked, withConcern(asked, 'gate', { settled: false })]) {
      const carried = JSON.parse(JSON.stringify(state)) as WatchState;
      expect(overdue(carried, watch, 99 * MINUTE)).toEqual(overdue(state, watch, 99 * MINUTE));
      expect(unasked(carried, watch)).toEqual(unasked(state, watch));
      expect(openGatesOf(carried, watch)).toEqual(openGatesOf(state, watch));
    }
  });
});
