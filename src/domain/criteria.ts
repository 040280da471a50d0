/**
 * Criteria over samples: the pure part of every monitor.
 *
 * "For 2 minutes" is Prometheus' alerting rule: the breach is active since its first breaching sample, fires at the
 * first breaching sample at least that much later, and one healthy sample clears it. The time that counts is the
 * sample's own, never its arrival.
 */

/** A metric's value at a time (epoch milliseconds): a number, nothing there, or a source that could not be asked. */
export type Sample = { at: number } & (
  | { kind: 'ok'; value: number }
  | { kind: 'noData'; reason: string }
  | { kind: 'error'; message: string }
);

/** What one sample, or all of them, says about a criterion. */
export type Verdict = 'healthy' | 'breached' | 'unknown';

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

/** What a monitor remembers about one criterion; plain data, carried through continue-as-new. */
export interface CriterionState {
  /** Readings of the last `for` + lateness, oldest first: time and reading. */
  recent: [at: number, reading: Verdict][];
  healthy: number;
  breached: number;
  unknown: number;
  /** Samples that came too late to count. */
  late: number;
  /** The value furthest into the breach's direction, and when. */
  worst?: { at: number; value: number };
  last?: Sample;
  /** When the rule was first met; it stays met. */
  firedAt?: number;
  /** Why the latest unknown or breached reading without a number was so. */
  reason?: string;
}

/** How late a sample may come and still be put in its place, milliseconds. */
export const LATENESS = 10 * 60_000;

export const emptyState = (): CriterionState => ({ recent: [], healthy: 0, breached: 0, unknown: 0, late: 0 });

/** What one sample says about a criterion, by itself. */
export function readSample(criterion: Criterion, sample: Sample): Verdict {
  if (sample.kind === 'noData') return criterion.noData;
  if (sample.kind === 'error') return criterion.providerError;
  if (Number.isNaN(sample.value)) return criterion.notANumber;
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
const SEVERITY: Record<Verdict, number> = { unknown: 0, healthy: 1, breached: 2 };

/**
 * Takes one more sample in. Order within {@link LATENESS}, and duplicates, do not change the result.
 * @returns a new state; the old one is left as it was
 */
export function observe(criterion: Criterion, state: CriterionState, sample: Sample): CriterionState {
  const newest = state.recent.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY;
  const horizon = criterion.for + LATENESS;
  if (sample.at < newest - horizon) return { ...state, late: state.late + 1 };

  const reading = readSample(criterion, sample);
  const twin = state.recent.find(([at]) => at === sample.at)?.[1];
  if (twin !== undefined && SEVERITY[twin] >= SEVERITY[reading]) return state;

  const next: CriterionState = { ...state };
  if (twin !== undefined) next[twin] -= 1;
  next[reading] += 1;
  next.recent = insert(state.recent, [sample.at, reading]).filter(
    ([at]) => at >= Math.max(newest, sample.at) - horizon,
  );
  if (sample.at >= (state.last?.at ?? Number.NEGATIVE_INFINITY)) next.last = sample;
  if (sample.kind === 'noData') next.reason = sample.reason;
  if (sample.kind === 'error') next.reason = sample.message;
  if (sample.kind === 'ok' && isWorse(criterion, sample.value, state.worst?.value)) {
    next.worst = { at: sample.at, value: sample.value };
  }
  const fired = firstFiring(criterion, next.recent);
  if (fired !== undefined) next.firedAt = Math.min(fired, state.firedAt ?? fired);
  return next;
}

function insert(recent: CriterionState['recent'], entry: [number, Verdict]): CriterionState['recent'] {
  const others = recent.filter(([at]) => at !== entry[0]);
  const place = others.findLastIndex(([at]) => at < entry[0]) + 1;
  return [...others.slice(0, place), entry, ...others.slice(place)];
}

function isWorse(criterion: Criterion, value: number, worst: number | undefined): boolean {
  if (Number.isNaN(value)) return false;
  if (worst === undefined) return true;
  return criterion.breach.comparison.startsWith('>') ? value > worst : value < worst;
}

/** The time of the sample at which the rule is met, if it is. An unknown reading neither clears nor fires. */
function firstFiring(criterion: Criterion, recent: CriterionState['recent']): number | undefined {
  let activeSince: number | undefined;
  for (const [at, reading] of recent) {
    if (reading === 'healthy') activeSince = undefined;
    if (reading !== 'breached') continue;
    activeSince ??= at;
    if (at - activeSince >= criterion.for) return at;
  }
  return undefined;
}

/** Since when the breach is building up without having fired yet. */
export function pendingSince(state: CriterionState): number | undefined {
  if (state.firedAt !== undefined) return undefined;
  const lastHealthy = state.recent.findLastIndex(([, reading]) => reading === 'healthy');
  return state.recent.slice(lastHealthy + 1).find(([, reading]) => reading === 'breached')?.[0];
}

/**
 * What all samples so far say: breached once the rule was met; unknown with too few known samples, or when the last
 * `minimumSamples` of them were all unknown (a source that died looks alive otherwise); healthy else.
 */
export function verdict(criterion: Criterion, state: CriterionState): Verdict {
  if (state.firedAt !== undefined) return 'breached';
  if (state.healthy + state.breached < criterion.minimumSamples) return 'unknown';
  const tail = state.recent.slice(-criterion.minimumSamples);
  if (tail.length > 0 && tail.every(([, reading]) => reading === 'unknown')) return 'unknown';
  return 'healthy';
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
