/** The times that a source with a history is asked for, and what it said at each. */
import { MOST_VALUES, type RangeSource } from '../../../contract/plan/metrics.js';
import { type Sample, sampleOf } from '../../../domain/watch/criteria.js';

/** Times from `first` to `last`, `step` apart. Epoch milliseconds. */
export interface Grid {
  first: number;
  last: number;
  step: number;
}

/** What a source said of one metric: values by their time, and why there is none at the others. */
export interface Answer {
  values: Map<number, number>;
  missing: { noData: string } | { error: string };
  /** Times at which there is a value that means nothing, and why: the target was down. */
  void?: Map<number, string>;
}

/** A metric without its title, as sources read it. */
export interface RequestedMetric<S> {
  name: string;
  unit: string;
  source: S;
}

/**
 * The times after `since` of which the values are complete, on multiples of the resolution, so that asking twice gives
 * the same; at most the latest {@link MOST_VALUES}.
 * @returns undefined while none is due
 */
export function gridSince(
  { resolution, delay }: Pick<RangeSource, 'resolution' | 'delay'>,
  { since, at }: { since: number; at: number },
): Grid | undefined {
  const last = Math.floor((at - delay) / resolution) * resolution;
  const next = (Math.floor(since / resolution) + 1) * resolution;
  if (next > last) return undefined;
  return { first: Math.max(next, last - (MOST_VALUES - 1) * resolution), last, step: resolution };
}

/** The one time that stands for now: the latest of which the value is complete, on a multiple of the resolution. */
export function gridNow(
  { resolution, delay }: Pick<RangeSource, 'resolution' | 'delay'>,
  { anyInstant = false }: { anyInstant?: boolean },
): Grid {
  const end = Date.now() - delay;
  const last = anyInstant ? end : Math.floor(end / resolution) * resolution;
  return { first: last, last, step: resolution };
}

export function timesOf({ first, last, step }: Grid): number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => first + index * step);
}

/** An answer as samples: one for each time, but what went wrong is told once. */
export function samplesOf(grid: Grid, { values, missing, void: without }: Answer): Sample[] {
  const times = timesOf(grid);
  const lastMissing = times.findLast((at) => !values.has(at));
  return times.flatMap((at): Sample[] => {
    const reason = without?.get(at);
    if (reason !== undefined) return [{ at, kind: 'noData', reason }];
    const value = values.get(at);
    if (value !== undefined) return [sampleOf(at, value)];
    if ('noData' in missing) return [{ at, kind: 'noData', reason: missing.noData }];
    return at === lastMissing ? [{ at, kind: 'error', message: missing.error }] : [];
  });
}
