/** Where a watch stands: what its samples have led to, and what it has put to people. Pure. */
import { type Criterion, type CriterionState, emptyState, observe, pendingSince, type Sample } from './criteria.js';
import { endsWatch, type WatchedEnvironment } from './verdict.js';

/** The rules of a watch, as far as they matter here. Milliseconds. */
export interface WatchRules extends WatchedEnvironment {
  duration: number;
  tick: number;
  /** With how far apart their values are, of sources that keep history. */
  metrics: readonly { name: string; source?: { kind: string; resolution?: number } }[];
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
  /** It was asked because nobody knows whose silence it is. */
  doubt?: true;
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

export const newWatchState = ({ metrics, criteria, tick }: WatchRules, startedAt: number): WatchState => ({
  startedAt,
  ticks: 0,
  samples: 0,
  since: Object.fromEntries(metrics.map(({ name }) => [name, startedAt])),
  criteria: Object.fromEntries(
    criteria.map(({ id, metric }) => [id, emptyState({ from: startedAt, every: everyOf(metric, { metrics, tick }) })]),
  ),
  concerns: {},
});

/** How far apart the samples of a metric are, milliseconds. */
function everyOf(metric: string, { metrics, tick }: Pick<WatchRules, 'metrics' | 'tick'>): number {
  return Math.max(tick, metrics.find(({ name }) => name === metric)?.source?.resolution ?? 0);
}

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

/** The time is up, and no rule that ends the watch is about to be met, but for those that people have looked at. */
export function isOver(state: WatchState, watch: WatchRules, now: number): boolean {
  if (now < endOf(state, watch)) return false;
  return !watch.criteria.some(
    (criterion) =>
      endsWatch(criterion, watch) &&
      pendingSince(criterionState(state, criterion)) !== undefined &&
      !state.concerns[criterion.id]?.settled,
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

/** Criteria that are broken, or may be, and of which people have not been asked yet whether to carry on. */
export const unasked = (state: WatchState, watch: WatchRules): Criterion[] =>
  [...fired(state, watch).filter((criterion) => !endsWatch(criterion, watch)), ...doubted(state, watch)].filter(
    ({ id }) => !state.concerns[id],
  );

/** Of which people were asked because nobody knew whose silence it was, and which have been heard of since. */
export const heardAgain = (state: WatchState, { criteria }: Pick<WatchRules, 'criteria'>): Criterion[] =>
  criteria.filter((criterion) => {
    const { firedAt, doubtedAt } = criterionState(state, criterion);
    return state.concerns[criterion.id]?.doubt && firedAt === undefined && doubtedAt === undefined;
  });

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

/** The state without the concern: should there be reason again, people are asked again. */
export function withoutConcern(state: WatchState, id: string): WatchState {
  const { [id]: _, ...concerns } = state.concerns;
  return { ...state, concerns };
}

/** Gates that are broken, and that nobody has accepted so. */
export const openGatesOf = (state: WatchState, watch: WatchRules): string[] =>
  fired(state, watch)
    .filter(({ id, tier }) => tier === 'require' && !state.concerns[id]?.settled)
    .map(({ id }) => id);

/** Whose rule is met by what may be the silence of the worker's own network, and by nothing else so far. */
const doubted = (state: WatchState, { criteria }: WatchRules): Criterion[] =>
  criteria.filter((criterion) => {
    const { firedAt, doubtedAt } = criterionState(state, criterion);
    return firedAt === undefined && doubtedAt !== undefined;
  });

const fired = (state: WatchState, { criteria }: WatchRules): Criterion[] =>
  criteria.filter((criterion) => criterionState(state, criterion).firedAt !== undefined);
