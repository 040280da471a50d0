/** Where a watch stands: what its samples have led to, and what it has put to people. Pure. */
import { type Criterion, type CriterionState, emptyState, observe, pendingSince, type Sample } from './criteria.js';
import { endsWatch, type WatchedEnvironment } from './verdict.js';

/** The rules of a watch, as far as they matter here. Milliseconds. */
export interface WatchRules extends WatchedEnvironment {
  duration: number;
  tick: number;
  metrics: readonly { name: string }[];
  criteria: readonly Criterion[];
  /** How long people may take over a question. */
  consider: { within: number };
}

/** A question to people about a criterion. */
interface Concern {
  /** Until when an answer is waited for, epoch milliseconds; nothing when the watch has gone on without one. */
  until?: number;
  /** A person has looked and carries on. */
  settled: boolean;
}

/** What a watch remembers; plain data, carried through continue-as-new. */
export interface WatchState {
  startedAt: number;
  ticks: number;
  samples: number;
  /** When each metric was last known, by name. */
  since: Record<string, number>;
  criteria: Record<string, CriterionState>;
  concerns: Record<string, Concern>;
}

export const newWatchState = ({ metrics, criteria }: WatchRules, startedAt: number): WatchState => ({
  startedAt,
  ticks: 0,
  samples: 0,
  since: Object.fromEntries(metrics.map(({ name }) => [name, startedAt])),
  criteria: Object.fromEntries(criteria.map(({ id }) => [id, emptyState()])),
  concerns: {},
});

export const criterionState = ({ criteria }: WatchState, { id }: Pick<Criterion, 'id'>): CriterionState =>
  criteria[id] ?? emptyState();

export const endOf = ({ startedAt }: WatchState, { duration }: Pick<WatchRules, 'duration'>): number =>
  startedAt + duration;

/** What comes after a watch's time at the least: a worker that starts again, its samples sealed, its trends judged. */
const LEAST_SLACK = 10 * 60_000;

/**
 * How long a watch may take in all, milliseconds: a breach that builds up at its end is watched on, and the longer it was,
 * the longer a store that is out of order is waited for.
 */
export function longestOf({ duration, tick, criteria }: Pick<WatchRules, 'duration' | 'tick' | 'criteria'>): number {
  const longestRule = Math.max(0, ...criteria.map((criterion) => criterion.for));
  return duration + Math.max(LEAST_SLACK, duration / 12, 2 * (longestRule + tick));
}

/** The time is up, and no rule that ends the watch is about to be met. */
export function isOver(state: WatchState, watch: WatchRules, now: number): boolean {
  if (now < endOf(state, watch)) return false;
  return !watch.criteria.some(
    (criterion) => endsWatch(criterion, watch) && pendingSince(criterionState(state, criterion)) !== undefined,
  );
}

/** When to sample next: the last tick is at the end. Past it, while a breach builds up, as often as before. */
export function nextTick(state: WatchState, watch: WatchRules, now: number): number {
  const next = state.startedAt + (state.ticks + 1) * watch.tick;
  const end = endOf(state, watch);
  return now < end ? Math.min(next, end) : next;
}

/** Takes a tick's samples in, by metric. @returns a new state; the old one is left as it was */
export function observeTick(
  state: WatchState,
  { criteria }: Pick<WatchRules, 'criteria'>,
  samples: Record<string, Sample[]>,
): WatchState {
  const next: WatchState = {
    ...state,
    ticks: state.ticks + 1,
    since: { ...state.since },
    criteria: { ...state.criteria },
  };
  for (const criterion of criteria) {
    for (const sample of samples[criterion.metric] ?? []) {
      next.criteria[criterion.id] = observe(criterion, criterionState(next, criterion), sample);
    }
  }
  for (const [name, taken] of Object.entries(samples)) {
    next.samples += taken.length;
    // What a source could not be asked for is asked for again: one that keeps history still has it.
    const known = taken.findLast(({ kind }) => kind !== 'error');
    if (known) next.since[name] = known.at;
  }
  return next;
}

/** The criterion whose breach ends the watch. */
export const endingBreach = (state: WatchState, watch: WatchRules): Criterion | undefined =>
  fired(state, watch).find((criterion) => endsWatch(criterion, watch));

/** Criteria that are broken, and of which people have not been asked yet whether to carry on. */
export const unasked = (state: WatchState, watch: WatchRules): Criterion[] =>
  fired(state, watch).filter((criterion) => !endsWatch(criterion, watch) && !state.concerns[criterion.id]);

/** Of which the time for an answer is up. The tick nearest to it counts, not one of two that a moment decides between. */
export function overdue(state: WatchState, watch: WatchRules, now: number): Criterion | undefined {
  const nearest = now + Math.min(watch.tick, watch.consider.within) / 2;
  return fired(state, watch).find(({ id }) => {
    const { until, settled } = state.concerns[id] ?? {};
    return !settled && until !== undefined && until <= nearest;
  });
}

/** The state with a concern as it is now. */
export const withConcern = (state: WatchState, id: string, concern: Concern): WatchState => ({
  ...state,
  concerns: { ...state.concerns, [id]: concern },
});

/** Gates that are broken, and that nobody has accepted so. */
export const openGatesOf = (state: WatchState, watch: WatchRules): string[] =>
  fired(state, watch)
    .filter(({ id, tier }) => tier === 'require' && !state.concerns[id]?.settled)
    .map(({ id }) => id);

const fired = (state: WatchState, { criteria }: WatchRules): Criterion[] =>
  criteria.filter((criterion) => criterionState(state, criterion).firedAt !== undefined);
