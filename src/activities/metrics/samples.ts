import { log } from '@temporalio/activity';
import { referTo } from '../../adapters/evidence/evidence-store.js';
import { MetricReaders } from '../../adapters/metrics/metric-sources.js';
import { seriesLine, seriesPath } from '../../adapters/metrics/samples/series.js';
import { SeriesWriter } from '../../adapters/metrics/samples/series-writer.js';
import { heldAgainstOthers } from '../../adapters/metrics/silence.js';
import type { SampleActivities } from '../../contract/activities/metrics.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { countSamples } from './sample-counts.js';

/** @param readers to be closed after the worker has stopped */
export function createSampleActivities(readers = new MetricReaders()): SampleActivities {
  const writer = new SeriesWriter();
  return {
    sampleMetrics: ({ monitor, evidence, metrics, elsewhere = [], ...request }) =>
      withHeartbeat(async (signal) => {
        const read = await readers.sample(metrics, { ...request, signal });
        const samples = await heldAgainstOthers(read, { metrics, elsewhere, signal });
        // Another try is on its way: two looks of one tick would stand in the series.
        signal.throwIfAborted();
        countSamples(samples);
        const lost = await writer.add({ monitor, evidence }, seriesLine(request.at, samples));
        if (lost > 0)
          log.warn(`The evidence store takes no samples of ${monitor}: ${lost} ticks are lost`, { monitor });
        return samples;
      }),

    async sealSeries({ monitor, evidence }) {
      await writer.flush({ monitor, evidence });
      try {
        return [await referTo(evidence, `Samples of ${monitor}`, seriesPath(monitor))];
      } catch (error) {
        // A monitor that was stopped before its first tick has no series.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    },
  };
}
