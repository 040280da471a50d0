import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { readSeries, seriesPath } from '../../adapters/metrics/samples/series.js';
import type { TrendActivities } from '../../contract/activities/metrics.js';
import { judgeTrend } from '../../domain/trends/judge.js';
import { withHeartbeat } from '../commands/heartbeat.js';

export function createTrendActivities(): TrendActivities {
  return {
    assessTrends: ({ monitor, evidence, from, to, trends }) =>
      withHeartbeat(async () => {
        const series = await readSeries(evidence, { monitor, from, to });
        const results = trends.map((trend) => {
          const restarts = trend.test === 'leak' && trend.restarts ? series.get(trend.restarts) : undefined;
          return judgeTrend(trend, { from, to, samples: series.get(trend.metric) ?? [], restarts });
        });
        const content = { monitor, from, to, series: seriesPath(monitor), trends, results };
        const reference = await storeEvidence(evidence, {
          title: `Trends of ${monitor}`,
          path: `series/${monitor}-trends.json`,
          content: `${JSON.stringify(content, undefined, 2)}\n`,
        });
        return { results, evidence: [reference] };
      }),
  };
}
