/** Metrics: whether they are right by themselves, where each environment has them, and how often they are sampled. */
import type { EnvironmentName } from '../../contract/plan/environment.js';
import { type Metric, type MetricSource, MOST_VALUES } from '../../contract/plan/metrics.js';
import { formatDuration } from '../../domain/duration.js';
import type { Path } from '../core/problems.js';
import { own, type Resolution as ResolutionOf } from '../core/resolution.js';
import { type AuthoredMetric, PLANNED_SOURCES } from './sources/registry.js';
import type { Places, PlannedSource, SourceSections } from './sources/source.js';

export interface MetricSections extends SourceSections {
  metrics?: Record<string, AuthoredMetric>;
}
type Resolution = ResolutionOf<MetricSections>;

const planned = ({ source }: AuthoredMetric): PlannedSource<MetricSource> => PLANNED_SOURCES[source];

/** Whether the unit is one that the reading gives, and what else its source wants of it. */
export function checkMetric(resolution: Resolution, { name, metric }: { name: string; metric: AuthoredMetric }): void {
  const { reading, units } = planned(metric).reading(metric);
  if (!units.includes(metric.unit)) {
    const known = units.map((unit) => `"${unit}"`).join(' or ');
    resolution.report(['metrics', name, 'unit'], `A metric read as ${reading} is in ${known}, not in "${metric.unit}"`);
  }
  planned(metric).check?.(resolution, { name, metric });
}

/** A metric as one environment has it. */
export function fillMetric(
  resolution: Resolution,
  { name, environment, around }: { name: string; environment: EnvironmentName; around: Places },
): Metric | undefined {
  const metric = own(resolution.sections.metrics, name);
  const place = around.environments[environment];
  if (metric === undefined || place === undefined) return undefined;
  const { title, unit } = metric;
  const source = planned(metric).fill(metric, { resolution, environment, place, around });
  return source && { name, title, unit, source };
}

type AuthoredRange = Extract<AuthoredMetric, { resolution: number }>;

const isRange = (metric: AuthoredMetric): metric is AuthoredRange => 'resolution' in metric;

/** How long it takes between two samples of a metric. Milliseconds. */
export const spacing = (metric: AuthoredMetric, tick: number): number => (isRange(metric) ? metric.resolution : tick);

/** How many samples of a metric a stretch of time brings. */
export const sampleCount = (metric: AuthoredMetric, { duration, tick }: { duration: number; tick: number }): number =>
  isRange(metric)
    ? Math.max(Math.floor((duration - metric.delay) / metric.resolution), 0)
    : Math.floor(duration / tick);

/** A tick must not bring more values than can be carried. */
export function checkAmount(
  resolution: Resolution,
  { name, metric, tick, from }: { name: string; metric: AuthoredMetric; tick: number; from: Path },
): void {
  if (!isRange(metric) || tick / metric.resolution <= MOST_VALUES) return;
  resolution.report(
    from,
    `\`${name}\` is asked for a value every ${formatDuration(metric.resolution)}, more than ${MOST_VALUES} a tick: lengthen its \`resolution\` or shorten this \`tick\``,
  );
}
