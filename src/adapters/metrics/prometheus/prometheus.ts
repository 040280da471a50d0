/**
 * The metric source `prometheus`: PromQL by the HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/).
 *
 * An empty result may be a series that is not there now, or a name that Prometheus has never seen: the second is an
 * error. And a value may be of the past: instant values look back 5 min, rates their whole window. So at each time `up`
 * of the targets is asked for too, and what was measured of targets that are all down is no data. A part of an answer is
 * no answer: sums over it are of what happened to be there.
 */
import { z } from 'zod';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import type { PrometheusPlace } from '../../../contract/plan/providers.js';
import { prometheusQuestion } from '../../cloud/prometheus-api.js';
import { excerptOf } from '../../evidence/excerpt.js';
import { jsonOf } from '../../http/http.js';
import { type PatientRequest, patientRequests } from '../../http/patient-request.js';
import { rangeSource } from '../port/range-source.js';
import { type Answer, type Grid, type RequestedMetric, timesOf } from '../samples/grid.js';
import { secondsAs } from '../samples/readings.js';
import { missingIn } from './prometheus-answer.js';
import { seriesNames } from './promql.js';

type PrometheusSource = SourceOf<'prometheus'>;

const matrix = z.object({
  status: z.literal('success'),
  data: z.object({
    resultType: z.literal('matrix'),
    result: z.array(z.object({ values: z.array(z.tuple([z.number(), z.string()])).optional() })),
  }),
});
const labelValues = z.object({ status: z.literal('success'), data: z.array(z.string()) });
const refusal = z.object({ status: z.literal('error'), errorType: z.string(), error: z.string() });

export const prometheusMetrics = rangeSource<PrometheusSource>({
  ask: {
    each: (metric, grid, { signal, patience }) => readPrometheus(metric, grid, patientRequests(signal, patience)),
  },
  anyInstant: true,
  probe: ({ source, unit }) => ({
    missing: async ({ signal, patience }) => ({
      names: await unknownSeries(source, patientRequests(signal, patience)),
      known: [],
    }),
    ...(source.query.includes('histogram_quantile') && {
      bounds: async ({ signal, patience }) => {
        const bounds = await prometheusBounds(source, patientRequests(signal, patience));
        // A query is taken to give its unit out of seconds, as Prometheus' naming has it.
        return bounds.map((seconds) => secondsAs(seconds, unit));
      },
    }),
  }),
});

/** Instant values are taken from as far back as this. */
const LOOK_BACK = 300_000;

/** The value of a query at each time. @throws NoAnswer, or an Error that says what Prometheus would not do */
async function readPrometheus(
  { source }: RequestedMetric<PrometheusSource>,
  grid: Grid,
  ask: PatientRequest,
): Promise<Answer> {
  const [values, down] = await Promise.all([valuesOf(source, grid, ask), downAt(source, grid, ask)]);
  if (values.size > 0) return { values, void: down, missing: { noData: 'no series at this time' } };
  const unknown = await unknownSeries(source, ask).catch(() => []);
  if (unknown.length > 0) return { values, missing: { error: misspelt(unknown) } };
  return { values, void: down, missing: { noData: 'Prometheus has no such series now' } };
}

const misspelt = (names: string[]) =>
  `Prometheus has never seen ${names.join(', ')}: misspelt, or nothing was ever counted`;

/** The metrics of a query that Prometheus has never had. @throws NoAnswer or Error */
async function unknownSeries(source: PrometheusSource, ask: PatientRequest): Promise<string[]> {
  const names = new Set(seriesNames(source.query).flatMap(({ name }) => name ?? []));
  const known = await Promise.all(
    [...names].map(async (name) => {
      const answer = await get(
        source.place,
        '/api/v1/label/__name__/values',
        { 'match[]': `{__name__="${name}"}` },
        ask,
      );
      return labelValues.parse(answer).data.length > 0;
    }),
  );
  return [...names].filter((_, index) => known[index] === false);
}

/** The upper bounds of the histograms that a query reads, finite ones, ascending. @throws NoAnswer or Error */
async function prometheusBounds(source: PrometheusSource, ask: PatientRequest): Promise<number[]> {
  const buckets = seriesNames(source.query).filter(({ name }) => name?.endsWith('_bucket'));
  const answers = await Promise.all(
    buckets.map(async ({ text }) =>
      labelValues.parse(await get(source.place, '/api/v1/label/le/values', { 'match[]': text }, ask)),
    ),
  );
  const bounds = new Set(answers.flatMap(({ data }) => data.map(Number)).filter(Number.isFinite));
  return [...bounds].sort((a, b) => a - b);
}

async function valuesOf(source: PrometheusSource, grid: Grid, ask: PatientRequest): Promise<Map<number, number>> {
  const series = await range(source.place, source.query, grid, ask);
  if (series.length > 1) {
    throw new Error(`the query gives ${series.length} series; make it one number with sum(), max() or the like`);
  }
  return series[0] ?? new Map();
}

/** The times at which no target of the query was up, as far as that can be known. */
async function downAt(source: PrometheusSource, grid: Grid, ask: PatientRequest): Promise<Map<number, string>> {
  const query = upQuery(source);
  if (query === undefined) return new Map();
  try {
    const [alive = new Map<number, number>()] = await range(source.place, query, grid, ask);
    return new Map(
      timesOf(grid).flatMap((at): [number, string][] => {
        const up = alive.get(at);
        if (up === 0) return [[at, 'the target is down (up is 0): what is left of it is of the past']];
        return up === undefined && source.up !== undefined ? [[at, `there is no ${source.up}`]] : [];
      }),
    );
  } catch (error) {
    if (source.up !== undefined || !(error instanceof Refused)) throw error;
    // What Surefoot has made up itself must not stand in the way of the team's query.
    return new Map();
  }
}

/** `up` of the targets whose series the query has read lately; a query about `up` or absence answers for itself. */
function upQuery({ query, up, window }: PrometheusSource): string | undefined {
  if (up !== undefined) return `max(${up})`;
  const names = seriesNames(query);
  if (names.length === 0 || names.some(({ name }) => name === 'up') || /\babsent(_over_time)?\b/.test(query))
    return undefined;
  const lately = names.map(({ text }) => `last_over_time(${text}[${Math.max(window, LOOK_BACK)}ms])`);
  return `max(up and on (job, instance) (${lately.join(' or ')}))`;
}

async function range(
  place: PrometheusPlace,
  query: string,
  { first, last, step }: Grid,
  ask: PatientRequest,
): Promise<Map<number, number>[]> {
  const times = { start: seconds(first), end: seconds(last), step: seconds(step) };
  const answer = matrix.safeParse(await get(place, '/api/v1/query_range', { query, ...times }, ask));
  if (!answer.success) throw new Error('Prometheus answered something that is no matrix of values');
  return answer.data.data.result.map(({ values }) => {
    if (values === undefined) throw new Error('the query gives a native histogram; make it one number');
    return new Map(values.map(([time, text]) => [Math.round(time * 1_000), numberOf(text)]));
  });
}

const seconds = (milliseconds: number) => String(milliseconds / 1_000);

/** Prometheus writes values as text: `NaN`, `+Inf` and `-Inf` too. @throws Error for what is none of them */
function numberOf(text: string): number {
  if (text === 'NaN') return Number.NaN;
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  const value = Number(text);
  if (text.trim() === '' || Number.isNaN(value)) throw new Error('Prometheus answered a value that is no number');
  return value;
}

/** Prometheus, or who guards it, will not do what it was asked. */
class Refused extends Error {
  override name = 'Refused';
}

async function get(
  place: PrometheusPlace,
  path: string,
  parameters: Record<string, string>,
  ask: PatientRequest,
): Promise<unknown> {
  const answer = await ask(await prometheusQuestion(place, `${path}?${new URLSearchParams(parameters)}`));
  const body = jsonOf(answer);
  if (answer.status === 200 && body !== undefined) {
    const missing = missingIn(body);
    if (missing !== undefined) throw new Error(`Prometheus has answered only in part (${missing})`);
    return body;
  }
  const refused = refusal.safeParse(body);
  const text = refused.success
    ? `Prometheus refuses (${refused.data.errorType}): ${excerptOf(refused.data.error)}`
    : `Prometheus answered ${answer.statusText}${answer.status === 200 ? ', which is no JSON' : ''}`;
  throw answer.status >= 400 && answer.status < 500 ? new Refused(text) : new Error(text);
}
