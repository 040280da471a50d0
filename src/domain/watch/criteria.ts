/**
 * Criteria over samples: the pure part of every watch.
 *
 * "For 2 minutes" is Prometheus' alerting rule: the breach is active since its first breaching sample, fires at the
 * first breaching sample at least that much later, and one healthy sample clears it. The time that counts is the
 * sample's own, never its arrival.
 */

import { isMostlyBlind, looked, newSight, type Sight } from './sight.js';
import type { Silence } from './silence.js';

/**
 * A metric's value at a time (epoch milliseconds): a number, one that is none (0/0), nothing there, or a source that
 * could not be asked. Samples travel as JSON, which has neither NaN nor infinity: {@link sampleOf} makes them from numbers.
 */
export type Sample = { at: number; silence?: Silence } & (
  | { kind: 'ok'; value: number }
  | { kind: 'notANumber' }
  | { kind: 'noData'; reason: string }
  | { kind: 'error'; message: string }
);

/** What one sample, or all of them, says about a criterion. */
export type Verdict = 'healthy' | 'breached' | 'unknown';

/** What one sample adds to the others. doubtful: a breach, if it is not the silence of the worker's own network. */
type Heard = Verdict | 'doubtful';

/** require: a gate that must hold. rollback: act at once. consider: ask a person. */
export type Tier = 'require' | 'rollback' | 'consider';

export type RollbackOption = 'migration' | 'code' | 'full';

export type Comparison = '>' | '>=' | '<' | '<=';

/** A rule over one metric's samples, as the plan states it. */
export interface Criterion {
  id: string;
  title: string;
  metric: string;
  /** The metric's unit, for people: `%`, `ms`, `/min`. */
  unit: string;
  /** A sample breaches when its value compares so with the threshold. */
  breach: { comparison: Comparison; threshold: number };
  /** How long the breach must last before it counts, milliseconds. 0: the first breaching sample counts. */
  for: number;
  tier: Tier;
  /** What a sample without data, one that is not a number, and a source that fails mean. Stated, never implied. */
  noData: Verdict;
  notANumber: Verdict;
  providerError: Verdict;
  /** The smallest number of known samples that makes "healthy" a statement. */
  minimumSamples: number;
  /** The rollback that cures this breach, where the plan says so. */
  rollback?: RollbackOption;
}

/** What readings in the order of their times have led to so far. */
interface BreachState {
  /** Since when the breach is active. */
  activeSince?: number;
  /** When the rule was first met; it stays met. */
  firedAt?: number;
  /** Since when it is met by what is doubtful: by the first breaching reading that is not, it is met. */
  doubtedAt?: number;
  /** The latest reading that said something, and how many have said nothing since. */
  knownAt?: number;
  silent: number;
  /** Of samples that belong to no watch nobody says how much of it they show. */
  sight?: Sight;
}

/** What a watch remembers about one criterion; plain data, carried through continue-as-new. */
export interface CriterionState extends BreachState {
  /** Readings of the last {@link LATENESS}, oldest first: one that comes late is put among them. */
  recent: [at: number, reading: Heard][];
  /** The state before the first of them: nothing can come before it any more. */
  settled: BreachState;
  healthy: number;
  breached: number;
  unknown: number;
  /** Samples that came too late to count. */
  late: number;
  /** The value furthest into the breach's direction, and when. */
  worst?: { at: number; value: number };
  last?: Sample;
  /** Why the latest sample without a number had none, and when that was. */
  reason?: string;
  reasonAt?: number;
}

/** How late a sample may come and still be put in its place, milliseconds. */
export const LATENESS = 10 * 60_000;

/** @param watched when the watch began, and how often it looks, milliseconds */
export const emptyState = (watched?: { from: number; every: number }): CriterionState => ({
  recent: [],
  settled: { silent: 0, ...(watched && { sight: newSight(watched.from, watched.every) }) },
  silent: 0,
  healthy: 0,
  breached: 0,
  unknown: 0,
  late: 0,
});

/**
 * An infinite value (x/0) as the largest number that JSON carries: it breaches every `>` rule, and no `<` rule. And a
 * negative zero as zero, which JSON makes of it.
 */
export const bounded = (value: number): number => Math.min(Math.max(value, -Number.MAX_VALUE), Number.MAX_VALUE) + 0;

/** A number as a sample that JSON can carry. */
export const sampleOf = (at: number, value: number): Sample =>
  Number.isNaN(value) ? { at, kind: 'notANumber' } : { at, kind: 'ok', value: bounded(value) };

/** What one sample says about a criterion, by itself. */
export function readSample(criterion: Criterion, sample: Sample): Verdict {
  if (sample.kind === 'noData') return criterion.noData;
  if (sample.kind === 'error') return criterion.providerError;
  if (sample.kind === 'notANumber' || Number.isNaN(sample.value)) return criterion.notANumber;
  return compares(sample.value, criterion.breach.comparison, criterion.breach.threshold) ? 'breached' : 'healthy';
}

export function compares(value: number, comparison: Comparison, threshold: number): boolean {
  switch (comparison) {
    case '>':
      return value > threshold;
    case '>=':
      return value >= threshold;
    case '<':
      return value < threshold;
    case '<=':
      return value <= threshold;
  }
}

/** Two samples for one instant: the worse reading stands, whichever came first. */
const SEVERITY: Record<Heard, number> = { unknown: 0, doubtful: 1, healthy: 2, breached: 3 };

/** How a reading is counted: what is doubtful is not known. */
const countedAs = (reading: Heard): Verdict => (reading === 'doubtful' ? 'unknown' : reading);

function hear(criterion: Criterion, sample: Sample): Heard {
  const reading = readSample(criterion, sample);
  return reading === 'breached' && sample.silence?.proven === false ? 'doubtful' : reading;
}

/**
 * Takes one more sample in. The state is that of the samples in the order of their times: as long as none is later than
 * {@link LATENESS}, the order in which they come does not change it, and neither do duplicates. (A healthy sample that
 * comes late can so take back a breach that has fired without it.)
 * @returns a new state; the old one is left as it was
 */
export function observe(criterion: Criterion, state: CriterionState, given: Sample): CriterionState {
  const { silence } = given;
  const sample = given.kind === 'ok' ? { ...sampleOf(given.at, given.value), ...(silence && { silence }) } : given;
  const newest = Math.max(sample.at, state.recent.at(-1)?.[0] ?? sample.at);
  if (sample.at < newest - LATENESS) return { ...state, late: state.late + 1 };

  const next = describeSample(criterion, state, sample);
  const reading = hear(criterion, sample);
  const twin = state.recent.find(([at]) => at === sample.at)?.[1];
  if (twin !== undefined && SEVERITY[twin] >= SEVERITY[reading]) return next;
  if (twin !== undefined) next[countedAs(twin)] -= 1;
  next[countedAs(reading)] += 1;

  const readings = insert(state.recent, [sample.at, reading]);
  const isSettled = ([at]: [number, Heard]) => at < newest - LATENESS;
  next.recent = readings.filter((entry) => !isSettled(entry));
  next.settled = follow(criterion, state.settled, readings.filter(isSettled));
  return { ...next, ...follow(criterion, next.settled, next.recent) };
}

/** The state with what people are shown of the samples: the worst, the last, and why one had no number. */
function describeSample(criterion: Criterion, state: CriterionState, sample: Sample): CriterionState {
  const next = { ...state };
  if (
    !state.last ||
    sample.at > state.last.at ||
    (sample.at === state.last.at && outranks(criterion, sample, state.last))
  )
    next.last = sample;
  if (sample.kind === 'ok' && sample.silence?.proven !== false) {
    const { at, value } = sample;
    const { worst } = state;
    if (!worst || isWorse(criterion, value, worst.value) || (value === worst.value && at < worst.at))
      next.worst = { at, value };
    return next;
  }
  const reason = reasonOf(sample);
  const { reasonAt } = state;
  if (reasonAt === undefined || sample.at > reasonAt || (sample.at === reasonAt && reason > (state.reason ?? ''))) {
    next.reason = reason;
    next.reasonAt = sample.at;
  }
  return next;
}

/** Why a sample has no number, or none that counts. */
export function reasonOf(sample: Sample): string {
  if (sample.silence || sample.kind === 'ok') return sample.silence?.text ?? '';
  if (sample.kind === 'noData') return sample.reason;
  return sample.kind === 'error' ? sample.message : 'the value is not a number';
}

/** Which of two samples for one instant is shown: the worse; where both say the same, any, but always the same one. */
function outranks(criterion: Criterion, one: Sample, other: Sample): boolean {
  const severity = SEVERITY[hear(criterion, one)] - SEVERITY[hear(criterion, other)];
  if (severity !== 0) return severity > 0;
  if (one.kind === 'ok' && other.kind === 'ok') return isWorse(criterion, one.value, other.value);
  if (one.kind !== 'ok' && other.kind !== 'ok') return reasonOf(one) > reasonOf(other);
  return one.kind === 'ok';
}

const isWorse = (criterion: Criterion, value: number, than: number): boolean =>
  criterion.breach.comparison.startsWith('>') ? value > than : value < than;

function insert(recent: CriterionState['recent'], entry: [number, Heard]): CriterionState['recent'] {
  const others = recent.filter(([at]) => at !== entry[0]);
  const place = others.findLastIndex(([at]) => at < entry[0]) + 1;
  return [...others.slice(0, place), entry, ...others.slice(place)];
}

/**
 * Follows readings in the order of their times. An unknown one neither clears nor fires; but a breach is forgotten when
 * nothing at all was known for longer than `for` + {@link LATENESS}: what it was part of is over.
 */
function follow(criterion: Criterion, from: BreachState, readings: CriterionState['recent']): BreachState {
  const state: BreachState = {
    activeSince: from.activeSince,
    firedAt: from.firedAt,
    knownAt: from.knownAt,
    silent: from.silent,
    sight: from.sight,
    doubtedAt: from.doubtedAt,
  };
  for (const [at, reading] of readings) {
    const known = countedAs(reading) !== 'unknown';
    state.sight &&= looked(state.sight, { at, known });
    state.silent = known ? 0 : state.silent + 1;
    if (isForgotten(criterion, state, at)) state.activeSince = undefined;
    if (reading === 'unknown') continue;
    // What is doubtful keeps a breach from being forgotten, for it may be one.
    state.knownAt = at;
    if (reading === 'healthy') {
      state.activeSince = undefined;
      state.doubtedAt = undefined;
      continue;
    }
    state.activeSince ??= at;
    if (at - state.activeSince < criterion.for) continue;
    if (reading === 'doubtful') state.doubtedAt ??= at;
    else state.firedAt ??= at;
  }
  return state;
}

/** Nothing has been known for so long that it no longer says anything about now. */
const isForgotten = (criterion: Criterion, { knownAt }: BreachState, now: number): boolean =>
  knownAt === undefined || now - knownAt > criterion.for + LATENESS;

/** Since when the breach is building up without having fired yet. */
export const pendingSince = (state: CriterionState): number | undefined =>
  state.firedAt === undefined ? state.activeSince : undefined;

/**
 * What all samples so far say: breached once the rule was met; unknown where nothing was known for half of the time, with too few known samples, or when the last
 * `minimumSamples` of them, or all of the last `for` + {@link LATENESS}, were unknown (a source that died looks alive
 * otherwise); healthy else.
 */
export function verdict(criterion: Criterion, state: CriterionState): Verdict {
  if (state.firedAt !== undefined) return 'breached';
  if (state.doubtedAt !== undefined || (state.sight && isMostlyBlind(state.sight))) return 'unknown';
  const enough = Math.max(criterion.minimumSamples, 1);
  if (state.healthy + state.breached < enough || state.silent >= enough) return 'unknown';
  const newest = state.recent.at(-1)?.[0];
  return newest === undefined || isForgotten(criterion, state, newest) ? 'unknown' : 'healthy';
}

/** One criterion's result, for the ledger and for people. */
export interface CriterionResult {
  id: string;
  title: string;
  tier: Tier;
  verdict: Verdict;
  samples: number;
  unknown: number;
  worst?: number;
  last?: number;
  unit: string;
  rule: string;
  firedAt?: number;
  reason?: string;
}

/** The rule in words: `> 10 % for 2 min`. */
export function ruleText(criterion: Criterion, duration: string): string {
  const { comparison, threshold } = criterion.breach;
  return `${comparison} ${threshold} ${criterion.unit}${criterion.for > 0 ? ` for ${duration}` : ''}`;
}
