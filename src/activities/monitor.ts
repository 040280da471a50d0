import { appendEvidence, referTo } from '../adapters/evidence-store.js';
import { HealthWatcher } from '../adapters/health.js';
import { LogWatcher } from '../adapters/log-lines.js';
import type { Look } from '../adapters/look.js';
import { PostgresWatcher } from '../adapters/postgres-metrics.js';
import type { Reading } from '../adapters/readings.js';
import { Scraper } from '../adapters/scrape.js';
import type { MonitorActivities } from '../contract/activities.js';
import type { Metric } from '../contract/plan.js';
import { type Sample, sampleOf } from '../domain/criteria.js';
import { whileAlive } from './alive.js';

/** What the worker remembers of its sources between ticks. Lost with the worker: rates then begin anew as no data. */
export interface MonitorSources {
  scraper: Scraper;
  health: HealthWatcher;
  postgres: PostgresWatcher;
  logs: LogWatcher;
}

export const monitorSources = (): MonitorSources => ({
  scraper: new Scraper(),
  health: new HealthWatcher(),
  postgres: new PostgresWatcher(),
  logs: new LogWatcher(),
});

/** @param sources close `sources.postgres` after the worker has stopped */
export function createMonitorActivities(sources: MonitorSources = monitorSources()): MonitorActivities {
  return {
    sampleMetrics: ({ monitor, evidence, at, clock, metrics, baselines }) =>
      whileAlive(async (signal) => {
        const look: Look = { clock, signal };
        const entries = metrics.map(
          async (metric) => [metric.name, await sample(sources, metric, { at, look, baselines })] as const,
        );
        const samples = Object.fromEntries(await Promise.all(entries));
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

const seriesPath = (monitor: string) => `series/${monitor}.jsonl`;

/**
 * A line of the series: numbers where there are some (NaN and infinity as Prometheus writes them), else why not. `wall`
 * tells the real time of the look.
 */
function seriesLine(at: number, samples: Record<string, Sample>): string {
  const values = Object.entries(samples).map(([name, sample]) => [name, compact(sample)]);
  return JSON.stringify({ at, wall: Date.now(), values: Object.fromEntries(values) });
}

function compact(sample: Sample): unknown {
  if (sample.kind === 'notANumber') return 'NaN';
  if (sample.kind === 'ok') {
    if (Math.abs(sample.value) < Number.MAX_VALUE) return sample.value;
    return sample.value > 0 ? '+Inf' : '-Inf';
  }
  return sample.kind === 'noData' ? { noData: sample.reason } : { error: sample.message };
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
  }
}
