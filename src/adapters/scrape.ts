/** The metric source `scrape`: an application's own Prometheus page, without a Prometheus. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MetricSource } from '../contract/plan.js';
import { request } from './http.js';
import { LONGEST_WAIT, type Look, Observed } from './look.js';
import { type Page, parsePage } from './prometheus-text.js';
import type { Reading } from './readings.js';
import { looksBack, QUIET, readPages } from './scrape-readings.js';

type ScrapeSource = Extract<MetricSource, { kind: 'scrape' }>;

const TIMEOUT = 5_000;
const MOMENT = { reuse: 100, window: 1_000, minimum: 400 };

/** Pages by URL, as this worker remembers them. */
export class Scraper {
  private readonly pages = new Map<string, Observed<Page>>();

  /**
   * The metric's value now. In virtual time it waits, at most 15 s, until a request was completed in its moment, so
   * that each sample is of real traffic.
   * @throws NoAnswer, ParseFailure, or an Error that names the status
   */
  async read(source: ScrapeSource, unit: string, look: Look): Promise<Reading> {
    const observed = this.observed(source.url);
    const metric = { read: source.read, unit };
    if (!looksBack(source.read)) return readPages([await observed.now()], metric);
    const standsFor = look.clock === 'virtual' ? source.window : undefined;
    let pages = await observed.over(look, source.window);
    let reading = readPages(pages, metric, standsFor);
    const deadline = Date.now() + LONGEST_WAIT;
    while (look.clock === 'virtual' && 'noData' in reading && reading.noData === QUIET && Date.now() < deadline) {
      await sleep(MOMENT.reuse, undefined, { signal: look.signal });
      pages = await observed.since(pages[0] as (typeof pages)[number]);
      reading = readPages(pages, metric, standsFor);
    }
    return reading;
  }

  private observed(url: string): Observed<Page> {
    let observed = this.pages.get(url);
    if (!observed) {
      observed = new Observed(() => scrape(url), MOMENT);
      this.pages.set(url, observed);
    }
    return observed;
  }
}

/** The page as it is now. @throws NoAnswer, ParseFailure, or an Error that names the status */
export async function scrape(url: string): Promise<Page> {
  const answer = await request({ url, timeout: TIMEOUT, headers: { accept: 'text/plain;version=0.0.4' } });
  if (answer.status !== 200) throw new Error(`the metrics page answered ${answer.statusText}`);
  return parsePage(answer.body);
}
