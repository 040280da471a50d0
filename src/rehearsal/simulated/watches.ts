/** Sampling, sealing and judging in a simulated world: nothing is written anywhere. */
import { activityInfo } from '@temporalio/activity';
import type { Activities } from '../../contract/activities/activities.js';
import { judgeTrend } from '../../domain/trends/judge.js';
import { current, type Find } from './performing.js';

export function simulateWatches(find: Find): Pick<Activities, 'sampleMetrics' | 'sealSeries' | 'assessTrends'> {
  return {
    sampleMetrics: ({ monitor, at, since, metrics }) => {
      const workflowId = activityInfo().workflowExecution?.workflowId ?? '';
      return current(find).watching.sample({ monitor, workflowId, at, since, metrics });
    },
    sealSeries: async ({ monitor }) => {
      const { world, people } = current(find);
      people.withdraw(({ kind }) => kind === 'concern');
      return [world.evidence(`Samples of ${monitor}`, `series/${monitor}.jsonl`, { monitor, samples: world.samples })];
    },
    assessTrends: async ({ monitor, from, to, trends }) => {
      const { world, watching } = current(find);
      const series = watching.series(monitor, { from, to });
      const results = trends.map((trend) => {
        const restarts = trend.test === 'leak' && trend.restarts ? series.get(trend.restarts) : undefined;
        return judgeTrend(trend, { from, to, samples: series.get(trend.metric) ?? [], restarts });
      });
      return { results, evidence: [world.evidence(`Trends of ${monitor}`, `series/${monitor}-trends.json`, results)] };
    },
  };
}
