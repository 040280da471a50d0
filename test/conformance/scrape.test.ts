import { probeOf } from '../../src/adapters/metrics/metric-sources.js';
import type { Metric, ScrapeReading } from '../../src/contract/plan/metrics.js';
import { type Handler, serve } from '../helpers/server.js';
import { metricSourceConforms } from './metric-source.js';
import { answerOf, conforms } from './reader.js';
import { endless, hasty, usual } from './sources.js';

const SECRET = 'customer-4711';
const { signal } = new AbortController();
const memory: ScrapeReading = { gauge: { name: 'memory_bytes' } };
const errors: ScrapeReading = {
  ratio: { of: { name: 'requests_total', labels: { status: '~5..' } }, to: { name: 'requests_total' } },
};

const process = (start: number, errors: number) =>
  `process_start_time_seconds ${start}\nrequests_total{status="500"} ${errors}\n`;

metricSourceConforms({ kind: 'scrape', reader: 'adapters/metrics/prometheus/scrape.ts', secrets: [SECRET] }, (ask) => {
  const from = async (handle: Handler, look = {}, read: ScrapeReading = memory) => {
    const { url } = await serve(handle);
    return ask({ kind: 'scrape', url, window: 60_000, read }, { unit: '%', ...look });
  };
  /** One tick for each page. */
  const reading = (pages: string[], read: ScrapeReading = memory) => {
    const left = [...pages];
    const next: Handler = (_, response) => response.end(left.length > 1 ? left.shift() : left[0]);
    return from(next, { ticks: pages.length }, read);
  };
  return {
    value: () => reading(['requests_total{status="500"} 1\n', 'requests_total{status="500"} 5\n'], errors),
    none: () => reading(['other 1\n']),
    hidden: () => reading([process(1_000, 5_000), process(2_000, 10)], errors),
    partial: () => reading([`memory_bytes 5\ncut{who="${SECRET}`]),
    error: () => from((_, response) => response.writeHead(503).end(SECRET)),
    hang: () => from(() => {}, { patience: hasty }),
    nonsense: () => from((_, response) => response.end(`<html>${SECRET}`)),
    huge: () => from(endless('padding{label="x"} 1\n'.repeat(50_000))),
    rateLimit: () => from((_, response) => response.writeHead(429, { 'retry-after': '60' }).end(SECRET)),
    paging: { impossible: 'a metrics page is one page' },
    secrets: { impossible: 'it is asked for without a credential' },
  };
});

const bounds = async (handle: Handler) => {
  const { url } = await serve(handle);
  const read: ScrapeReading = { quantile: { q: 0.95, histogram: { name: 'seconds' } } };
  const source = { kind: 'scrape', url, window: 60_000, read } as const;
  const metric: Metric = { name: 'p95', title: 'p95', unit: 's', source };
  const answer = await answerOf(async () => probeOf(metric).bounds?.({ signal, patience: usual }));
  return 'known' in answer && (answer.known as number[]).length === 0 ? { none: 'it counts nothing yet' } : answer;
};

conforms('adapters/metrics/prometheus/scrape.ts (bounds of buckets)', {
  value: () => bounds((_, response) => response.end('seconds_bucket{le="1"} 1\nseconds_bucket{le="+Inf"} 1\n')),
  none: () => bounds((_, response) => response.end('other 1\n')),
  hidden: { impossible: 'a page shows all that it has to whoever may read it' },
  partial: () => bounds((_, response) => response.end('seconds_bucket{le="1"} 1\nseconds_bucket{le="')),
  error: () => bounds((_, response) => response.writeHead(500).end()),
  hang: () => bounds(() => {}),
  nonsense: () => bounds((_, response) => response.end('<html>')),
  huge: () => bounds(endless('padding{label="x"} 1\n'.repeat(50_000))),
});
