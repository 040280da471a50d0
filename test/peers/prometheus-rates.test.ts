/** Rates, ratios and quantiles of pages against those of Prometheus' own engine, over random series. */
import { describe, expect, test } from 'vitest';
import { PROCESS_START } from '../../src/adapters/metrics/prometheus/counters.js';
import { readPages } from '../../src/adapters/metrics/prometheus/scrape-readings.js';
import type { ScrapeReading } from '../../src/contract/plan/metrics.js';
import { uniform } from '../domain/trends/noise.js';
import { countedPages } from '../helpers/counted-pages.js';
import { testRules } from '../helpers/prometheus.js';

const SEED = Number(process.env.SUREFOOT_SEED ?? Date.now() % 2 ** 31);
const APPLICATIONS = 400;
const PAGES = 7;
const STEP = 10_000;
/** The window from the first page to the last, both included: Prometheus extrapolates nothing then. */
const WINDOW = `${(PAGES - 1) * STEP + 1}ms`;

const SERIES = [
  'requests_total{status="200"}',
  'requests_total{status="500"}',
  'seconds_bucket{le="0.1"}',
  'seconds_bucket{le="1"}',
  'seconds_bucket{le="10"}',
  'seconds_bucket{le="+Inf"}',
  'seconds_count',
  'seconds_sum',
] as const;
type Counters = Record<(typeof SERIES)[number], number>;

const READINGS: Record<string, { read: ScrapeReading; unit: string; query: string }> = {
  increase: {
    read: { rate: { name: 'requests_total' } },
    unit: 'count',
    query: `sum by (app) (increase(requests_total[${WINDOW}]))`,
  },
  rate: {
    read: { rate: { name: 'requests_total', labels: { status: '~5..' } } },
    unit: '/min',
    query: `60 * sum by (app) (rate(requests_total{status=~"5.."}[${WINDOW}]))`,
  },
  ratio: {
    read: {
      ratio: { of: { name: 'requests_total', labels: { status: '~5..' } }, to: { name: 'requests_total' } },
    },
    unit: '%',
    query: `100 * sum by (app) (increase(requests_total{status=~"5.."}[${WINDOW}])) / sum by (app) (increase(requests_total[${WINDOW}]))`,
  },
  p95: {
    read: { quantile: { q: 0.95, histogram: { name: 'seconds' } } },
    unit: 's',
    query: `histogram_quantile(0.95, sum by (app, le) (increase(seconds_bucket[${WINDOW}])))`,
  },
  median: {
    read: { quantile: { q: 0.5, histogram: { name: 'seconds' } } },
    unit: 's',
    query: `histogram_quantile(0.5, sum by (app, le) (increase(seconds_bucket[${WINDOW}])))`,
  },
  mean: {
    read: { mean: { histogram: { name: 'seconds' } } },
    unit: 's',
    query: `sum by (app) (increase(seconds_sum[${WINDOW}])) / sum by (app) (increase(seconds_count[${WINDOW}]))`,
  },
};

interface Page {
  at: number;
  start: number;
  /** Missing: not on the page. */
  counters: Partial<Counters>;
}

/**
 * What one application says. Up to two restarts, after which it has counted less than before, as Prometheus needs to see
 * them; pages that could not be had, and pages on which some series are missing, but for the first and the last.
 */
function application(random: () => number): (Page | undefined)[] {
  const whole = (most: number) => Math.floor(random() * (most + 1));
  const isQuiet = random() < 0.1;
  // A counter with labels that appears with its first event.
  const appears = !isQuiet && random() < 0.25;
  let restarts = appears ? 0 : whole(2);
  let start = -5_000;
  let counters = Object.fromEntries(SERIES.map((name) => [name, 1_000 + whole(500)])) as Counters;
  // Cumulative, and enough of each.
  for (const [index, name] of SERIES.slice(2, 6).entries()) counters[name] = 1_000 * (index + 1);
  if (appears) counters['requests_total{status="500"}'] = 0;
  return Array.from({ length: PAGES }, (_, index) => {
    const isEdge = index === 0 || index === PAGES - 1;
    if (index > 0 && restarts > 0 && random() < 0.25) {
      const share = 0.3 + random() * 0.2;
      counters = Object.fromEntries(SERIES.map((name) => [name, Math.floor(counters[name] * share)])) as Counters;
      start = (index * STEP) / 1_000 - 5;
      restarts -= 1;
    } else if (index > 0 && !isQuiet) {
      let cumulative = 0;
      for (const name of SERIES) {
        const grown = whole(15);
        cumulative = name.startsWith('seconds_bucket') ? cumulative + Math.floor(grown / 4) : grown;
        counters = { ...counters, [name]: counters[name] + cumulative };
      }
    }
    if (!isEdge && random() < 0.15) return undefined;
    const missing = isEdge ? 1 : random();
    const isThere = (name: string): boolean => {
      if (name.includes('500') && counters['requests_total{status="500"}'] === 0) return false;
      if (missing < 0.2) return !name.includes('500');
      if (missing < 0.3) return !name.includes('200');
      return missing >= 0.4 || !name.startsWith('seconds');
    };
    const shown = Object.entries(counters).filter(([name]) => isThere(name));
    return { at: index * STEP, start, counters: Object.fromEntries(shown) };
  });
}

const textOf = ({ start, counters }: Page) =>
  [`${PROCESS_START} ${start}`, ...Object.entries(counters).map(([name, value]) => `${name} ${value}`)].join('\n');

/** As promtool takes it; a counter that has not appeared yet is 0 there, or its first events would not count. */
function inputSeries(app: number, pages: (Page | undefined)[]) {
  return SERIES.map((name) => {
    const values = pages.map((page, index) => page?.counters[name] ?? (index === 0 ? 0 : '_'));
    const [metric = '', labels = ''] = name.split(/[{}]/);
    return { series: `${metric}{${[labels, `app="${app}"`].filter(Boolean).join(',')}}`, values: values.join(' ') };
  });
}

describe(`as promtool has it (seed ${SEED})`, () => {
  const random = uniform(SEED);
  const applications = Array.from({ length: APPLICATIONS }, () => application(random));

  test.each(Object.entries(READINGS))(`the %s of ${APPLICATIONS} applications`, async (_, { read, unit, query }) => {
    const ours = applications.flatMap((pages, app) => {
      const looks = pages.flatMap((page) => (page ? [{ at: page.at, text: textOf(page) }] : []));
      const reading = readPages(countedPages(looks, [read]), { read, unit });
      return 'value' in reading
        ? [{ series: `ours{app="${app}"}`, values: Array(PAGES).fill(reading.value).join(' ') }]
        : [];
    });
    expect(ours.length).toBeGreaterThan(APPLICATIONS / 2);
    // What is 0/0 there is no data here.
    const theirs = `(${query} == ${query})`;
    const none = (expr: string) => ({ expr, eval_time: `${(PAGES - 1) * STEP}ms`, exp_samples: [] });
    const difference = await testRules({
      rules: { groups: [] },
      evaluation_interval: '10s',
      tests: [
        {
          interval: '10s',
          input_series: [...applications.flatMap((pages, app) => inputSeries(app, pages)), ...ours],
          promql_expr_test: [
            none(`abs(${theirs} - on (app) ours) > 0.0001 * (1 + ours)`),
            none(`${theirs} unless on (app) ours`),
            none(`ours unless on (app) ${theirs}`),
          ],
        },
      ],
    });
    expect(difference, `seed ${SEED}`).toBe('');
  });

  test('and it would tell a difference', async () => {
    const difference = await testRules({
      rules: { groups: [] },
      evaluation_interval: '10s',
      tests: [
        {
          interval: '10s',
          input_series: [{ series: 'ours', values: '1 2 3' }],
          promql_expr_test: [{ expr: 'ours > 2', eval_time: '20s', exp_samples: [] }],
        },
      ],
    });
    expect(difference).toContain('got');
  });
});
