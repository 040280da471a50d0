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
  type MonitorInput,
  type MonitorResult,
  progressQuery,
} from '../contract/messages.js';
import { cell } from '../domain/board.js';
import {
  type Criterion,
  type CriterionResult,
  type CriterionState,
  emptyState,
  observe,
  pendingSince,
  ruleText,
  type Sample,
  verdict,
} from '../domain/criteria.js';
import { formatDuration } from '../domain/duration.js';
import { people, sampling, series } from './policies.js';

/** What a monitor knows; carried through continue-as-new. */
interface Progress {
  startedAt: number;
  ticks: number;
  samples: number;
  criteria: Record<string, CriterionState>;
  concerns: Record<string, { until: number; settled: boolean }>;
  /** The monitor's own time when it continued as new. */
  continuedAt?: number;
}

/** A tick is about six events: continue as new well below the size at which a history becomes slow to load. */
const LONGEST_HISTORY = 4_000;

export async function MonitorWorkflow(input: MonitorInput, carried?: Progress): Promise<MonitorResult> {
  const { watch } = input;
  // Server 1.32 adds the time it has skipped so far once more to a run that continues as new: in virtual time the
  // monitor goes on from where it was.
  const skew = input.clock === 'virtual' && carried?.continuedAt !== undefined ? Date.now() - carried.continuedAt : 0;
  const now = () => Date.now() - skew;
  const progress: Progress = carried ?? {
    startedAt: now(),
    ticks: 0,
    samples: 0,
    criteria: Object.fromEntries(watch.criteria.map(({ id }) => [id, emptyState()])),
    concerns: {},
  };
  const parent = getExternalWorkflowHandle(input.parent);
  const endsAt = progress.startedAt + watch.duration;
  const accepted = (id: string) => progress.concerns[id]?.settled === true;
  let asking = 0;

  setHandler(concernDismissed, ({ criterion }) => {
    const concern = progress.concerns[criterion];
    if (concern) concern.settled = true;
  });
  setHandler(progressQuery, () => {
    const { startedAt, ticks, samples } = progress;
    return { startedAt, endsAt, now: now(), ticks, samples, criteria: results(input, progress) };
  });

  while (!isOver()) {
    const due = Math.min(progress.startedAt + (progress.ticks + 1) * watch.tick, Math.max(endsAt, now() + 1));
    const wait = Math.max(due - now(), 1);
    await sleep(wait, {
      summary: `${watch.title}: sample ${progress.ticks + 1} of ${Math.ceil(watch.duration / watch.tick)}`,
    });
    const samples = await takeSamples();
    progress.ticks += 1;
    reduce(samples);
    setCurrentDetails(details(input, progress));

    const breach = broken((criterion) => endsWatch(criterion, input));
    if (breach) return conclude(breach);
    for (const criterion of watch.criteria) {
      if (asksPeople(criterion) && progress.criteria[criterion.id]?.firedAt !== undefined) await raise(criterion);
    }
    const overdue = broken(
      ({ id }) => !accepted(id) && (progress.concerns[id]?.until ?? Number.POSITIVE_INFINITY) <= now(),
    );
    if (overdue) {
      if (watch.consider.otherwise === 'rollback') return conclude(overdue);
      await settle(overdue, 'nobody answered in time: carried on, as the plan says');
    }
    if (workflowInfo().historyLength > LONGEST_HISTORY && asking === 0 && !isOver()) {
      await continueAsNew<typeof MonitorWorkflow>(input, { ...progress, continuedAt: now() });
    }
  }
  return conclude();

  /** The time is up, and no rule that calls for a rollback is about to be met. */
  function isOver(): boolean {
    if (now() < endsAt) return false;
    return !watch.criteria.some(
      (criterion) =>
        endsWatch(criterion, input) && pendingSince(progress.criteria[criterion.id] ?? emptyState()) !== undefined,
    );
  }

  async function takeSamples(): Promise<Record<string, Sample>> {
    const at = now();
    try {
      return await sampling.sampleMetrics({
        monitor: watch.id,
        evidence: input.evidence,
        at,
        clock: input.clock,
        metrics: watch.metrics,
        baselines: input.baselines,
      });
    } catch (error) {
      if (isCancellation(error)) throw error;
      const message = error instanceof Error ? error.message : String(error);
      return Object.fromEntries(watch.metrics.map(({ name }) => [name, { at, kind: 'error', message }]));
    }
  }

  function reduce(samples: Record<string, Sample>): void {
    for (const criterion of watch.criteria) {
      const sample = samples[criterion.metric];
      if (!sample) continue;
      progress.criteria[criterion.id] = observe(criterion, progress.criteria[criterion.id] ?? emptyState(), sample);
    }
    progress.samples += Object.keys(samples).length;
  }

  function broken(applies: (criterion: Criterion) => boolean): Criterion | undefined {
    return watch.criteria.find(
      (criterion) => progress.criteria[criterion.id]?.firedAt !== undefined && applies(criterion),
    );
  }

  function asksPeople(criterion: Criterion): boolean {
    return !endsWatch(criterion, input);
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
    // In this workflow too, so that skipped time cannot run past the question while somebody answers it.
    asking += 1;
    people.ask
      .executeWithOptions({ summary: `Ask people: ${title}` }, [
        {
          question: {
            deployment: input.deployment,
            workflowId: input.parent,
            service: input.service,
            kind: 'concern',
            id: criterion.id,
            title,
            roles: input.roles,
            moves: ['resume', 'rollback', 'abort'],
          },
          webhook: input.webhook,
        },
      ])
      .catch(() => undefined) // a question that could not be announced still stands on the board
      .finally(() => {
        asking -= 1;
      });
  }

  async function settle(criterion: Criterion, text: string): Promise<void> {
    const concern = progress.concerns[criterion.id];
    if (concern) concern.until = Number.MAX_SAFE_INTEGER;
    await parent.signal(concernSettled, { criterion: criterion.id, text });
  }

  async function conclude(breach?: Criterion): Promise<MonitorResult> {
    const endedAt = now();
    const all = results(input, progress);
    const openGates = watch.criteria
      .filter(({ id, tier }) => tier === 'require' && progress.criteria[id]?.firedAt !== undefined && !accepted(id))
      .map(({ id }) => id);
    const unknown = all.some((result) => result.verdict === 'unknown' && result.tier !== 'consider');
    const evidence = await CancellationScope.nonCancellable(() =>
      series.sealSeries.executeWithOptions({ summary: `Seal the samples of ${watch.title}` }, [
        { monitor: watch.id, evidence: input.evidence },
      ]),
    );
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
      evidence,
    };
  }
}

/** rollback always ends a watch; a broken gate does where the plan says so, and on staging, where the soak has failed. */
function endsWatch({ tier }: Criterion, { watch }: MonitorInput): boolean {
  if (tier === 'rollback') return true;
  return tier === 'require' && (watch.gate === 'rollback' || watch.environment === 'staging');
}

function results({ watch }: MonitorInput, progress: Progress): CriterionResult[] {
  return watch.criteria.map((criterion) => {
    const state = progress.criteria[criterion.id] ?? emptyState();
    return {
      id: criterion.id,
      title: criterion.title,
      tier: criterion.tier,
      verdict: verdict(criterion, state),
      samples: state.healthy + state.breached + state.unknown,
      unknown: state.unknown,
      worst: state.worst?.value,
      last: state.last?.kind === 'ok' ? state.last.value : undefined,
      unit: criterion.unit,
      rule: ruleText(criterion, formatDuration(criterion.for)),
      firedAt: state.firedAt,
      reason: state.reason,
    };
  });
}

function breachText(criterion: Criterion, state: CriterionState | undefined): string {
  const rule = ruleText(criterion, formatDuration(criterion.for));
  const last =
    state?.last?.kind === 'ok' ? `${round(state.last.value)} ${criterion.unit}` : (state?.reason ?? 'no value');
  return `${criterion.title}: ${last} (breach: ${rule})`;
}

function details(input: MonitorInput, progress: Progress): string {
  const rows = results(input, progress).map(
    ({ title, rule, verdict: said, last, worst, unit, samples }) =>
      `| ${cell(title)} | ${cell(rule)} | ${said} | ${last === undefined ? '' : `${round(last)} ${unit}`} | ${worst === undefined ? '' : `${round(worst)} ${unit}`} | ${samples} |`,
  );
  return [
    `### ${input.watch.title}: ${progress.ticks} of ${Math.ceil(input.watch.duration / input.watch.tick)} ticks`,
    '',
    '| Criterion | Breach | Verdict | Last | Worst | Samples |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

const round = (value: number): number => Math.round(value * 100) / 100;
