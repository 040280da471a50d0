import { CommandMetrics } from '../adapters/command-metric.js';
import { appendEvidence, referTo } from '../adapters/evidence-store.js';
import { HealthWatcher } from '../adapters/health.js';
import { isKept, KeptMetrics } from '../adapters/kept-metrics.js';
import { LogWatcher } from '../adapters/log-lines.js';
import type { Look } from '../adapters/look.js';
import { PostgresWatcher } from '../adapters/postgres-metrics.js';
import type { Reading } from '../adapters/readings.js';
import { Scraper } from '../adapters/scrape.js';
import { seriesLine, seriesPath } from '../adapters/series.js';
import type { MonitorActivities } from '../contract/activities.js';
import type { Metric } from '../contract/plan.js';
import { type Sample, sampleOf } from '../domain/criteria.js';
import { attended } from './attendance.js';

/** What the worker remembers of its sources between ticks. Lost with the worker: rates then begin anew as no data. */
export interface MonitorSources {
  scraper: Scraper;
  health: HealthWatcher;
  postgres: PostgresWatcher;
  logs: LogWatcher;
  commands: CommandMetrics;
  kept: KeptMetrics;
}

export const monitorSources = (): MonitorSources => ({
  scraper: new Scraper(),
  health: new HealthWatcher(),
  postgres: new PostgresWatcher(),
  logs: new LogWatcher(),
  commands: new CommandMetrics(),
  kept: new KeptMetrics(),
});

/** @param sources close `sources.postgres` after the worker has stopped */
export function createMonitorActivities(sources: MonitorSources = monitorSources()): MonitorActivities {
  return {
    sampleMetrics: ({ monitor, evidence, at, since, clock, metrics, baselines }) =>
      attended(async (signal) => {
        const look: Look = { clock, signal };
        const entries = metrics
          .filter((metric) => !isKept(metric))
          .map(
            async (metric): Promise<[string, Sample[]]> => [
              metric.name,
              [await sample(sources, metric, { at, look, baselines })],
            ],
          );
        const [kept, present] = await Promise.all([
          sources.kept.samples(metrics.filter(isKept), { at, since, ...look }),
          Promise.all(entries),
        ]);
        const samples: Record<string, Sample[]> = { ...kept, ...Object.fromEntries(present) };
        await appendEvidence(evidence, seriesPath(monitor), seriesLine(at, samples));
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

async function sample(
  sources: MonitorSources,
  metric: Metric,
  when: { at: number; look: Look; baselines: Record<string, number> },
): Promise<Sample> {
  const { at, look } = when;
  try {
    const reading = await read(sources, metric, when);
    return 'value' in reading ? sampleOf(at, reading.value) : { at, kind: 'noData', reason: reading.noData };
  } catch (error) {
    look.signal.throwIfAborted();
    return { at, kind: 'error', message: error instanceof Error ? error.message : 'unknown error' };
  }
}

function read(
  sources: MonitorSources,
  { source, unit }: Metric,
  { look, baselines }: { look: Look; baselines: Record<string, number> },
): Promise<Reading> {
  switch (source.kind) {
    case 'scrape':
      return sources.scraper.read(source, unit, look);
    case 'health':
      return sources.health.read(source, look);
    case 'postgres':
      return sources.postgres.read(source, unit, look, baselines);
    case 'logs':
      return sources.logs.read(source, unit, look);
    case 'command':
      return sources.commands.read(source, look.signal);
    default:
      throw new TypeError(`${source.kind} is no source of single values`);
  }
}
