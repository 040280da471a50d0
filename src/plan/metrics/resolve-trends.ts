/** Trends: in their metric's unit, and in watches that are long enough for them. */
import { formatDuration } from '../../domain/duration.js';
import type { Trend } from '../../domain/trends/trend.js';
import type { Path } from '../core/problems.js';
import { type MachineMaps, own, type Resolution as ResolutionOf } from '../core/resolution.js';
import { comparableUnits, convert, isUnit, type Unit } from '../core/units.js';
import { sampleCount, spacing } from './resolve-metrics.js';
import type { AuthoredTrend } from './schema-trends.js';
import type { AuthoredMetric } from './sources/registry.js';

export interface TrendSections extends MachineMaps {
  metrics?: Record<string, AuthoredMetric>;
  trends?: Record<string, AuthoredTrend>;
}
type Resolution = ResolutionOf<TrendSections>;

/** Every trend in its metric's unit; undefined for those that are wrong, which are reported. */
export function resolveTrends(resolution: Resolution): Map<string, Trend | undefined> {
  const authored = Object.entries(resolution.sections.trends ?? {});
  return new Map(authored.map(([id, trend]) => [id, resolveTrend(resolution, id, trend)]));
}

function resolveTrend(resolution: Resolution, id: string, trend: AuthoredTrend): Trend | undefined {
  const from = (key: string): Path => ['trends', id, key];
  const isKnown = resolution.knows(trend.metric, { at: ['metrics'], label: 'metric', from: from('metric') });
  const unit = isKnown ? own(resolution.sections.metrics, trend.metric)?.unit : undefined;
  const read = (key: string, written: string, of: Unit, per = '') =>
    readQuantity(resolution, { written, unit: of, per, path: from(key) });
  if (trend.test === 'leak' && trend.restarts !== undefined) {
    resolution.knows(trend.restarts, { at: ['metrics'], label: 'metric', from: from('restarts') });
  }
  if (unit === undefined || !isUnit(unit)) return undefined;
  const base = { id, unit };
  switch (trend.test) {
    case 'leak': {
      const growth = read('growth', trend.growth, unit, '/h');
      const limit = read('limit', trend.limit, unit);
      return growth === undefined || limit === undefined ? undefined : { ...base, ...trend, growth, limit };
    }
    case 'degradation': {
      const shift = read('shift', trend.shift, unit);
      return shift === undefined ? undefined : { ...base, ...trend, shift };
    }
    case 'stability': {
      const variation = read('variation', trend.variation, '%');
      return variation === undefined ? undefined : { ...base, ...trend, variation };
    }
    case 'spikes': {
      const above = read('above', trend.above, unit);
      return above === undefined ? undefined : { ...base, ...trend, above };
    }
  }
}

/** Reads `500 ms` or `0.2 %/h` as a number in the unit; reports what is wrong with it. */
function readQuantity(
  resolution: Resolution,
  { written, unit, per, path }: { written: string; unit: Unit; per: string; path: Path },
): number | undefined {
  const quoted = JSON.stringify(written);
  const [, number, named = ''] = /^\s*(\d+(?:\.\d+)?)\s*(.*?)\s*$/.exec(written) ?? [];
  const bare = named.endsWith(per) ? named.slice(0, named.length - per.length) : '';
  if (number === undefined || !isUnit(bare)) {
    resolution.report(path, `${quoted} is not a number with a unit; write for example "10 ${unit}${per}"`);
    return undefined;
  }
  const value = convert({ value: Number(number), unit: bare }, unit);
  if (value === undefined) {
    const units = comparableUnits(unit).map((other) => `"${other}${per}"`);
    resolution.report(path, `"${named}" can’t be compared with values in "${unit}"; write it in ${units.join(' or ')}`);
  }
  return value;
}

/** The trends of one watch; reports those that it is too short for, or that are named like one of its criteria. */
export function watchTrends(
  resolution: Resolution,
  watch: { trends: readonly string[]; criteria: readonly string[]; path: Path; duration: number; tick: number },
  resolved: Map<string, Trend | undefined>,
): Trend[] {
  const { trends: ids, criteria, path, duration, tick } = watch;
  return ids.flatMap((id, index) => {
    const from = [...path, 'trends', index];
    if (ids.indexOf(id) !== index) resolution.report(from, `\`${id}\` is listed twice`);
    if (criteria.includes(id)) resolution.report(from, `A criterion of this watch is named \`${id}\` too`);
    if (!resolution.knows(id, { at: ['trends'], label: 'trend', from })) return [];
    const trend = resolved.get(id);
    if (trend === undefined) return [];
    const metric = own(resolution.sections.metrics, trend.metric);
    if (metric === undefined) return [trend];
    const warm = duration - ('warmUp' in trend ? trend.warmUp : 0);
    const samples = Math.max(sampleCount(metric, { duration: warm, tick }), 0);
    const needed = trend.test === 'degradation' ? 3 * trend.minimumSamples : trend.minimumSamples;
    if (tick <= duration && needed > samples) {
      const after = 'warmUp' in trend && trend.warmUp > 0 ? ' after the warm-up' : '';
      resolution.report(from, `\`${id}\` needs ${needed} samples${after}, and this watch takes ${samples}`);
    }
    const every = spacing(metric, tick);
    if ('for' in trend && every > trend.for) {
      resolution.report(
        from,
        `\`${id}\` allows ${formatDuration(trend.for)}, but this watch samples every ${formatDuration(every)}: lengthen \`for\``,
      );
    }
    return [trend];
  });
}
