/** Every metric of every watch is sampled once, and no rule waits for a value that its histogram can't have. */

import { setTimeout as sleep } from 'node:timers/promises';
import { createSampleActivities } from '../../activities/metrics/samples.js';
import { MetricReaders, probeOf } from '../../adapters/metrics/metric-sources.js';
import type { MissingNames } from '../../adapters/metrics/port/metric-source.js';
import { isRangeSource, type Metric, tablesCountedBefore } from '../../contract/plan/metrics.js';
import { allOwnChecks } from '../../contract/plan/own-checks.js';
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

type Watched = Pick<Watch, 'id' | 'metrics' | 'criteria'>;

/** A criterion that is held against one value, as a watch of it. */
const checked = (plan: CheckContext['plan']): Watched[] =>
  allOwnChecks(plan).flatMap(({ id, asks }) =>
    asks.kind === 'metric' ? [{ id, metrics: [asks.metric], criteria: [asks.criterion] }] : [],
  );

/** Each source is sampled, and each rule looked at, with the watch that needs it first. */
export function metricChecks({ plan }: CheckContext): Check[] {
  const seen = new Set<string>();
  const checks: Check[] = [];
  for (const watch of [...watchesOf(plan), ...checked(plan)]) {
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

const metricOf = ({ metrics }: Watched, { metric }: Criterion): Metric | undefined =>
  metrics.find(({ name }) => name === metric);

const isQuantile = (metric: Metric | undefined): metric is Metric =>
  metric !== undefined && probeOf(metric).bounds !== undefined;

async function sampleAll(watch: Watched, metrics: Metric[], means: Means): Promise<CheckResult[]> {
  const readers = new MetricReaders();
  const { sampleMetrics } = createSampleActivities(readers);
  const look = (of: Metric[]): Promise<Record<string, Sample[]>> => {
    const at = Date.now();
    const back = ({ source }: Metric) =>
      isRangeSource(source) ? source.delay + Math.max(VALUES * source.resolution, LOOK_BACK) : 0;
    return means.inActivity(() =>
      sampleMetrics({
        monitor: watch.id,
        evidence: means.evidence,
        at,
        since: Object.fromEntries(of.map((metric) => [metric.name, at - back(metric)])),
        clock: 'real',
        metrics: of,
        // None can be lost before the deployment, and the table is counted all the same.
        baselines: Object.fromEntries(tablesCountedBefore(of).map((table) => [table, 0])),
      }),
    );
  };
  try {
    const present = metrics.filter(({ source }) => !isRangeSource(source));
    if (present.length > 0) {
      await look(present);
      await sleep(BETWEEN_LOOKS, undefined, { signal: means.signal });
    }
    const samples = await look(metrics);
    const findings = metrics.map((metric) => judge(metric, samples[metric.name] ?? [], means));
    return (await Promise.all(findings)).flat();
  } finally {
    await readers.close();
  }
}

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
      const { reason } = sample;
      const missing = await missingNames(metric, means);
      if ('why' in missing)
        return [{ name, ok: true, note: true, text: told(`no data now: ${reason}; ${missing.why}`) }];
      if (missing.names.length === 0) return [{ name, ok: true, note: true, text: told(`no data now: ${reason}`) }];
      const isNamed = missing.names.every((one) => reason.includes(one));
      const text = isNamed ? reason : `${reason}; its source knows no ${missing.names.join(', ')}`;
      return [{ name, ok: false, text: told(text), advice: otherName(missing) ?? advice }];
    }
    case 'ok': {
      const value = Math.abs(sample.value) < 1e300 ? Number(sample.value.toPrecision(4)) : 'infinite';
      // A query may have a value although a name is misspelt (`a or misspelt`); what reads one series has none then.
      const missing = isRangeSource(source) ? await missingNames(metric, means) : NONE_MISSING;
      if ('why' in missing) return [{ name, ok: true, note: true, text: told(`${value} ${unit}; ${missing.why}`) }];
      if (missing.names.length === 0) return [{ name, ok: true, text: told(`${value} ${unit}`) }];
      const text = `${value} ${unit}, but its source knows no ${missing.names.join(', ')}`;
      return [{ name, ok: false, text: told(text), advice: 'Misspelt, or never sent: put the query right.' }];
    }
  }
}

const NONE_MISSING: MissingNames = { names: [], known: [] };

async function missingNames(metric: Metric, means: Means): Promise<MissingNames | { why: string }> {
  try {
    return (await probeOf(metric).missing?.(means)) ?? NONE_MISSING;
  } catch (error) {
    means.signal.throwIfAborted();
    return { why: `whether its source knows all it names cannot be seen: ${messageOf(error)}` };
  }
}

/** What was probably meant. */
function otherName({ names, known }: MissingNames): string | undefined {
  const [near] = names.flatMap((name) => {
    const found = nearest(name, known);
    return found === undefined ? [] : [`Did you mean ${found} instead of ${name}?`];
  });
  return near;
}

async function tryBuckets(watch: Watched, means: Means): Promise<CheckResult[]> {
  const bounds = new Map<string, Promise<number[] | undefined>>();
  const findings = watch.criteria.map(async (criterion): Promise<CheckResult[]> => {
    const metric = metricOf(watch, criterion);
    const ask = metric && probeOf(metric).bounds;
    if (metric === undefined || ask === undefined) return [];
    const key = metric.name;
    // That it can't be asked is told with the metric.
    const known = bounds.get(key) ?? ask(means).catch(() => undefined);
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
