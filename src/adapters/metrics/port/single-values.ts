/** Sources of single values: each metric is asked for what is so now. */
import type { MetricSource } from '../../../contract/plan/metrics.js';
import { messageOf } from '../../../domain/message.js';
import { type Sample, sampleOf } from '../../../domain/watch/criteria.js';
import { isSilence } from '../../http/http.js';
import type { Patience } from '../../http/patient-request.js';
import type { Reading } from '../samples/readings.js';
import type { MetricFrom, MetricSourcePort, Probe, SampleRequest } from './metric-source.js';

export interface ValueReader<S extends MetricSource> {
  /** The value of now, or why there is none. @throws Error for what could not be asked */
  read(
    metric: Pick<MetricFrom<S>, 'source' | 'unit'>,
    request: Pick<SampleRequest, 'clock' | 'signal' | 'baselines'>,
  ): Promise<Reading>;
  close?(): Promise<void>;
}

export const singleValues = <S extends MetricSource>(
  open: (patience: Patience) => ValueReader<S>,
  probe: (metric: MetricFrom<S>) => Probe = () => ({}),
): MetricSourcePort<S> => ({
  open(patience) {
    const reader = open(patience);
    return {
      async sample(metrics, request) {
        const samples = metrics.map(
          async (metric): Promise<[string, Sample[]]> => [metric.name, [await sampleNow(reader, metric, request)]],
        );
        return Object.fromEntries(await Promise.all(samples));
      },
      async close() {
        await reader.close?.();
      },
    };
  },
  probe,
});

/** Nobody has listened to other places yet. */
export const silentSample = (sample: Sample, text: string): Sample => ({ ...sample, silence: { proven: false, text } });

async function sampleNow<S extends MetricSource>(
  reader: ValueReader<S>,
  metric: MetricFrom<S>,
  request: SampleRequest,
): Promise<Sample> {
  const { at, signal } = request;
  try {
    const reading = await reader.read(metric, request);
    if ('noData' in reading) return { at, kind: 'noData', reason: reading.noData };
    const sample = sampleOf(at, reading.value);
    return reading.silent === undefined ? sample : silentSample(sample, reading.silent);
  } catch (error) {
    signal.throwIfAborted();
    const message = messageOf(error);
    const failed = { at, kind: 'error', message } as const;
    return isSilence(error) ? silentSample(failed, message) : failed;
  }
}
