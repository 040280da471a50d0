/** Recorded samples under a watch's present rules: what it would have made of them. Pure. */
import type { Watch } from '../contract/plan/watch.js';
import { judgeTrend } from '../domain/trends/judge.js';
import { asCriterion, asUndecided } from '../domain/trends/result.js';
import {
  type Criterion,
  type CriterionResult,
  type CriterionState,
  observe,
  pendingSince,
  type RollbackOption,
  type Sample,
  type Verdict,
} from '../domain/watch/criteria.js';
import { breachText, criterionResultOf, endsWatch } from '../domain/watch/verdict.js';
import { criterionState, newWatchState } from '../domain/watch/watch-state.js';

/** What a watch took at one tick, in the order in which it came. */
export interface Tick {
  /** Epoch milliseconds. */
  at: number;
  samples: Record<string, Sample[]>;
}

export interface Recording {
  /** For people: the file. */
  name: string;
  ticks: Tick[];
  /** Lines that could not be read. */
  unreadable: number;
}

/** Which rollback a breach leads to. */
export interface RollbackPolicy {
  pin?: RollbackOption;
  onStepFailure: RollbackOption;
}

/** One criterion over the whole recording, whatever ended the watch. */
export interface JudgedCriterion extends CriterionResult {
  metric: string;
  threshold: number;
  /** When the worst value was. */
  worstAt?: number;
  /** How far the worst value stays from the threshold, in the metric's unit; negative: it is beyond it by so much. */
  margin?: number;
  /** The longest breach in a row, milliseconds; it fires when that reaches `for`. */
  longestBreach?: number;
  for: number;
  /** The tick at which the watch would have known. */
  detectedAt?: number;
  /** A breach builds up when the recording ends. */
  pendingSince?: number;
  /** What its firing leads to. */
  leadsTo: 'rollback' | 'failed-soak' | 'question';
  /** With `rollback`, and where a person answers a question with one. */
  option?: RollbackOption;
  /** Samples that came too late to count. */
  late: number;
}

/** What would have ended the watch before its time. */
export interface EarlyEnd {
  /** The tick at which it ends; epoch milliseconds. */
  at: number;
  criterion: string;
  text: string;
  /** `unless-answered`: the time that people have for a question is over, and the plan rolls back then. */
  why: 'breach' | 'unless-answered';
  option?: RollbackOption;
}

export interface Evaluation {
  recording: string;
  watch: string;
  title: string;
  environment: Watch['environment'];
  /** The first and the last tick, and how long the plan has the watch last. */
  from: number;
  to: number;
  duration: number;
  ticks: number;
  samples: number;
  verdict: Verdict;
  end?: EarlyEnd;
  criteria: JudgedCriterion[];
  /** Judged over the whole recording; undecided when the watch would have ended early. */
  trends: CriterionResult[];
}

export function evaluate(recording: Recording, watch: Watch, policy: RollbackPolicy): Evaluation {
  const { ticks } = recording;
  const begun = newWatchState(watch, (ticks[0]?.at ?? 0) - watch.tick);
  const replays = new Map(watch.criteria.map((each) => [each.id, newReplay(criterionState(begun, each))]));
  let end: EarlyEnd | undefined;
  for (const tick of ticks) {
    for (const criterion of watch.criteria) follow(criterion, replays.get(criterion.id) as ReplayState, tick);
    end ??= endAt(watch, { replays, at: tick.at, policy });
  }
  const from = ticks[0]?.at ?? 0;
  const to = ticks.at(-1)?.at ?? 0;
  const criteria = watch.criteria.map((criterion) =>
    judged(criterion, replays.get(criterion.id) as ReplayState, { recording, watch, policy }),
  );
  const trends = judgeTrends(watch, ticks, { from: from - watch.tick, to, end });
  return {
    recording: recording.name,
    watch: watch.id,
    title: watch.title,
    environment: watch.environment,
    from,
    to,
    duration: watch.duration,
    ticks: ticks.length,
    samples: ticks.reduce((sum, { samples }) => sum + Object.values(samples).flat().length, 0),
    verdict: overall(criteria, trends, end),
    ...(end && { end }),
    criteria,
    trends,
  };
}

interface ReplayState {
  state: CriterionState;
  detectedAt?: number;
  longestBreach: number;
}

const newReplay = (state: CriterionState): ReplayState => ({ state, longestBreach: 0 });

function follow(criterion: Criterion, replay: ReplayState, { at, samples }: Tick): void {
  for (const sample of samples[criterion.metric] ?? []) {
    replay.state = observe(criterion, replay.state, sample);
    const { activeSince, knownAt } = replay.state;
    // Known and active: the latest known reading breaches.
    if (activeSince !== undefined) {
      replay.longestBreach = Math.max(replay.longestBreach, (knownAt ?? activeSince) - activeSince);
    }
  }
  if (replay.state.firedAt !== undefined) replay.detectedAt ??= at;
}

/** As the watch decides after each tick: a breach that ends the watch, then questions that nobody has answered. */
function endAt(
  watch: Watch,
  { replays, at, policy }: { replays: Map<string, ReplayState>; at: number; policy: RollbackPolicy },
): EarlyEnd | undefined {
  const ends = (criterion: Criterion, why: EarlyEnd['why']): EarlyEnd => ({
    at,
    criterion: criterion.id,
    text: breachText(criterion, replays.get(criterion.id)?.state),
    why,
    ...(watch.environment === 'production' && { option: optionOf(criterion, policy) }),
  });
  const fired = watch.criteria.filter(({ id }) => replays.get(id)?.state.firedAt !== undefined);
  const breach = fired.find((criterion) => endsWatch(criterion, watch));
  if (breach) return ends(breach, 'breach');
  if (watch.consider.otherwise !== 'rollback') return undefined;
  const overdue = watch.criteria.find((criterion) => {
    const asked = replays.get(criterion.id)?.detectedAt;
    return !endsWatch(criterion, watch) && asked !== undefined && asked + watch.consider.within <= at;
  });
  return overdue && ends(overdue, 'unless-answered');
}

const optionOf = ({ rollback }: Criterion, { pin, onStepFailure }: RollbackPolicy): RollbackOption =>
  pin ?? rollback ?? onStepFailure;

function judged(
  criterion: Criterion,
  { state, detectedAt, longestBreach }: ReplayState,
  { recording, watch, policy }: { recording: Recording; watch: Watch; policy: RollbackPolicy },
): JudgedCriterion {
  const { metric, breach } = criterion;
  const { worst, late } = state;
  const pending = pendingSince(state);
  const recorded = recording.ticks.some(({ samples }) => metric in samples);
  const leadsTo = !endsWatch(criterion, watch)
    ? 'question'
    : watch.environment === 'production'
      ? 'rollback'
      : 'failed-soak';
  const towards = breach.comparison.startsWith('>') ? 1 : -1;
  return {
    ...criterionResultOf(criterion, state),
    ...(recorded ? {} : { reason: `the recording has no ${metric}` }),
    metric,
    threshold: breach.threshold,
    for: criterion.for,
    ...(worst && { worstAt: worst.at, margin: (breach.threshold - worst.value) * towards }),
    ...(state.breached > 0 && { longestBreach }),
    ...(detectedAt !== undefined && { detectedAt }),
    ...(pending !== undefined && { pendingSince: pending }),
    leadsTo,
    ...(watch.environment === 'production' && { option: optionOf(criterion, policy) }),
    late,
  };
}

function judgeTrends(watch: Watch, ticks: Tick[], of: { from: number; to: number; end?: EarlyEnd }): CriterionResult[] {
  const { from, to, end } = of;
  if (end) return watch.trends.map(asUndecided);
  const all = new Map<string, Map<number, Sample>>();
  // As the evidence is read: of two samples for one instant the later one.
  for (const { samples } of ticks) {
    for (const [name, taken] of Object.entries(samples)) {
      const byTime = all.get(name) ?? new Map<number, Sample>();
      for (const sample of taken) byTime.set(sample.at, sample);
      all.set(name, byTime);
    }
  }
  const series = (name: string) =>
    [...(all.get(name)?.values() ?? [])]
      .filter(({ at }) => at >= from && at <= to)
      .sort((one, other) => one.at - other.at);
  return watch.trends.map((trend) => {
    const restarts = trend.test === 'leak' && trend.restarts ? series(trend.restarts) : undefined;
    return asCriterion(trend, judgeTrend(trend, { from, to, samples: series(trend.metric), restarts }));
  });
}

function overall(criteria: JudgedCriterion[], trends: CriterionResult[], end?: EarlyEnd): Verdict {
  const all = [...criteria, ...trends];
  if (end || all.some(({ tier, verdict }) => tier === 'require' && verdict === 'breached')) return 'breached';
  return all.some(({ tier, verdict }) => tier !== 'consider' && verdict === 'unknown') ? 'unknown' : 'healthy';
}
