/** Pages as a worker that looks at one address again and again has them. */
import { type CountedPage, countPage, PROCESS_START } from '../../src/adapters/metrics/prometheus/counters.js';
import { parsePage } from '../../src/adapters/metrics/prometheus/prometheus-text.js';
import { namesIn } from '../../src/adapters/metrics/prometheus/scrape-readings.js';
import type { Observation } from '../../src/adapters/metrics/samples/history.js';
import type { ScrapeReading } from '../../src/contract/plan/metrics.js';

/** @param looks the pages with their times, milliseconds from the first; the wall clock has the same */
export function countedPages(
  looks: readonly { at: number; text: string }[],
  readings: readonly ScrapeReading[],
): Observation<CountedPage>[] {
  const names = readings.map(namesIn);
  const counters = names.flatMap((of) => of.counters);
  const all = [...counters, ...names.flatMap(({ gauges }) => gauges), PROCESS_START];
  const pages: Observation<CountedPage>[] = [];
  for (const { at, text } of looks) {
    const page = parsePage(text, all);
    pages.push({ at, value: countPage(pages.at(-1)?.value, page, { names: counters, wall: at }) });
  }
  return pages;
}
