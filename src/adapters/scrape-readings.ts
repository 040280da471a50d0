/** Values from scraped pages: rates, ratios and quantiles as Prometheus works them out, over observed pages. */
import type { ScrapeReading, Selector } from '../contract/plan.js';
import type { Observation } from './history.js';
import { type Page, type Series, select, selectorText } from './prometheus-text.js';
import { finite, gaugeAs, perUnit, type Reading, type Scale, secondsAs } from './readings.js';

/** Whether the reading compares two pages, and so needs more than the newest. */
export const looksBack = (read: ScrapeReading): boolean => !('gauge' in read || 'share' in read);

/** The reason given when nothing happened in the window; virtual time waits for something to happen. */
export const QUIET = 'nothing happened in the window';

/**
 * @param pages the pages of the window, oldest first; the last is the newest. One is enough for gauges.
 * @param standsFor in virtual time, the window that the pages stand for; milliseconds
 * @throws SyntaxError when a label's regular expression is none; RangeError when a bucket has no bound
 */
export function readPages(
  pages: readonly Observation<Page>[],
  metric: { read: ScrapeReading; unit: string },
  standsFor?: number,
): Reading {
  return finite(evaluate(pages, metric.read, { unit: metric.unit, standsFor }));
}

function evaluate(pages: readonly Observation<Page>[], read: ScrapeReading, as: Omit<Scale, 'span'>): Reading {
  const newest = pages.at(-1);
  if (!newest) return { noData: 'no scrape yet' };
  if ('gauge' in read) {
    const reading = sum(newest.value, read.gauge);
    return 'value' in reading ? { value: gaugeAs(reading.value, read.gauge.name, as.unit) } : reading;
  }
  if ('share' in read) return share(newest.value, read.share);

  const span = newest.at - (pages[0]?.at ?? newest.at);
  if (span <= 0) return { noData: 'first look: no rate yet' };
  if ('rate' in read) {
    const missing = absent(pages, read.rate);
    return missing ?? { value: perUnit(increase(pages, read.rate), { ...as, span }) };
  }
  if ('ratio' in read) {
    const missing = absent(pages, read.ratio.to);
    if (missing) return missing;
    const to = increase(pages, read.ratio.to);
    // No series for `of` is a count of zero: counters with labels appear with their first event.
    return to === 0 ? { noData: QUIET } : { value: (increase(pages, read.ratio.of) / to) * 100 };
  }
  if ('mean' in read) return mean(pages, read.mean.histogram, as.unit);
  return quantile(pages, read.quantile.q, read.quantile.histogram, as.unit);
}

function sum(page: Page, selector: Selector): Reading {
  const series = select(page, selector);
  if (series.length === 0) return noSeries(selector);
  return { value: series.reduce((total, { value }) => total + value, 0) };
}

function share(page: Page, { of, to }: { of: Selector; to: Selector }): Reading {
  const [part, whole] = [sum(page, of), sum(page, to)];
  if ('noData' in part) return part;
  if ('noData' in whole) return whole;
  return whole.value === 0 ? { noData: `${selectorText(to)} is 0` } : { value: (part.value / whole.value) * 100 };
}

const noSeries = (selector: Selector): Reading => ({ noData: `no series ${selectorText(selector)}` });

function absent(pages: readonly Observation<Page>[], selector: Selector): Reading | undefined {
  return pages.some(({ value }) => select(value, selector).length > 0) ? undefined : noSeries(selector);
}

/**
 * How much the selected counters grew. A counter that drops was restarted and counts from zero, as in Prometheus' rate().
 * Unlike there, a series that was not on the earlier page counts from zero too: it appears with its first event, and
 * the first errors after a deploy are the ones that matter.
 */
export function increase(pages: readonly Observation<Page>[], selector: Selector): number {
  let total = 0;
  for (const grown of increases(pages, selector).values()) total += grown.by;
  return total;
}

function increases(
  pages: readonly Observation<Page>[],
  selector: Selector,
): Map<string, { series: Series; by: number }> {
  const grown = new Map<string, { series: Series; by: number }>();
  let before: Map<string, number> | undefined;
  for (const { value: page } of pages) {
    const now = new Map<string, number>();
    for (const series of select(page, selector)) {
      now.set(series.key, series.value);
      if (!before) continue;
      const last = before.get(series.key) ?? 0;
      const by = series.value < last ? series.value : series.value - last;
      const entry = grown.get(series.key);
      if (entry) entry.by += by;
      else grown.set(series.key, { series, by });
    }
    before = now;
  }
  return grown;
}

const part = (histogram: Selector, suffix: string): Selector => ({ ...histogram, name: `${histogram.name}_${suffix}` });

function mean(pages: readonly Observation<Page>[], histogram: Selector, unit: string): Reading {
  const missing = absent(pages, part(histogram, 'count')) ?? absent(pages, part(histogram, 'sum'));
  if (missing) return missing;
  const count = increase(pages, part(histogram, 'count'));
  if (count === 0) return { noData: QUIET };
  return { value: secondsAs(increase(pages, part(histogram, 'sum')) / count, unit) };
}

/**
 * Prometheus' histogram_quantile over the increase of the buckets
 * (https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile): linear within the bucket, the
 * lowest bucket starts at 0, and a quantile in the +Inf bucket is the highest finite bound. Series that differ in
 * other labels are added up first.
 */
function quantile(pages: readonly Observation<Page>[], q: number, histogram: Selector, unit: string): Reading {
  const missing = absent(pages, part(histogram, 'bucket'));
  if (missing) return missing;
  const counts = new Map<number, number>();
  for (const { series, by } of increases(pages, part(histogram, 'bucket')).values()) {
    const bound = bucketBound(series.labels.le);
    if (bound === undefined) throw new RangeError(`${series.name} has a series without a number in "le"`);
    counts.set(bound, (counts.get(bound) ?? 0) + by);
  }
  const buckets = [...counts].sort(([a], [b]) => a - b);
  if (buckets.at(-1)?.[0] !== Number.POSITIVE_INFINITY || buckets.length < 2) {
    return { noData: `${histogram.name} has no +Inf bucket and one more` };
  }
  // The page is not one instant: a bucket may be read before a lower one has grown.
  for (let i = 1; i < buckets.length; i += 1) {
    const [bucket, below] = [buckets[i], buckets[i - 1]] as [[number, number], [number, number]];
    bucket[1] = Math.max(bucket[1], below[1]);
  }
  const total = buckets.at(-1)?.[1] ?? 0;
  if (total === 0) return { noData: QUIET };
  return { value: secondsAs(interpolate(buckets, q * total), unit) };
}

/** The finite bucket bounds of a histogram on a page, ascending, in seconds. */
export function pageBounds(page: Page, histogram: Selector): number[] {
  const bounds = select(page, part(histogram, 'bucket')).map(({ labels }) => bucketBound(labels.le) ?? Number.NaN);
  return [...new Set(bounds.filter(Number.isFinite))].sort((one, other) => one - other);
}

const bucketBound = (le: string | undefined): number | undefined => {
  if (le === '+Inf') return Number.POSITIVE_INFINITY;
  const bound = Number(le ?? 'none');
  return Number.isNaN(bound) ? undefined : bound;
};

/** @param buckets upper bounds and cumulative counts, ascending, the last one +Inf */
function interpolate(buckets: [number, number][], rank: number): number {
  const index = buckets.findIndex(([, count]) => count >= rank);
  const [bound, count] = buckets[index] ?? [Number.NaN, 0];
  if (index === buckets.length - 1) return buckets[index - 1]?.[0] ?? Number.NaN;
  if (index === 0 && bound <= 0) return bound;
  const [start, below] = index === 0 ? [0, 0] : (buckets[index - 1] ?? [0, 0]);
  return start + (bound - start) * ((rank - below) / (count - below));
}
