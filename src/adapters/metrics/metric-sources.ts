/** Every kind of metric source, and how a worker reads whichever of them a plan names. */
import type { Metric, MetricKind, MetricSource, SourceOf } from '../../contract/plan/metrics.js';
import type { Sample } from '../../domain/watch/criteria.js';
import { redact } from '../evidence/redaction.js';
import { knownSecrets } from '../evidence/secrets.js';
import type { Patience } from '../http/patient-request.js';
import { cloudwatchMetrics } from './cloudwatch.js';
import { cloudwatchLogLines } from './cloudwatch-logs.js';
import { commandMetrics } from './command-metric.js';
import { datadogMetrics } from './datadog.js';
import { healthMetrics } from './health-metric.js';
import { logLines } from './log-lines.js';
import type { MetricReader, MetricSourcePort, Probe, SampleRequest } from './port/metric-source.js';
import { postgresMetrics } from './postgres-metrics.js';
import { prometheusMetrics } from './prometheus/prometheus.js';
import { scrapedMetrics } from './prometheus/scrape.js';

export const METRIC_SOURCES: { [K in MetricKind]: MetricSourcePort<SourceOf<K>> } = {
  scrape: scrapedMetrics,
  health: healthMetrics,
  postgres: postgresMetrics,
  logs: logLines,
  prometheus: prometheusMetrics,
  datadog: datadogMetrics,
  cloudwatch: cloudwatchMetrics,
  'cloudwatch-logs': cloudwatchLogLines,
  command: commandMetrics,
};

/** The same, for a metric of whichever kind: each is only given metrics of its own. */
const PORTS: Record<MetricKind, MetricSourcePort<MetricSource>> = METRIC_SOURCES;

/** Well inside the 45 s that a tick's samples may take. */
const PATIENCE: Patience = { answer: 5_000, whole: 15_000, pause: 250 };

/** What can be asked about a metric before a deployment. */
export const probeOf = (metric: Metric): Probe => PORTS[metric.source.kind].probe(metric);

/** What a worker remembers of its sources between ticks. Lost with the worker: rates then begin anew as no data. */
export class MetricReaders {
  private readonly readers: [MetricKind, MetricReader<MetricSource>][];

  constructor(patience = PATIENCE) {
    this.readers = Object.entries(PORTS).map(([kind, port]) => [kind as MetricKind, port.open(patience)]);
  }

  /** The samples that are due of metrics of any kind, as {@link MetricReader.sample}; no reason tells a secret. */
  async sample(metrics: readonly Metric[], request: SampleRequest): Promise<Record<string, Sample[]>> {
    const taken = await Promise.all(
      this.readers.map(([kind, reader]) => {
        const own = metrics.filter(({ source }) => source.kind === kind);
        return reader.sample(own, request);
      }),
    );
    const secrets = knownSecrets();
    const all: Record<string, Sample[]> = Object.assign(unreadable(metrics, request.at), ...taken);
    const told = Object.entries(all);
    return Object.fromEntries(
      told.map(([name, samples]) => [name, samples.map((one) => withoutSecrets(one, secrets))]),
    );
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await Promise.all(this.readers.map(([, reader]) => reader.close()));
  }
}

/** A plan that another release has resolved may name kinds that this one does not know: no sample would read as none due. */
const unreadable = (metrics: readonly Metric[], at: number): Record<string, Sample[]> =>
  Object.fromEntries(
    metrics
      .filter(({ source }) => !Object.hasOwn(PORTS, source.kind))
      .map(({ name, source }) => {
        const message = `this release cannot read a source of kind ${source.kind}`;
        return [name, [{ at, kind: 'error', message }]];
      }),
  );

/** A source may send back what it was given. */
function withoutSecrets(sample: Sample, secrets: string[]): Sample {
  if (sample.kind === 'noData') return { ...sample, reason: redact(sample.reason, secrets) };
  if (sample.kind === 'error') return { ...sample, message: redact(sample.message, secrets) };
  return sample;
}
