/** The end of a watch: its samples sealed, its trends judged, its verdict. A breach is reported before anything is sealed. */
import { CancellationScope } from '@temporalio/workflow';
import type { WatchResult } from '../../contract/messages.js';
import { asCriterion, asUndecided } from '../../domain/trends/result.js';
import type { Criterion, CriterionResult, Verdict } from '../../domain/watch/criteria.js';
import { breachText } from '../../domain/watch/verdict.js';
import { openGatesOf } from '../../domain/watch/watch-state.js';
import { series, urgentSeal } from '../common/policies.js';
import type { WatchContext } from './context.js';

/** @param breach what has ended the watch before its time */
export async function conclude(context: WatchContext, breach?: Criterion): Promise<WatchResult> {
  const endedAt = context.now();
  const sealed = breach ? [] : await CancellationScope.nonCancellable(() => seal(context));
  const trends = await judgeTrends(context, endedAt, breach);
  const criteria = [...context.results, ...trends.results];
  context.judged = criteria;
  const { state, watch } = context;
  const brokenTrends = trends.results.filter(({ tier, verdict }) => tier === 'require' && verdict === 'breached');
  const openGates = [...openGatesOf(state, watch), ...brokenTrends.map(({ id }) => id)];
  return {
    verdict: breach || openGates.length > 0 ? 'breached' : known(criteria),
    startedAt: state.startedAt,
    endedAt,
    ticks: state.ticks,
    samples: state.samples,
    criteria,
    breach: breach && breachOf(context, breach, endedAt),
    openGates,
    evidence: [...sealed, ...trends.evidence],
  };
}

/** What nobody knows of a rule that counts is not healthy. */
const known = (criteria: CriterionResult[]): Verdict =>
  criteria.some(({ verdict, tier }) => verdict === 'unknown' && tier !== 'consider') ? 'unknown' : 'healthy';

function breachOf({ state }: WatchContext, criterion: Criterion, endedAt: number): WatchResult['breach'] {
  const { id, title, rollback: option } = criterion;
  const text = breachText(criterion, state.criteria[id]);
  return { criterion: id, title, text, at: state.criteria[id]?.firedAt ?? endedAt, option };
}

/** A store that is out of order is waited for, lest a day's watch be in vain; of a guard that is relieved the next watch is not kept. */
async function seal({ input, watch, relieved }: WatchContext): Promise<WatchResult['evidence']> {
  const summary = `Seal the samples of ${watch.title}`;
  const of = { monitor: watch.id, evidence: input.evidence };
  if (!relieved) return series.sealSeries.executeWithOptions({ summary }, [of]);
  return urgentSeal.sealSeries.executeWithOptions({ summary }, [of]).catch(() => []);
}

/** Trends speak of the whole watch: one that ended early leaves them undecided. */
async function judgeTrends({ input, watch, state }: WatchContext, endedAt: number, breach?: Criterion) {
  if (breach || watch.trends.length === 0) return { results: watch.trends.map(asUndecided), evidence: [] };
  const { results: judged, evidence } = await series.assessTrends.executeWithOptions(
    { summary: `Judge the trends of ${watch.title}` },
    [{ monitor: watch.id, evidence: input.evidence, from: state.startedAt, to: endedAt, trends: watch.trends }],
  );
  return { results: watch.trends.map((trend, index) => asCriterion(trend, judged[index])), evidence };
}
