/** Metrics: what their readings give, and where each environment has them. */
import { resolve } from 'node:path';
import type { Command } from '../../contract/plan/commands.js';
import type { Environment, EnvironmentName } from '../../contract/plan/environment.js';
import type { Metric, MetricSource, ScrapeReading } from '../../contract/plan/metrics.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import { own, type Resolution as ResolutionOf } from '../core/resolution.js';
import { nearest } from '../core/suggest.js';
import { checkRangeQuery, fillRangeQuery, isAuthoredRange } from './range-queries.js';
import type { Provider, ProviderSections } from './resolve-providers.js';
import type { AuthoredMetric } from './schema-metrics.js';
import { UNIT_NAMES, type Unit } from './units.js';

export interface MetricSections extends ProviderSections {
  metrics?: Record<string, AuthoredMetric>;
  health?: { path?: string };
  logs?: { critical: string };
}
type Resolution = ResolutionOf<MetricSections>;

/** What metrics are read from. */
export interface Places {
  environments: Partial<Record<EnvironmentName, Environment>>;
  logs?: ResolvedPlan['commands']['logs'];
  providers: ReadonlyMap<string, Provider>;
}

/** A tick's samples must be there within its time limit. */
const LONGEST_COMMAND = 20_000;

const COUNTED: Unit[] = ['count', '/min', '/s'];
const TIMED: Unit[] = ['ms', 's', 'min'];

function readingUnits(metric: AuthoredMetric): { reading: string; units: readonly Unit[] } {
  switch (metric.source) {
    case 'health':
      return { reading: metric.read, units: ['count'] };
    case 'logs':
      return { reading: 'log lines', units: COUNTED };
    case 'postgres': {
      const reading = Object.keys(metric.read)[0] ?? '';
      return { reading, units: reading === 'deadlocks' || reading === 'slowQueries' ? COUNTED : ['count'] };
    }
    case 'scrape': {
      const reading = Object.keys(metric.read)[0] ?? '';
      if (reading === 'ratio' || reading === 'share') return { reading, units: ['%'] };
      if (reading === 'quantile' || reading === 'mean') return { reading, units: TIMED };
      return { reading, units: reading === 'rate' ? ['/s', '/min', '%'] : UNIT_NAMES };
    }
    case 'cloudwatch-logs':
      return { reading: 'log lines', units: COUNTED };
    default:
      // What a query or a command gives is known to its author alone.
      return { reading: metric.source, units: UNIT_NAMES };
  }
}

/** Whether the unit is one that the reading gives, and the names are what they are taken for. */
export function checkMetric(resolution: Resolution, { name, metric }: { name: string; metric: AuthoredMetric }): void {
  const { reading, units } = readingUnits(metric);
  if (!units.includes(metric.unit)) {
    const known = units.map((unit) => `"${unit}"`).join(' or ');
    resolution.report(['metrics', name, 'unit'], `A metric read as ${reading} is in ${known}, not in "${metric.unit}"`);
  }
  if (isAuthoredRange(metric)) checkRangeQuery(resolution, { name, metric });
  if (metric.source === 'command') checkCommand(resolution, { name, metric });
  if (metric.source !== 'scrape') return;
  for (const key of ['quantile', 'mean'] as const) {
    const histogram = metric.read[key]?.histogram.name;
    const suffix = /_(bucket|sum|count)$/.exec(histogram ?? '')?.[0];
    if (histogram === undefined || suffix === undefined) continue;
    resolution.report(['metrics', name, 'read', key, 'histogram', 'name'], {
      message: `Names one series of a histogram; leave out "${suffix}"`,
      suggestion: histogram.slice(0, -suffix.length),
    });
  }
}

function checkCommand(
  resolution: Resolution,
  { name, metric }: { name: string; metric: Extract<AuthoredMetric, { source: 'command' }> },
): void {
  const path = ['metrics', name, 'command'];
  metric.command.run.forEach((argument, index) => {
    for (const [written, word = ''] of argument.matchAll(/\{([^{}]*)\}/g)) {
      if (word === 'environment') continue;
      const suggestion = nearest(word, ['environment']) && '{environment}';
      const message = `\`${written}\` is not filled in here; known: {environment}`;
      resolution.report([...path, 'run', index], { message, suggestion });
    }
  });
  if (metric.command.timeout > LONGEST_COMMAND) {
    resolution.report([...path, 'timeout'], 'A tick waits for it: at most 20s');
  }
  resolution.folder(metric.command.in, [...path, 'in']);
}

/** A metric as one environment has it. */
export function fillMetric(
  resolution: Resolution,
  { name, environment, around }: { name: string; environment: EnvironmentName; around: Places },
): Metric | undefined {
  const metric = own(resolution.sections.metrics, name);
  const place = around.environments[environment];
  if (metric === undefined || place === undefined) return undefined;
  const { title, unit, window } = metric;
  const source = (): MetricSource | undefined => {
    switch (metric.source) {
      case 'scrape':
        return { kind: 'scrape', url: `${place.api}${metric.path}`, window, read: metric.read as ScrapeReading };
      case 'health':
        return {
          kind: 'health',
          url: `${place.api}${resolution.sections.health?.path ?? ''}`,
          window,
          read: metric.read,
          ...(place.health ? { as: place.health } : {}),
        };
      case 'postgres':
        return {
          kind: 'postgres',
          database: place.database,
          window,
          read: metric.read as Extract<MetricSource, { kind: 'postgres' }>['read'],
        };
      case 'logs': {
        const pattern = metric.pattern ?? resolution.sections.logs?.critical ?? '';
        return around.logs && { kind: 'logs', command: around.logs, environment, window, pattern };
      }
      case 'command': {
        const { run, in: folder, timeout } = metric.command;
        // Reported already by `checkMetric`, when there is no such folder.
        const entry = resolution.value('folders', folder);
        const where = entry === undefined ? '' : resolve(entry.folder, entry.value);
        const command: Command = { run, on: 'worker', folder: where, timeout };
        const field = metric.field === undefined ? {} : { field: metric.field };
        return { kind: 'command', command, environment, tools: place.tools, window, ...field };
      }
      default:
        return fillRangeQuery(metric, environment, around.providers);
    }
  };
  const filled = source();
  return filled && { name, title, unit, source: filled };
}
