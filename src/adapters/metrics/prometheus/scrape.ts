/** The metric source `scrape`: an application's own Prometheus page, without a Prometheus. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import { Deadline } from '../../deadline.js';
import { request } from '../../http/http.js';
import type { QuestionLimits } from '../port/metric-source.js';
import { singleValues, type ValueReader } from '../port/single-values.js';
import { type Reading, secondsAs } from '../samples/readings.js';
import { LONGEST_WAIT, ObservedSource, type SampleContext } from '../samples/sample-context.js';
import { type CountedPage, countPage, PROCESS_START } from './counters.js';
import { type Page, parsePage } from './prometheus-text.js';
import { looksBack, missingOn, namesIn, pageBounds, QUIET, readPages } from './scrape-readings.js';

type ScrapeSource = SourceOf<'scrape'>;

/** Pages of applications have some hundred KB. Bytes. */
const LARGEST_PAGE = 2_000_000;

const MOMENT = { reuse: 100, window: 1_000, minimum: 400 };

/** The pages of one address, and which metrics of it are read. */
interface Watched {
  pages: ObservedSource<CountedPage>;
  counters: Set<string>;
  gauges: Set<string>;
}

/** Pages by URL, as this worker remembers them. */
export class ScrapeReader implements ValueReader<ScrapeSource> {
  private readonly watched = new Map<string, Watched>();

  /** @param timeout for one page, milliseconds */
  constructor(private readonly timeout: number) {}

  /**
   * The metric's value now. In virtual time it waits, at most 15 s, until a request was completed in its moment, so
   * that each sample is of real traffic.
   * @throws NoAnswer, ParseFailure, or an Error that names the status or says that several processes answer
   */
  async read({ source, unit }: { source: ScrapeSource; unit: string }, context: SampleContext): Promise<Reading> {
    const observed = this.pages(source);
    const metric = { read: source.read, unit };
    if (!looksBack(source.read)) return readPages([await observed.now()], metric);
    const standsFor = context.clock === 'virtual' ? source.window : undefined;
    let pages = await observed.over(context, source.window);
    let reading = readPages(pages, metric, standsFor);
    const deadline = new Deadline(LONGEST_WAIT);
    while (context.clock === 'virtual' && 'noData' in reading && reading.noData === QUIET && !deadline.passed) {
      await sleep(MOMENT.reuse, undefined, { signal: context.signal });
      pages = await observed.since(pages[0] as (typeof pages)[number]);
      reading = readPages(pages, metric, standsFor);
    }
    return reading;
  }

  /** Pages of the address; from the next one on, the metrics of this reading are looked for, too. */
  private pages({ url, read }: ScrapeSource): ObservedSource<CountedPage> {
    const watched = this.watched.get(url) ?? this.watch(url);
    const { counters, gauges } = namesIn(read);
    for (const name of counters) watched.counters.add(name);
    for (const name of gauges) watched.gauges.add(name);
    return watched.pages;
  }

  private watch(url: string): Watched {
    const [counters, gauges] = [new Set<string>(), new Set([PROCESS_START])];
    let last: CountedPage | undefined;
    const pages = new ObservedSource(async () => {
      const text = await fetchPage(url, { timeout: this.timeout });
      const page = parsePage(text, [...counters, ...gauges]);
      last = countPage(last, page, { names: counters, wall: Date.now() });
      return last;
    }, MOMENT);
    const watched = { pages, counters, gauges };
    this.watched.set(url, watched);
    return watched;
  }
}

export const scrapedMetrics = singleValues<ScrapeSource>(
  ({ answer }) => new ScrapeReader(answer),
  ({ source: { url, read }, unit }) => ({
    async missing(limits) {
      const page = await scrape(url, limits);
      const known = [...page.keys()].flatMap((name) => [name, name.replace(/_(bucket|sum|count)$/, '')]);
      return { names: missingOn(page, read), known: [...new Set(known)] };
    },
    ...('quantile' in read && {
      bounds: async (limits: QuestionLimits) => {
        const bounds = pageBounds(await scrape(url, limits), read.quantile.histogram);
        return bounds.map((seconds) => secondsAs(seconds, unit));
      },
    }),
  }),
);

/** The page as it is now. @throws NoAnswer, ParseFailure, or an Error that names the status */
export const scrape = async (url: string, { signal, patience }: QuestionLimits): Promise<Page> =>
  parsePage(await fetchPage(url, { signal, timeout: patience.answer }));

async function fetchPage(url: string, limits: { timeout: number; signal?: AbortSignal }): Promise<string> {
  const answer = await request({
    ...{ url, ...limits, largest: LARGEST_PAGE },
    headers: { accept: 'text/plain;version=0.0.4' },
  });
  if (answer.status !== 200) throw new Error(`the metrics page answered ${answer.statusText}`);
  return answer.body;
}
