/** Sources that keep history: asked once a tick for all that is due, within a time limit and their rate limits. */
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import type { Clock } from '../../contract/activities/step.js';
import type { Metric, RangeSource } from '../../contract/plan/metrics.js';
import { formatDuration } from '../../domain/duration.js';
import type { Sample } from '../../domain/watch/criteria.js';
import { awsOptions } from '../cloud/aws.js';
import { Deadline } from '../deadline.js';
import { networkMessage } from '../http/http.js';
import { type Patience, patientRequests, RateLimited } from '../http/patient-request.js';
import { type CloudWatchSource, readCloudWatch } from './cloudwatch.js';
import { type LogsSource, readCloudWatchLogs } from './cloudwatch-logs.js';
import { type DatadogSource, readDatadog } from './datadog.js';
import { type PrometheusSource, readPrometheus } from './prometheus/prometheus.js';
import { type Answer, type Grid, gridNow, gridSince, type RequestedMetric, samplesOf } from './samples/grid.js';

/** Well inside the 45 s that a tick's samples may take. */
const PATIENCE: Patience = { answer: 5_000, whole: 15_000, pause: 250 };
/** Ticks of virtual time come many times a second: what is younger is taken again. Milliseconds. */
const REUSE = 500;

export type RangeMetric = Metric & { source: RangeSource };

export const isRangeMetric = (metric: Metric): metric is RangeMetric => 'resolution' in metric.source;

export interface SampleRequest {
  at: number;
  /** The time of each metric's last sample. */
  since: Record<string, number>;
  clock: Clock;
  signal: AbortSignal;
}

type Answers = Map<string, Answer> | { error: string };

/** What this worker remembers of its sources: which want to be left alone, and what they said a moment ago. */
export class RangeQueries {
  private readonly leftAlone = new Map<string, Deadline>();
  private readonly lately = new Map<string, { fresh: Deadline; answers: Promise<Answers> }>();

  constructor(private readonly patience: Patience = PATIENCE) {}

  /** The samples that are due of each metric, by name. Throws only when it is cancelled. */
  async samples(metrics: readonly RangeMetric[], context: SampleRequest): Promise<Record<string, Sample[]>> {
    const groups = new Map<string, { grid: Grid; metrics: RangeMetric[] }>();
    const due = metrics.flatMap((metric) => {
      const grid =
        context.clock === 'virtual'
          ? gridNow(metric.source)
          : gridSince(metric.source, { since: context.since[metric.name] ?? context.at, at: context.at });
      return grid ? [{ metric, grid }] : [];
    });
    for (const { metric, grid } of due) {
      const key = groupOf(metric, context.clock === 'virtual' ? undefined : grid);
      const group = groups.get(key) ?? { grid, metrics: [] };
      group.metrics.push(metric);
      groups.set(key, group);
    }
    const taken = await Promise.all([...groups].map(([key, group]) => this.take(key, group, context)));
    return Object.fromEntries([...metrics.map(({ name }) => [name, [] as Sample[]]), ...taken.flat()]);
  }

  private async take(
    key: string,
    { grid, metrics }: { grid: Grid; metrics: RangeMetric[] },
    context: SampleRequest,
  ): Promise<[string, Sample[]][]> {
    const answers = await (context.clock === 'virtual'
      ? this.remembered(key, () => this.ask(metrics, grid, context.signal))
      : this.ask(metrics, grid, context.signal));
    return metrics.map(({ name }) => {
      const answer: Answer =
        'error' in answers
          ? { values: new Map(), missing: { error: answers.error } }
          : (answers.get(name) ?? { values: new Map(), missing: { error: 'the source did not answer for it' } });
      // A metrics back end knows only wall time.
      if (context.clock === 'virtual') return [name, [{ ...only(answer, grid), at: context.at }]];
      return [name, samplesOf(grid, answer)];
    });
  }

  private async remembered(key: string, ask: () => Promise<Answers>): Promise<Answers> {
    const known = this.lately.get(key);
    if (known && !known.fresh.passed) return known.answers;
    const answers = ask();
    this.lately.set(key, { fresh: new Deadline(REUSE), answers });
    // What was cancelled says nothing to the next one.
    answers.catch(() => this.lately.delete(key));
    return answers;
  }

  private async ask(metrics: RangeMetric[], grid: Grid, signal: AbortSignal): Promise<Answers> {
    const place = JSON.stringify(metrics[0]?.source.place);
    const wait = this.leftAlone.get(place)?.left ?? 0;
    if (wait > 0) return { error: new RateLimited(wait).message };
    const limit = AbortSignal.timeout(this.patience.whole);
    try {
      return await read(metrics, grid, { signal: AbortSignal.any([signal, limit]), patience: this.patience });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RateLimited) this.leftAlone.set(place, new Deadline(error.wait));
      if (limit.aborted) return { error: `no answer within ${formatDuration(this.patience.whole)}` };
      return { error: error instanceof Error ? error.message : networkMessage(error) };
    }
  }
}

/** A virtual grid has moved on when its answer is taken again: its one value is the only one there is. */
function only(answer: Answer, grid: Grid): Sample {
  const [value] = answer.values.values();
  const [reason] = answer.void?.values() ?? [];
  const values = new Map(value === undefined ? [] : [[grid.last, value]]);
  const without = new Map(reason === undefined ? [] : [[grid.last, reason]]);
  const [sample] = samplesOf(grid, { values, missing: answer.missing, void: without });
  return sample as Sample;
}

/** Metrics that share a request. Prometheus and log groups are asked for one at a time. */
function groupOf({ name, source }: RangeMetric, grid: Grid | undefined): string {
  const { kind, place } = source;
  const alone = kind === 'prometheus' || kind === 'cloudwatch-logs';
  return JSON.stringify([kind, place, grid ?? [source.resolution, source.delay], ...(alone ? [name, source] : [])]);
}

async function read(
  metrics: RangeMetric[],
  grid: Grid,
  { signal, patience }: { signal: AbortSignal; patience: Patience },
): Promise<Map<string, Answer>> {
  const [first] = metrics;
  if (first === undefined) return new Map();
  const { name, source } = first;
  switch (source.kind) {
    case 'prometheus': {
      const metric = first as RequestedMetric<PrometheusSource>;
      return new Map([[name, await readPrometheus(metric, grid, patientRequests(signal, patience))]]);
    }
    case 'datadog':
      return readDatadog(metrics as RequestedMetric<DatadogSource>[], grid, patientRequests(signal, patience));
    case 'cloudwatch': {
      const client = new CloudWatchClient(await awsOptions(source.place));
      try {
        return await readCloudWatch(metrics as RequestedMetric<CloudWatchSource>[], grid, { client, signal });
      } finally {
        client.destroy();
      }
    }
    case 'cloudwatch-logs': {
      const client = new CloudWatchLogsClient(await awsOptions(source.place));
      try {
        return new Map([
          [name, await readCloudWatchLogs(first as RequestedMetric<LogsSource>, grid, { client, signal })],
        ]);
      } finally {
        client.destroy();
      }
    }
  }
}
