/** What a worker counts of its own for its operators: tasks, slots and latencies are counted by the SDK. */
import { Context } from '@temporalio/activity';
import type { Sample } from '../../domain/watch/criteria.js';

/** How many samples were read, by what came of them, and when this worker read any last. Within an activity. */
export function countSamples(read: Record<string, Sample[]>): void {
  const { metricMeter } = Context.current();
  const samples = metricMeter.createCounter('surefoot_samples', undefined, 'Samples of metrics, by what came of them');
  for (const { kind } of Object.values(read).flat()) samples.add(1, { kind });
  metricMeter
    .createGauge('surefoot_last_samples_timestamp_seconds', 'int', undefined, 'When this worker last read samples')
    .set(Math.floor(Date.now() / 1_000));
}
