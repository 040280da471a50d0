/** One trend's verdict over the samples of a watch. */
import { judgeDegradation } from './degradation.js';
import { judgeLeak } from './leak.js';
import { trendRule } from './result.js';
import { judgeSpikes } from './spikes.js';
import { judgeStability } from './stability.js';
import type { ObservedSpan, Trend, TrendJudgement, TrendResult } from './trend.js';

export function judgeTrend(trend: Trend, observed: ObservedSpan): TrendResult {
  const { id, title, metric, test } = trend;
  return {
    id,
    title,
    metric,
    test,
    rule: trendRule(trend),
    ...judge(trend, observed),
    samples: observed.samples.length,
    unknown: observed.samples.filter(({ kind }) => kind !== 'ok').length,
  };
}

function judge(trend: Trend, observed: ObservedSpan): TrendJudgement {
  switch (trend.test) {
    case 'leak':
      return judgeLeak(trend, observed);
    case 'degradation':
      return judgeDegradation(trend, observed);
    case 'stability':
      return judgeStability(trend, observed);
    case 'spikes':
      return judgeSpikes(trend, observed);
  }
}
