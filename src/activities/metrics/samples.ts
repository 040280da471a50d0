import { HealthWatcher } from '../../adapters/application/health.js';
import { appendEvidence, referTo } from '../../adapters/evidence/evidence-store.js';
import { CommandMetrics } from '../../adapters/metrics/command-metric.js';
import { LogWatcher } from '../../adapters/metrics/log-lines.js';
import { PostgresWatcher } from '../../adapters/metrics/postgres-metrics.js';
import { Scraper } from '../../adapters/metrics/prometheus/scrape.js';
import { isRangeMetric, RangeQueries } from '../../adapters/metrics/range-queries.js';
import type { Reading } from '../../adapters/metrics/samples/readings.js';
import type { SampleContext } from '../../adapters/metrics/samples/sample-context.js';
import { seriesLine, seriesPath } from '../../adapters/metrics/samples/series.js';
import type { SampleActivities } from '../../contract/activities/metrics.js';
import type { Metric } from '../../contract/plan/metrics.js';
import { type Sample, sampleOf } from '../../domain/watch/criteria.js';
import { withHeartbeat } from '../commands/heartbeat.js';

/** What the worker remembers of its sources between ticks. Lost with the worker: rates then begin anew as no data. */
export interface SampleSources {
  scraper: Scraper;
  health: HealthWatcher;
  postgres: PostgresWatcher;
  logs: LogWatcher;
  commands: CommandMetrics;
  kept: RangeQueries;
}

export const sampleSources = (): SampleSources => ({
  scraper: new Scraper(),
  health: new HealthWatcher(),
  postgres: new PostgresWatcher(),
  logs: new LogWatcher(),
  commands: new CommandMetrics(),
  kept: new RangeQueries(),
});

/** @param sources close `sources.postgres` after the worker has stopped */
export function createSampleActivities(sources: SampleSources = sampleSources()): SampleActivities {
  return {
    sampleMetrics: ({ monitor, evidence, at, since, clock, metrics, baselines }) =>
      withHeartbeat(async (signal) => {
        const context: SampleContext = { clock, signal };
        const entries = metrics
          .filter((metric) => !isRangeMetric(metric))
          .map(
            async (metric): Promise<[string, Sample[]]> => [
              metric.name,
              [await sample(sources, metric, { at, look: context, baselines })],
            ],
          );
        const [kept, present] = await Promise.all([
          sources.kept.samples(metrics.filter(isRangeMetric), { at, since, ...context }),
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
  sources: SampleSources,
  metric: Metric,
  when: { at: number; look: SampleContext; baselines: Record<string, number> },
): Promise<Sample> {
  const { at, look: context } = when;
  try {
    const reading = await read(sources, metric, when);
    return 'value' in reading ? sampleOf(at, reading.value) : { at, kind: 'noData', reason: reading.noData };
  } catch (error) {
    context.signal.throwIfAborted();
    return { at, kind: 'error', message: error instanceof Error ? error.message : 'unknown error' };
  }
}

function read(
  sources: SampleSources,
  { source, unit }: Metric,
  { look: context, baselines }: { look: SampleContext; baselines: Record<string, number> },
): Promise<Reading> {
  switch (source.kind) {
    case 'scrape':
      return sources.scraper.read(source, unit, context);
    case 'health':
      return sources.health.read(source, context);
    case 'postgres':
      return sources.postgres.read(source, unit, context, baselines);
    case 'logs':
      return sources.logs.read(source, unit, context);
    case 'command':
      return sources.commands.read(source, context.signal);
    default:
      throw new TypeError(`${source.kind} is no source of single values`);
  }
}
