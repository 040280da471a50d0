/** The port of metric sources: what is asked of every kind of them, whatever it takes to reach one. */
import type { Metric, MetricSource } from '../../../contract/plan/metrics.js';
import type { Sample } from '../../../domain/watch/criteria.js';
import type { Patience } from '../../http/patient-request.js';
import type { SampleContext } from '../samples/sample-context.js';

export type MetricFrom<S extends MetricSource> = Metric & { source: S };

/** What a tick asks for. */
export interface SampleRequest extends SampleContext {
  /** The tick's time by the workflow's clock. */
  at: number;
  /** The time of each metric's last sample. */
  since: Record<string, number>;
  /** Rows counted before the deployment, by table. */
  baselines: Record<string, number>;
}

/** Sources of one kind as one worker remembers them between ticks. */
export interface MetricReader<S extends MetricSource> {
  /**
   * The samples that are due of each metric, by name: one of now, or of a source that keeps history all since the last.
   * What goes wrong is a sample as well. Throws only when it is cancelled.
   */
  sample(metrics: readonly MetricFrom<S>[], request: SampleRequest): Promise<Record<string, Sample[]>>;
  /** Lets go of what it holds. */
  close(): Promise<void>;
}

/** What ends a question. */
export interface QuestionLimits {
  signal: AbortSignal;
  patience: Patience;
}

/** Names of a metric that its source does not have, and those that it has, where it tells them. */
export interface MissingNames {
  names: string[];
  known: string[];
}

/** What can be asked about a metric before anybody relies on it; a question that does not arise for it is left out. */
export interface Probe {
  /** What it cannot have a value without and the source does not have: misspelt, or never counted. @throws Error */
  missing?(limits: QuestionLimits): Promise<MissingNames>;
  /**
   * The finite bucket bounds of the histogram that it is a quantile of, in its unit, ascending; none while nothing was
   * counted. @throws Error
   */
  bounds?(limits: QuestionLimits): Promise<number[]>;
}

/** One kind of source: an entry of `metric-sources.ts`. */
export interface MetricSourcePort<S extends MetricSource> {
  /** @param patience for everything that a tick asks for */
  open(patience: Patience): MetricReader<S>;
  probe(metric: MetricFrom<S>): Probe;
}
