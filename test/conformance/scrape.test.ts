import { histogramBounds } from '../../src/adapters/metrics/prometheus/histogram-bounds.js';
import { Scraper } from '../../src/adapters/metrics/prometheus/scrape.js';
import type { Metric, ScrapeReading } from '../../src/contract/plan/metrics.js';
import { serve, type TestServer } from '../helpers/server.js';
import { answerOf, conforms } from './reader.js';
import { endless, hasty, readingOf, usual } from './sources.js';

const SECRET = 'customer-4711';
const { signal } = new AbortController();
const memory: ScrapeReading = { gauge: { name: 'memory_bytes' } };
const errors: ScrapeReading = {
  ratio: { of: { name: 'requests_total', labels: { status: '~5..' } }, to: { name: 'requests_total' } },
};

/** Looks once for a gauge, or as often as there are pages. */
const reading = async (pages: string[], read: ScrapeReading = memory) => {
  let look = 0;
  return ask((_, response) => response.end(pages[Math.min(look++, pages.length - 1)]), { read, looks: pages.length });
};

async function ask(handle: TestServer['handle'], { read = memory, looks = 1, patience = usual } = {}) {
  const { url } = await serve(handle);
  const scraper = new Scraper(patience.answer);
  const source = { kind: 'scrape', url, window: 60_000, read } as const;
  const once = () => readingOf(() => scraper.read(source, '%', { clock: 'real', signal }));
  let answer = await once();
  for (let look = 1; look < looks; look += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1_050));
    answer = await once();
  }
  return answer;
}

const process = (start: number, errors: number) =>
  `process_start_time_seconds ${start}\nrequests_total{status="500"} ${errors}\n`;

conforms(
  'adapters/metrics/prometheus/scrape.ts',
  {
    value: () => reading(['requests_total{status="500"} 1\n', 'requests_total{status="500"} 5\n'], errors),
    none: () => reading(['other 1\n']),
    hidden: () => reading([process(1_000, 5_000), process(2_000, 10)], errors),
    partial: () => reading([`memory_bytes 5\ncut{who="${SECRET}`]),
    error: () => ask((_, response) => response.writeHead(503).end(SECRET)),
    hang: () => ask(() => {}, { patience: hasty }),
    nonsense: () => ask((_, response) => response.end(`<html>${SECRET}`)),
    huge: () => ask(endless('padding{label="x"} 1\n'.repeat(50_000))),
  },
  { secrets: [SECRET] },
);

const bounds = async (handle: TestServer['handle']) => {
  const { url } = await serve(handle);
  const read: ScrapeReading = { quantile: { q: 0.95, histogram: { name: 'seconds' } } };
  const source = { kind: 'scrape', url, window: 60_000, read } as const;
  const metric: Metric = { name: 'p95', title: 'p95', unit: 's', source };
  const answer = await answerOf(() => histogramBounds(metric, signal));
  return 'known' in answer && (answer.known as number[]).length === 0 ? { none: 'it counts nothing yet' } : answer;
};

conforms('adapters/metrics/prometheus/histogram-bounds.ts', {
  value: () => bounds((_, response) => response.end('seconds_bucket{le="1"} 1\nseconds_bucket{le="+Inf"} 1\n')),
  none: () => bounds((_, response) => response.end('other 1\n')),
  hidden: { impossible: 'a page shows all that it has to whoever may read it' },
  partial: () => bounds((_, response) => response.end('seconds_bucket{le="1"} 1\nseconds_bucket{le="')),
  error: () => bounds((_, response) => response.writeHead(500).end()),
  hang: () => bounds(() => {}),
  nonsense: () => bounds((_, response) => response.end('<html>')),
  huge: () => bounds(endless('padding{label="x"} 1\n'.repeat(50_000))),
});
