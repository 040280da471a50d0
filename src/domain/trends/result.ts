/** Trends as people and ledgers see them; apart from the statistics, so that workflows need not carry those. */
import { formatDuration } from '../duration.js';
import type { CriterionResult } from '../watch/criteria.js';
import { figure, lasting } from './known.js';
import type { Trend, TrendResult } from './trend.js';

/** What breaks the trend, in words. */
export function trendRule(trend: Trend): string {
  const { unit } = trend;
  switch (trend.test) {
    case 'leak':
      return `grows > ${figure(trend.growth)} ${unit}/h, to ${figure(trend.limit)} ${unit} within ${lasting(trend.within)}`;
    case 'degradation':
      return `last third > ${figure(trend.shift)} ${unit} above the first`;
    case 'stability':
      return `< ${figure(trend.floor)} % of the median for > ${formatDuration(trend.for)}, or varies > ${figure(trend.variation)} %`;
    case 'spikes':
      return `> ${figure(trend.factor)} × the median and > ${figure(trend.above)} ${unit} for > ${formatDuration(trend.for)}`;
  }
}

/** A trend among the criteria of its watch; `reason` tells the figures, or why nothing is known. */
export function asCriterion(
  trend: Trend,
  judged: Pick<TrendResult, 'verdict' | 'samples' | 'unknown' | 'text'> | undefined,
): CriterionResult {
  if (judged === undefined) return asUndecided(trend);
  const { verdict, samples, unknown, text } = judged;
  return { ...plain(trend), verdict, samples, unknown, reason: text };
}

/** As {@link asCriterion} where the watch ended before its time. */
export const asUndecided = (trend: Trend): CriterionResult => ({
  ...plain(trend),
  verdict: 'unknown',
  samples: 0,
  unknown: 0,
});

const plain = (trend: Trend): Pick<CriterionResult, 'id' | 'title' | 'tier' | 'unit' | 'rule'> => {
  const { id, title, tier, unit } = trend;
  return { id, title, tier, unit, rule: trendRule(trend) };
};
