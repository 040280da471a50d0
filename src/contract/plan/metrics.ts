/** How the values of a metric are had. */
import type { HealthReading } from './application.js';
import type { Command } from './commands.js';
import type { Database, EnvironmentName } from './environment.js';
import type { AwsPlace, DatadogPlace, PrometheusPlace } from './providers.js';

/** A label selector on a Prometheus text metric: equal values, or a regular expression with `~`. */
export interface Selector {
  name: string;
  labels?: Record<string, string>;
}

/** How a metric's value is had. `window` is the span that rates and quantiles look back over. */
export type MetricSource =
  | { kind: 'scrape'; url: string; window: number; read: ScrapeReading }
  | { kind: 'health'; url: string; window: number; read: 'restarts' | 'down'; as?: HealthReading }
  | { kind: 'postgres'; database: Database; window: number; read: PostgresReading }
  | {
      kind: 'logs';
      command: Command;
      environment: EnvironmentName;
      variables?: string[];
      window: number;
      pattern: string;
    }
  | RangeSource
  | {
      kind: 'command';
      command: Command;
      environment: EnvironmentName;
      tools: string[];
      variables?: string[];
      window: number;
      /** Field path of the number in the JSON that it prints; the whole of it when absent. */
      field?: string;
    };

export type MetricKind = MetricSource['kind'];

/** A source of one kind. */
export type SourceOf<K extends MetricKind> = Extract<MetricSource, { kind: K }>;

/** The most values that one tick brings of a metric: each crosses Temporal and stays in a history. */
export const MOST_VALUES = 120;

/** A source that keeps history: asked for every value since the last tick, `resolution` apart, up to `delay` ago. */
export type RangeSource = { window: number; resolution: number; delay: number } & (
  | {
      kind: 'prometheus';
      place: PrometheusPlace;
      query: string;
      /** Series that are 1 while what is measured is there; worked out from the query when absent. */
      up?: string;
    }
  | { kind: 'datadog'; place: DatadogPlace; queries: Record<string, string>; formula: string }
  | { kind: 'cloudwatch'; place: AwsPlace; queries: Record<string, CloudWatchQuery>; formula: string }
  | { kind: 'cloudwatch-logs'; place: AwsPlace; group: string; filter: string }
);

export const isRangeSource = (source: MetricSource): source is RangeSource => 'resolution' in source;

export interface CloudWatchQuery {
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  /** `Average`, `Sum`, `p95` and the like. */
  statistic: string;
}

export type ScrapeReading =
  | { ratio: { of: Selector; to: Selector } }
  | { quantile: { q: number; histogram: Selector } }
  | { mean: { histogram: Selector } }
  | { rate: Selector }
  | { gauge: Selector }
  | { share: { of: Selector; to: Selector } };

export type PostgresReading =
  | { deadlocks: true }
  | { blocked: { longerThan: number } }
  | { slowQueries: { longerThan: number } }
  | { lostRows: { table: string } };

/** A metric that criteria may name. Ratios and shares are in percent, times in milliseconds, rates per minute or second. */
export interface Metric {
  name: string;
  title: string;
  unit: string;
  source: MetricSource;
}

/** Whether a command of the plan is run to have it. */
export function runsCommand(source: MetricSource): boolean {
  if (source.kind === 'logs' || source.kind === 'command') return true;
  if (source.kind !== 'health') return false;
  const { by, version, commit, startedAt } = source.as ?? {};
  const places = [by, version, commit, startedAt];
  return places.some((place) => typeof place === 'object' && ('command' in place || 'runs' in place));
}

/** Whether a metric is read from pg_stat_statements. */
export const readsStatements = ({ source }: Metric): boolean =>
  source.kind === 'postgres' && 'slowQueries' in source.read;

/** The tables whose rows are counted before the deployment, as these metrics compare with that. */
export function tablesCountedBefore(metrics: readonly Metric[]): string[] {
  const tables = metrics.flatMap(({ source }) =>
    source.kind === 'postgres' && 'lostRows' in source.read ? [source.read.lostRows.table] : [],
  );
  return [...new Set(tables)];
}
