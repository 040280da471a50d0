/** Values from scraped pages: rates, ratios and quantiles as Prometheus works them out, over observed pages. */
import type { ScrapeReading, Selector } from '../../../contract/plan/metrics.js';
import type { Observation } from '../samples/history.js';
import { finite, gaugeAs, type IncreaseScale, perUnit, type Reading, secondsAs } from '../samples/readings.js';
import { type CountedPage, successionOf } from './counters.js';
import { type Page, type Series, select, selectorText } from './prometheus-text.js';

/** Whether the reading compares two pages, and so needs more than the newest. */
export const looksBack = (read: ScrapeReading): boolean => !('gauge' in read || 'share' in read);

/** The metrics that a reading looks for on the page: those whose growth it takes, and those that it takes as they are. */
export function namesIn(read: ScrapeReading): { counters: string[]; gauges: string[] } {
  if ('gauge' in read) return { counters: [], gauges: [read.gauge.name] };
  if ('share' in read) return { counters: [], gauges: [read.share.of.name, read.share.to.name] };
  if ('rate' in read) return { counters: [read.rate.name], gauges: [] };
  if ('ratio' in read) return { counters: [read.ratio.of.name, read.ratio.to.name], gauges: [] };
  const { histogram, suffixes } =
    'mean' in read
      ? { histogram: read.mean.histogram, suffixes: ['count', 'sum'] }
      : { histogram: read.quantile.histogram, suffixes: ['bucket'] };
  return { counters: suffixes.map((suffix) => part(histogram, suffix).name), gauges: [] };
}

/** What a reading has no data without and the page has not: a name, or the selector where only its labels are amiss. */
export function missingOn(page: Page, read: ScrapeReading): string[] {
  const missing = (selector: Selector, parts = [selector]): string[] => {
    if (parts.every((one) => select(page, one).length > 0)) return [];
    return [parts.every(({ name }) => page.has(name)) ? selectorText(selector) : selector.name];
  };
  if ('gauge' in read) return missing(read.gauge);
  if ('rate' in read) return missing(read.rate);
  // Counters with labels appear with their first event: the part of a ratio may be missing.
  if ('ratio' in read) return missing(read.ratio.to);
  if ('share' in read) return [...missing(read.share.of), ...missing(read.share.to)];
  if ('quantile' in read) return missing(read.quantile.histogram, [part(read.quantile.histogram, 'bucket')]);
  const { histogram } = read.mean;
  return missing(histogram, [part(histogram, 'count'), part(histogram, 'sum')]);
}

/** The reason given when nothing happened in the window; virtual time waits for something to happen. */
export const QUIET = 'nothing happened in the window';

/**
 * @param pages the pages of the window, oldest first; the last is the newest. One is enough for gauges.
 * @param standsFor in virtual time, the window that the pages stand for; milliseconds
 * @throws SyntaxError when a label's regular expression is none; RangeError when a bucket has no bound; Error when the
 * pages are of several processes, of which nobody knows how many there are
 */
export function readPages(
  pages: readonly Observation<CountedPage>[],
  metric: { read: ScrapeReading; unit: string },
  standsFor?: number,
): Reading {
  const { counters, gauges } = namesIn(metric.read);
  const looked = pages.filter(
    ({ value }) => counters.every((name) => value.counters.has(name)) && gauges.every((name) => value.page.has(name)),
  );
  const mixed = mixtureOf(looked);
  if (mixed !== undefined)
    throw new Error(
      `the page is of several processes in turn (${mixed}): read each by an address of its own, or all of them from a Prometheus`,
    );
  return finite(evaluate(looked, metric.read, { unit: metric.unit, standsFor }));
}

/** Clocks of two machines, and starts in whole seconds. Milliseconds. */
const CLOCKS = 5_000;

/**
 * Why the pages cannot be of one process and what it was restarted as. A process that first answers now and was there
 * before the first page: what it had counted by then is not known.
 */
function mixtureOf(pages: readonly Observation<CountedPage>[]): string | undefined {
  const [first, newest] = [pages[0], pages.at(-1)];
  if (!first || !newest) return undefined;
  const isOlder = pages.some(({ at, value: { process } }, index) => {
    const before = pages[index - 1]?.value.process;
    return successionOf(before, process) === 'another' && (process?.age ?? 0) > at - first.at + CLOCKS;
  });
  return isOlder ? 'another answers than before, and was there before' : newest.value.mixed?.reason;
}

function evaluate(
  pages: readonly Observation<CountedPage>[],
  read: ScrapeReading,
  as: Omit<IncreaseScale, 'span'>,
): Reading {
  const newest = pages.at(-1);
  if (!newest) return { noData: 'no scrape yet' };
  if ('gauge' in read) {
    const reading = sum(newest.value.page, read.gauge);
    return 'value' in reading ? { value: gaugeAs(reading.value, read.gauge.name, as.unit) } : reading;
  }
  if ('share' in read) return share(newest.value.page, read.share);

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

function absent(pages: readonly Observation<CountedPage>[], selector: Selector): Reading | undefined {
  return pages.some(({ value: { page } }) => select(page, selector).length > 0) ? undefined : noSeries(selector);
}

/** How much the selected counters grew from the first page to the newest. */
function increase(pages: readonly Observation<CountedPage>[], selector: Selector): number {
  return increases(pages, selector).reduce((total, { by }) => total + by, 0);
}

function increases(pages: readonly Observation<CountedPage>[], selector: Selector): { series: Series; by: number }[] {
  const [first, newest] = [pages[0]?.value, pages.at(-1)?.value];
  const before = new Map(first?.counters.get(selector.name)?.map(({ key, grown }) => [key, grown]));
  const broken = new Set(
    pages.flatMap(({ value: { page } }) =>
      select(page, selector).flatMap(({ key, value }) => (Number.isFinite(value) ? [] : [key])),
    ),
  );
  return select(newest?.counters ?? new Map(), selector).map((series) => ({
    series,
    by: broken.has(series.key) ? Number.NaN : series.grown - (before.get(series.key) ?? 0),
  }));
}

const part = (histogram: Selector, suffix: string): Selector => ({ ...histogram, name: `${histogram.name}_${suffix}` });

function mean(pages: readonly Observation<CountedPage>[], histogram: Selector, unit: string): Reading {
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
function quantile(pages: readonly Observation<CountedPage>[], q: number, histogram: Selector, unit: string): Reading {
  const missing = absent(pages, part(histogram, 'bucket'));
  if (missing) return missing;
  const counts = new Map<number, number>();
  for (const { series, by } of increases(pages, part(histogram, 'bucket'))) {
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
