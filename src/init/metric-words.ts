/** Metrics that checklists and alerts speak of: their words, and how a page for Prometheus usually has them. */
import { plain } from './placed-boxes.js';

interface KnownMetric {
  title: string;
  unit: '%' | 'ms';
  words: RegExp;
  /** Which side of a limit is the good one. */
  good: '<' | '>';
  /** By the names that client libraries commonly give; nobody has looked whether this service has them. */
  read: Record<string, unknown>;
}

const REQUESTS = 'http_requests_total';
const DURATIONS = { name: 'http_request_duration_seconds' };
const latency = (q: number) => ({ quantile: { q, histogram: DURATIONS } });

export const KNOWN_METRICS = {
  'error-rate': {
    title: 'Error rate',
    unit: '%',
    words: /taxa de erros?|error ?rate|errorrate|\b5xx\b|http errors/,
    good: '<',
    read: { ratio: { of: { name: REQUESTS, labels: { status: '~5..' } }, to: { name: REQUESTS } } },
  },
  'success-rate': {
    title: 'Success rate',
    unit: '%',
    words: /taxa de sucesso|success ?rate/,
    good: '>',
    read: { ratio: { of: { name: REQUESTS, labels: { status: '~[1-4]..' } }, to: { name: REQUESTS } } },
  },
  'latency-p50': { title: 'P50', unit: 'ms', words: /\bp50\b|median|mediana/, good: '<', read: latency(0.5) },
  'latency-p95': { title: 'P95', unit: 'ms', words: /\bp95\b|latencyp95|0\.95/, good: '<', read: latency(0.95) },
  'latency-p99': { title: 'P99', unit: 'ms', words: /\bp99\b|latencyp99|0\.99/, good: '<', read: latency(0.99) },
  'latency-mean': {
    title: 'Mean latency',
    unit: 'ms',
    words: /latencia media|mean latency|average (latency|response time)|tempo (de resposta )?medio/,
    good: '<',
    read: { mean: { histogram: DURATIONS } },
  },
  cpu: {
    title: 'CPU',
    unit: '%',
    words: /\bcpu|cpu\b|processcpu/,
    good: '<',
    read: { rate: { name: 'process_cpu_seconds_total' } },
  },
} as const satisfies Record<string, KnownMetric>;

export type MetricName = keyof typeof KNOWN_METRICS;
const NAMES = Object.keys(KNOWN_METRICS) as MetricName[];

/** The metrics that a text speaks of. */
export const metricsNamed = (text: string): MetricName[] =>
  NAMES.filter((name) => KNOWN_METRICS[name].words.test(plain(text)));

export interface StatedLimit {
  comparison: '<' | '<=' | '>' | '>=';
  number: number;
  /** As it is written: `%`, `s`, `ms`, or none. */
  unit: string;
}

const BELOW = /(?:abaixo de|menor que|below|under|less than|lower than)\s*(?=\d)/g;
const ABOVE = /(?:acima de|maior que|above|over|more than|higher than)\s*(?=\d)/g;

/** The one limit that words set: `< 2s`, `below 1 %`. Nothing where there is none, or more than one. */
export function limitIn(words: string): StatedLimit | undefined {
  const text = plain(words).replace(BELOW, '< ').replace(ABOVE, '> ').replaceAll('≤', '<=').replaceAll('≥', '>=');
  const [found, ...others] = [...text.matchAll(/(<=?|>=?)\s*(\d+(?:[.,]\d+)?)\s*(%|ms\b|s\b)?/g)];
  if (found === undefined || others.length > 0) return undefined;
  const [, comparison, number = '', unit = ''] = found;
  return { comparison: comparison as StatedLimit['comparison'], number: Number(number.replace(',', '.')), unit };
}

/** The one rule over a metric that words state, in units that the metric can be held against. */
export function ruleIn(words: string): { metric: MetricName; limit: StatedLimit } | undefined {
  const [metric, ...others] = metricsNamed(words);
  const limit = limitIn(words);
  if (metric === undefined || others.length > 0 || limit === undefined) return undefined;
  const { unit, good } = KNOWN_METRICS[metric];
  const fits = unit === '%' ? limit.unit === '%' : limit.unit === 's' || limit.unit === 'ms';
  return fits && limit.comparison.startsWith(good) ? { metric, limit } : undefined;
}
