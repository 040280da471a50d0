/** Which recording is put under which watch, and how the outcome differs from what happened then. */
import type { ResolvedPlan } from '../contract/plan/plan.js';
import type { Watch } from '../contract/plan/watch.js';
import type { Ledger, WatchRecord } from '../domain/ledger/ledger.js';
import type { Verdict } from '../domain/watch/criteria.js';
import { type Evaluation, evaluate } from './evaluate.js';
import type { FoundRecording } from './recordings.js';

/** A criterion that is judged otherwise now than it was then. */
export interface VerdictDifference {
  criterion: string;
  before: Verdict | 'not judged';
  now: Verdict;
  text: string;
}

export interface Backtested extends Evaluation {
  /** Only with a ledger that has this watch. */
  differences?: VerdictDifference[];
}

export interface Backtest {
  evaluations: Backtested[];
  /** Recordings that belong to no watch of the plan, and why. */
  skipped: { recording: string; why: string }[];
}

/**
 * A series named after a watch is put under that watch, and a run's other series under none. A file by itself is put under
 * each watch that has a criterion for one of its metrics.
 * @param options.only the one watch that is looked at
 * @param options.ledger the run that was recorded: the span of each watch, and what was said of it then
 */
export function backtest(
  plan: Pick<ResolvedPlan, 'soak' | 'watches' | 'rollback'>,
  recordings: readonly FoundRecording[],
  options: { only?: string; ledger?: Pick<Ledger, 'monitors'> } = {},
): Backtest {
  const watches = [plan.soak, ...plan.watches];
  const result: Backtest = { evaluations: [], skipped: [] };
  for (const recording of recordings) {
    const chosen = watchesFor(recording, watches, options.only);
    if (chosen.length === 0) {
      if (options.only === undefined)
        result.skipped.push({ recording: recording.name, why: whySkipped(recording, watches) });
    }
    for (const watch of chosen) {
      const record = options.ledger?.monitors.find(({ id }) => id === recording.monitor && id === watch.id);
      const evaluation = evaluate(record ? within(recording, record) : recording, watch, plan.rollback);
      result.evaluations.push(record ? { ...evaluation, differences: compare(evaluation, record) } : evaluation);
    }
  }
  return result;
}

function watchesFor(recording: FoundRecording, watches: readonly Watch[], only: string | undefined): Watch[] {
  const own = watches.filter(({ id }) => id === recording.monitor);
  if (recording.ofRun) return own.filter(({ id }) => only === undefined || id === only);
  if (only !== undefined) return watches.filter(({ id }) => id === only);
  if (own.length > 0) return own;
  const recorded = new Set(recording.ticks.flatMap(({ samples }) => Object.keys(samples)));
  return watches.filter(({ criteria }) => criteria.some(({ metric }) => recorded.has(metric)));
}

function whySkipped({ ofRun, monitor }: FoundRecording, watches: readonly Watch[]): string {
  const known = watches.map(({ id }) => id).join(', ');
  return ofRun
    ? `${monitor} is no watch of the plan (${known}); name the file and --watch to put it under one`
    : `it has no metric of any watch of the plan (${known})`;
}

/** A series also holds what an earlier generation of the watch has written. */
function within(recording: FoundRecording, { startedAt, endedAt = Infinity }: WatchRecord): FoundRecording {
  const ticks = recording.ticks.filter(({ at }) => at >= startedAt && at <= endedAt);
  return { ...recording, ticks };
}

function compare({ criteria, trends }: Evaluation, record: WatchRecord): VerdictDifference[] {
  return [...criteria, ...trends].flatMap(({ id, title, rule, verdict: now }): VerdictDifference[] => {
    const judged = record.criteria.find((criterion) => criterion.id === id);
    const before = judged?.verdict ?? 'not judged';
    if (before === now) return [];
    const changed = judged !== undefined && judged.rule !== rule ? `; the rule was ${judged.rule}` : '';
    return [{ criterion: id, before, now, text: `${title}: ${before} then, ${now} now${changed}` }];
  });
}
