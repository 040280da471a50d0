/** Watches metrics for a while: timer, sample, reduce, verdict. Ends at the first breach that calls for a rollback. */
import {
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import {
  concernDismissed,
  concernRaised,
  concernSettled,
  progressQuery,
  readTexts,
  type WatchInput,
  type WatchProgress,
  type WatchResult,
} from '../../contract/messages.js';
import { cell } from '../../domain/ledger/board.js';
import type { Question } from '../../domain/ledger/ledger.js';
import { messageOf } from '../../domain/message.js';
import { asCriterion, asUndecided } from '../../domain/trends/result.js';
import {
  type Criterion,
  type CriterionResult,
  type CriterionState,
  emptyState,
  observe,
  pendingSince,
  type Sample,
} from '../../domain/watch/criteria.js';
import { breachText, criterionResultOf, endsWatch } from '../../domain/watch/verdict.js';
import { mustHold } from '../common/input.js';
import { people, sampling, series, urgentSeal } from '../common/policies.js';
import { publishState } from '../common/published.js';

/** What a monitor knows; carried through continue-as-new. */
interface Progress {
  startedAt: number;
  ticks: number;
  samples: number;
  /** When each metric was last known, by name. */
  since: Record<string, number>;
  criteria: Record<string, CriterionState>;
  concerns: Record<string, { until: number; settled: boolean }>;
  /** The monitor's own time when it continued as new. */
  continuedAt?: number;
}

/** A tick is about six events: continue as new well below the size at which a history becomes slow to load. */
const LONGEST_HISTORY = 4_000;

/** Bytes. Sources that keep history bring many samples a tick; the server warns at 10 MB. */
const LARGEST_HISTORY = 4_000_000;

const isLong = () => {
  const { historyLength, historySize } = workflowInfo();
  return historyLength > LONGEST_HISTORY || historySize > LARGEST_HISTORY;
};

export async function MonitorWorkflow(input: WatchInput, carried?: Progress): Promise<WatchResult> {
  mustHold(input, 'deployment', 'parent', 'watch');
  const { watch } = input;
  // Server 1.32 adds the time it has skipped so far once more to a run that continues as new: in virtual time the
  // monitor goes on from where it was.
  const skew = input.clock === 'virtual' && carried?.continuedAt !== undefined ? Date.now() - carried.continuedAt : 0;
  const now = () => Date.now() - skew;
  const progress: Progress = carried ?? {
    startedAt: now(),
    ticks: 0,
    samples: 0,
    since: Object.fromEntries(watch.metrics.map(({ name }) => [name, now()])),
    criteria: Object.fromEntries(watch.criteria.map(({ id }) => [id, emptyState()])),
    concerns: {},
  };
  const parent = getExternalWorkflowHandle(input.parent);
  const endsAt = progress.startedAt + watch.duration;
  const accepted = (id: string) => progress.concerns[id]?.settled === true;
  let asking = 0;

  setHandler(concernDismissed, (sent) => {
    const { criterion } = readTexts(sent, ['criterion']) ?? {};
    const concern = watch.criteria.some(({ id }) => id === criterion) && progress.concerns[criterion ?? ''];
    if (concern) concern.settled = true;
  });
  const progressNow = (): WatchProgress => {
    const { startedAt, ticks, samples } = progress;
    return { startedAt, endsAt, now: now(), ticks, samples, criteria: results(input, progress) };
  };
  setHandler(progressQuery, progressNow);
  publishState(progressNow());

  while (!isOver()) {
    const next = progress.startedAt + (progress.ticks + 1) * watch.tick;
    // Past the end, while a breach builds up, it is sampled as often as before.
    const due = now() < endsAt ? Math.min(next, endsAt) : next;
    const wait = Math.max(due - now(), 1);
    await sleep(wait, {
      summary: `${watch.title}: sample ${progress.ticks + 1} of ${Math.ceil(watch.duration / watch.tick)}`,
    });
    const samples = await takeSamples();
    progress.ticks += 1;
    reduce(samples);
    setCurrentDetails(details(input, progress));
    publishState(progressNow());

    const breach = broken((criterion) => endsWatch(criterion, watch));
    if (breach) return conclude(breach);
    for (const criterion of watch.criteria) {
      if (asksPeople(criterion) && progress.criteria[criterion.id]?.firedAt !== undefined) await raise(criterion);
    }
    // The tick nearest to the time settles it, not one of two that a moment decides between.
    const nearest = now() + Math.min(watch.tick, watch.consider.within) / 2;
    const overdue = broken(
      ({ id }) => !accepted(id) && (progress.concerns[id]?.until ?? Number.POSITIVE_INFINITY) <= nearest,
    );
    if (overdue) {
      if (watch.consider.otherwise === 'rollback') return conclude(overdue);
      await settle(overdue, 'nobody answered in time: carried on, as the plan says');
    }
    if (isLong() && asking === 0 && !isOver()) {
      await continueAsNew<typeof MonitorWorkflow>(input, { ...progress, continuedAt: now() });
    }
  }
  return conclude();

  /** The time is up, and no rule that calls for a rollback is about to be met. */
  function isOver(): boolean {
    if (now() < endsAt) return false;
    return !watch.criteria.some(
      (criterion) =>
        endsWatch(criterion, watch) && pendingSince(progress.criteria[criterion.id] ?? emptyState()) !== undefined,
    );
  }

  async function takeSamples(): Promise<Record<string, Sample[]>> {
    const at = now();
    try {
      return await sampling.sampleMetrics({
        monitor: watch.id,
        evidence: input.evidence,
        at,
        since: progress.since,
        clock: input.clock,
        metrics: watch.metrics,
        baselines: input.baselines,
      });
    } catch (error) {
      if (isCancellation(error)) throw error;
      const message = messageOf(error);
      return Object.fromEntries(watch.metrics.map(({ name }) => [name, [{ at, kind: 'error', message }]]));
    }
  }

  function reduce(samples: Record<string, Sample[]>): void {
    for (const criterion of watch.criteria) {
      for (const sample of samples[criterion.metric] ?? []) {
        progress.criteria[criterion.id] = observe(criterion, progress.criteria[criterion.id] ?? emptyState(), sample);
      }
    }
    for (const [name, taken] of Object.entries(samples)) {
      progress.samples += taken.length;
      // What a source could not be asked for is asked for again: one that keeps history still has it.
      const known = taken.findLast(({ kind }) => kind !== 'error');
      if (known) progress.since[name] = known.at;
    }
  }

  function broken(applies: (criterion: Criterion) => boolean): Criterion | undefined {
    return watch.criteria.find(
      (criterion) => progress.criteria[criterion.id]?.firedAt !== undefined && applies(criterion),
    );
  }

  function asksPeople(criterion: Criterion): boolean {
    return !endsWatch(criterion, watch);
  }

  /** Puts a concern to people, once. Watching goes on meanwhile. */
  async function raise(criterion: Criterion): Promise<void> {
    if (progress.concerns[criterion.id]) return;
    const until = now() + watch.consider.within;
    progress.concerns[criterion.id] = { until, settled: false };
    const text = breachText(criterion, progress.criteria[criterion.id]);
    const title = `${criterion.title}: roll back or carry on?`;
    await parent.signal(concernRaised, {
      monitor: watch.id,
      criterion: criterion.id,
      title,
      text,
      at: now(),
      until,
      otherwise: watch.consider.otherwise,
    });
    // The deployment asks people. In virtual time this workflow does too, lest skipped time run past the answer.
    if (input.clock !== 'virtual') return;
    const { deployment, service, parent: workflowId, roles } = input;
    const moves: Question['moves'] = ['resume', 'rollback', 'abort'];
    const question: Question = {
      deployment,
      workflowId,
      service,
      kind: 'concern',
      id: criterion.id,
      title,
      roles,
      moves,
    };
    asking += 1;
    people.tell
      .executeWithOptions({ summary: `Ask “${title}”` }, [{ messages: [], threads: {}, questions: [question] }])
      .catch(() => undefined) // a question that nobody was asked still stands on the board
      .finally(() => {
        asking -= 1;
      });
  }

  async function settle(criterion: Criterion, text: string): Promise<void> {
    const concern = progress.concerns[criterion.id];
    if (concern) concern.until = Number.MAX_SAFE_INTEGER;
    await parent.signal(concernSettled, { criterion: criterion.id, text });
  }

  async function conclude(breach?: Criterion): Promise<WatchResult> {
    const endedAt = now();
    const sealed = await CancellationScope.nonCancellable(() => seal(breach));
    const trends = await judgeTrends(endedAt, breach);
    const all = [...results(input, progress), ...trends.results];
    setCurrentDetails(details(input, progress, all));
    const openGates = [
      ...watch.criteria.filter(({ id }) => progress.criteria[id]?.firedAt !== undefined && !accepted(id)),
      ...trends.results.filter(({ verdict: said }) => said === 'breached'),
    ]
      .filter(({ tier }) => tier === 'require')
      .map(({ id }) => id);
    const unknown = all.some((result) => result.verdict === 'unknown' && result.tier !== 'consider');
    if (asking > 0) await condition(() => asking === 0, '1m', { summary: 'Let the question be withdrawn' });
    return {
      verdict: breach || openGates.length > 0 ? 'breached' : unknown ? 'unknown' : 'healthy',
      startedAt: progress.startedAt,
      endedAt,
      ticks: progress.ticks,
      samples: progress.samples,
      criteria: all,
      breach: breach && {
        criterion: breach.id,
        title: breach.title,
        text: breachText(breach, progress.criteria[breach.id]),
        at: progress.criteria[breach.id]?.firedAt ?? endedAt,
        option: breach.rollback,
      },
      openGates,
      evidence: [...sealed, ...trends.evidence],
    };
  }

  /** A store that is out of order is waited for, lest a day's watch be in vain; at a breach production comes first. */
  async function seal(breach?: Criterion): Promise<WatchResult['evidence']> {
    const summary = `Seal the samples of ${watch.title}`;
    const of = { monitor: watch.id, evidence: input.evidence };
    if (!breach) return series.sealSeries.executeWithOptions({ summary }, [of]);
    return urgentSeal.sealSeries.executeWithOptions({ summary }, [of]).catch(() => []);
  }

  /** Trends speak of the whole watch: one that ended early leaves them undecided. */
  async function judgeTrends(endedAt: number, breach?: Criterion) {
    if (breach || watch.trends.length === 0) return { results: watch.trends.map(asUndecided), evidence: [] };
    const { results: judged, evidence } = await series.assessTrends.executeWithOptions(
      { summary: `Judge the trends of ${watch.title}` },
      [{ monitor: watch.id, evidence: input.evidence, from: progress.startedAt, to: endedAt, trends: watch.trends }],
    );
    return { results: watch.trends.map((trend, index) => asCriterion(trend, judged[index])), evidence };
  }
}

function results({ watch }: WatchInput, progress: Progress): CriterionResult[] {
  return watch.criteria.map((criterion) =>
    criterionResultOf(criterion, progress.criteria[criterion.id] ?? emptyState()),
  );
}

function details(input: WatchInput, progress: Progress, criteria = results(input, progress)): string {
  const rows = criteria.map(
    ({ title, rule, verdict: said, last, worst, unit, samples }) =>
      `| ${cell(title)} | ${cell(rule)} | ${said} | ${last === undefined ? '' : `${round(last)} ${cell(unit)}`} | ${worst === undefined ? '' : `${round(worst)} ${cell(unit)}`} | ${samples} |`,
  );
  return [
    `### ${cell(input.watch.title)}: ${progress.ticks} of ${Math.ceil(input.watch.duration / input.watch.tick)} ticks`,
    '',
    '| Criterion | Breach | Verdict | Last | Worst | Samples |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 100) / 100;
