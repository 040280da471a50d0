import { appendEvidence, referTo } from '../../adapters/evidence/evidence-store.js';
import { MetricReaders } from '../../adapters/metrics/metric-sources.js';
import { seriesLine, seriesPath } from '../../adapters/metrics/samples/series.js';
import type { SampleActivities } from '../../contract/activities/metrics.js';
import { withHeartbeat } from '../commands/heartbeat.js';

/** @param readers to be closed after the worker has stopped */
export function createSampleActivities(readers = new MetricReaders()): SampleActivities {
  return {
    sampleMetrics: ({ monitor, evidence, metrics, ...request }) =>
      withHeartbeat(async (signal) => {
        const samples = await readers.sample(metrics, { ...request, signal });
        // Another try is on its way: two looks of one tick would stand in the series.
        signal.throwIfAborted();
        await appendEvidence(evidence, seriesPath(monitor), seriesLine(request.at, samples));
        return samples;
      }),

    async sealSeries({ monitor, evidence }) {
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
