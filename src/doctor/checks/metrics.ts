/** Every metric of every watch is sampled once, and no rule waits for a value that its histogram can't have. */

import { setTimeout as sleep } from 'node:timers/promises';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { createSampleActivities, sampleSources } from '../../activities/metrics/samples.js';
import { awsOptions } from '../../adapters/cloud/aws.js';
import { patientRequests } from '../../adapters/http/patient-request.js';
import { unseenMetrics } from '../../adapters/metrics/cloudwatch.js';
import { unknownMetrics } from '../../adapters/metrics/datadog.js';
import { histogramBounds } from '../../adapters/metrics/prometheus/histogram-bounds.js';
import { unknownSeries } from '../../adapters/metrics/prometheus/prometheus.js';
import { scrape } from '../../adapters/metrics/prometheus/scrape.js';
import { isRangeMetric, type RangeMetric } from '../../adapters/metrics/range-queries.js';
import type { Metric, MetricSource } from '../../contract/plan/metrics.js';
import { watchesOf } from '../../contract/plan/parts.js';
import type { Watch } from '../../contract/plan/watch.js';
import { messageOf } from '../../domain/message.js';
import { neverFires } from '../../domain/watch/buckets.js';
import type { Criterion, Sample } from '../../domain/watch/criteria.js';
import { nearest } from '../../plan/core/suggest.js';
import type { Check, CheckContext, CheckResult, Means } from './check.js';

/** A rate needs two looks, at least a second apart (src/adapters/metrics/samples/sample-context.ts). */
const BETWEEN_LOOKS = 1_300;
/** How far back a source with a history is asked: some of its values, and no less than some minutes. */
const VALUES = 10;
const LOOK_BACK = 5 * 60_000;

/** Each source is sampled, and each rule looked at, with the watch that needs it first. */
export function metricChecks({ plan }: CheckContext): Check[] {
  const seen = new Set<string>();
  const checks: Check[] = [];
  for (const watch of watchesOf(plan)) {
    const fresh = watch.metrics.filter(({ source, unit }) => {
      const key = JSON.stringify([source, unit]);
      return !seen.has(key) && seen.add(key);
    });
    if (fresh.length > 0) {
      checks.push({ id: 'metrics', step: watch.id, run: (means) => sampleAll(watch, fresh, means) });
    }
    const rules = watch.criteria.filter((criterion) => {
      const metric = metricOf(watch, criterion);
      const key = JSON.stringify([criterion, metric?.source]);
      return isQuantile(metric) && !seen.has(key) && seen.add(key);
    });
    if (rules.length > 0) {
      checks.push({ id: 'buckets', step: watch.id, run: (means) => tryBuckets({ ...watch, criteria: rules }, means) });
    }
  }
  return checks;
}

const metricOf = ({ metrics }: Watch, { metric }: Criterion): Metric | undefined =>
  metrics.find(({ name }) => name === metric);

const isQuantile = (metric: Metric | undefined): metric is Metric =>
  metric !== undefined &&
  (metric.source.kind === 'prometheus'
    ? metric.source.query.includes('histogram_quantile')
    : metric.source.kind === 'scrape' && 'quantile' in metric.source.read);

async function sampleAll(watch: Watch, metrics: Metric[], means: Means): Promise<CheckResult[]> {
  const sources = sampleSources();
  const { sampleMetrics } = createSampleActivities(sources);
  const look = (of: Metric[]): Promise<Record<string, Sample[]>> => {
    const at = Date.now();
    const back = (metric: Metric) =>
      isRangeMetric(metric) ? metric.source.delay + Math.max(VALUES * metric.source.resolution, LOOK_BACK) : 0;
    return means.inActivity(() =>
      sampleMetrics({
        monitor: watch.id,
        evidence: means.evidence,
        at,
        since: Object.fromEntries(of.map((metric) => [metric.name, at - back(metric)])),
        clock: 'real',
        metrics: of,
        baselines: rowsFromNothing(of),
      }),
    );
  };
  try {
    const present = metrics.filter((metric) => !isRangeMetric(metric));
    if (present.length > 0) {
      await look(present);
      await sleep(BETWEEN_LOOKS, undefined, { signal: means.signal });
    }
    const samples = await look(metrics);
    const findings = metrics.map((metric) => judge(metric, samples[metric.name] ?? [], means));
    return (await Promise.all(findings)).flat();
  } finally {
    await sources.postgres.close();
  }
}

/** Rows that were lost since the deployment: none can be before it, and the table is counted all the same. */
const rowsFromNothing = (metrics: Metric[]): Record<string, number> =>
  Object.fromEntries(
    metrics.flatMap(({ source }) =>
      source.kind === 'postgres' && 'lostRows' in source.read ? [[source.read.lostRows.table, 0]] : [],
    ),
  );

async function judge(metric: Metric, samples: Sample[], means: Means): Promise<CheckResult[]> {
  const { name, title, unit, source } = metric;
  const sample = samples.findLast(({ kind }) => kind === 'ok') ?? samples.at(-1);
  const advice = 'Put the metric of the plan, its host or its credential right.';
  const told = (text: string) => `${name} (${title}): ${text}`;
  switch (sample?.kind) {
    case undefined:
      return [{ name, ok: true, note: true, text: told('no value was due yet') }];
    case 'error':
      return [{ name, ok: false, text: told(sample.message), advice }];
    case 'notANumber':
      return [{ name, ok: true, note: true, text: told('not a number now (0 of 0, as a rule)') }];
    case 'noData': {
      if (!/^no series /.test(sample.reason))
        return [{ name, ok: true, note: true, text: told(`no data now: ${sample.reason}`) }];
      return [{ name, ok: false, text: told(sample.reason), advice: (await otherName(source)) ?? advice }];
    }
    case 'ok': {
      const value = Math.abs(sample.value) < 1e300 ? Number(sample.value.toPrecision(4)) : 'infinite';
      const unknown = isRangeMetric(metric) ? await unknownNames(metric, means).catch(notSeen(means)) : [];
      if ('why' in unknown) {
        const text = told(`${value} ${unit}; whether its source knows all it names cannot be seen: ${unknown.why}`);
        return [{ name, ok: true, note: true, text }];
      }
      if (unknown.length === 0) return [{ name, ok: true, text: told(`${value} ${unit}`) }];
      const text = `${value} ${unit}, but its source knows no ${unknown.join(', ')}`;
      return [{ name, ok: false, text: told(text), advice: 'Misspelt, or never sent: put the query right.' }];
    }
  }
}

const notSeen =
  ({ signal }: Means) =>
  (error: unknown): { why: string } => {
    signal.throwIfAborted();
    return { why: messageOf(error) };
  };

/** A name of the page that was probably meant. */
async function otherName(source: MetricSource): Promise<string | undefined> {
  if (source.kind !== 'scrape') return undefined;
  const page = await scrape(source.url).catch(() => new Map<string, unknown>());
  const names = new Set([...page.keys()].flatMap((name) => [name, name.replace(/_(bucket|sum|count)$/, '')]));
  const near = selectorsOf(source.read)
    .filter((name) => !names.has(name))
    .flatMap((name) => {
      const found = nearest(name, names);
      return found === undefined ? [] : [`Did you mean ${found} instead of ${name}?`];
    });
  return near[0];
}

function selectorsOf(read: Extract<MetricSource, { kind: 'scrape' }>['read']): string[] {
  if ('gauge' in read) return [read.gauge.name];
  if ('rate' in read) return [read.rate.name];
  if ('mean' in read) return [read.mean.histogram.name];
  if ('quantile' in read) return [read.quantile.histogram.name];
  const { of, to } = 'ratio' in read ? read.ratio : read.share;
  return [of.name, to.name];
}

/** Also where the query has a value: `a or misspelt` has one. */
async function unknownNames({ source }: RangeMetric, { signal, patience }: Means): Promise<string[]> {
  const ask = patientRequests(signal, patience);
  switch (source.kind) {
    case 'prometheus':
      return unknownSeries(source, ask);
    case 'datadog':
      return unknownMetrics(source, ask);
    case 'cloudwatch': {
      const client = new CloudWatchClient(await awsOptions(source.place));
      try {
        return await unseenMetrics(source, { client, signal });
      } finally {
        client.destroy();
      }
    }
    case 'cloudwatch-logs':
      return [];
  }
}

async function tryBuckets(watch: Watch, { signal }: Means): Promise<CheckResult[]> {
  const bounds = new Map<string, Promise<number[] | undefined>>();
  const findings = watch.criteria.map(async (criterion): Promise<CheckResult[]> => {
    const metric = metricOf(watch, criterion);
    if (!isQuantile(metric)) return [];
    const key = metric.name;
    // That it can't be asked is told with the metric.
    const known = bounds.get(key) ?? histogramBounds(metric, signal).catch(() => undefined);
    bounds.set(key, known);
    const found = await known;
    if (found === undefined) return [];
    return [bucketFinding(criterion, metric, found)];
  });
  return (await Promise.all(findings)).flat();
}

function bucketFinding(criterion: Criterion, metric: Metric, bounds: number[]): CheckResult {
  const name = `${criterion.id}-buckets`;
  if (bounds.length === 0) {
    const text = `${criterion.title}: the histogram of ${metric.name} has no buckets yet: whether it can fire is not known`;
    return { name, ok: true, note: true, text };
  }
  const dead = neverFires(criterion, bounds);
  if (dead === undefined) {
    return { name, ok: true, text: `${criterion.title}: buckets up to ${Math.max(...bounds)} ${metric.unit}` };
  }
  const [what, advice] = dead.split('; ');
  return { name, ok: false, text: `${criterion.title}: ${what}`, advice: `${upperFirst(advice ?? '')}.` };
}

const upperFirst = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
