/**
 * The metric source `datadog`: `POST /api/v2/query/timeseries`, in milliseconds. Metrics with the same times share a
 * request: Datadog limits how many may be made in an hour. A part of an answer is none: what is missing from it would be
 * taken for times without a value.
 */
import { z } from 'zod';
import type { SourceOf } from '../../contract/plan/metrics.js';
import type { DatadogPlace } from '../../contract/plan/providers.js';
import { excerptOf } from '../evidence/excerpt.js';
import { readSecret } from '../evidence/secrets.js';
import { type HttpAnswer, jsonOf } from '../http/http.js';
import { type PatientRequest, patientRequests } from '../http/patient-request.js';
import { rangeSource } from './port/range-source.js';
import { inFormula } from './samples/formula.js';
import { type Answer, type Grid, type RequestedMetric, timesOf } from './samples/grid.js';

type DatadogSource = SourceOf<'datadog'>;

export const datadogMetrics = rangeSource<DatadogSource>({
  ask: {
    together: (metrics, grid, { signal, patience }) => readDatadog(metrics, grid, patientRequests(signal, patience)),
  },
  probe: ({ source }) => ({
    missing: async ({ signal, patience }) => ({
      names: await unknownMetrics(source, patientRequests(signal, patience)),
      known: [],
    }),
  }),
});

const timeseries = z.object({
  data: z.object({
    attributes: z.object({
      series: z.array(z.object({ query_index: z.int().min(0).default(0) })),
      times: z.array(z.number()),
      values: z.array(z.array(z.number().nullable())),
    }),
  }),
  errors: z.union([z.string(), z.array(z.string())]).nullish(),
  meta: z
    .object({
      status: z.string().nullish(),
      warnings: z.array(z.object({ title: z.string().nullish(), detail: z.string().nullish() })).nullish(),
      page: z.object({ after: z.string().nullish() }).nullish(),
    })
    .nullish(),
});
type Timeseries = z.output<typeof timeseries>;
const refusal = z.object({ errors: z.array(z.string()).min(1) });

/** The values of metrics of one Datadog at each time. @throws NoAnswer, or an Error that says what Datadog would not do */
async function readDatadog(
  metrics: readonly RequestedMetric<DatadogSource>[],
  grid: Grid,
  ask: PatientRequest,
): Promise<Map<string, Answer>> {
  const place = metrics[0]?.source.place;
  if (place === undefined) return new Map();
  const answer = await ask({
    url: `${place.api}/api/v2/query/timeseries`,
    method: 'POST',
    headers: await keys(place),
    json: questions(metrics, grid),
  });
  // One wrong query refuses them all: each by itself tells which.
  if (answer.status === 400 && metrics.length > 1) {
    const alone = await Promise.all(metrics.map((metric) => readAlone(metric, grid, ask)));
    return new Map(alone);
  }
  const series = seriesOf(answer);
  const answers = metrics.map(async ({ name, source }, index) => {
    const own = series.filter((one) => one.index === index);
    return [name, await answerOf(source, own, grid, ask)] as const;
  });
  return new Map(await Promise.all(answers));
}

async function readAlone(
  metric: RequestedMetric<DatadogSource>,
  grid: Grid,
  ask: PatientRequest,
): Promise<[string, Answer]> {
  try {
    const answers = await readDatadog([metric], grid, ask);
    return [metric.name, answers.get(metric.name) ?? { values: new Map(), missing: { noData: 'no answer' } }];
  } catch (error) {
    return [metric.name, { values: new Map(), missing: { error: (error as Error).message } }];
  }
}

function questions(metrics: readonly RequestedMetric<DatadogSource>[], grid: Grid): unknown {
  const queries = metrics.flatMap(({ source }, index) =>
    Object.entries(source.queries).map(([name, query]) => ({
      data_source: 'metrics',
      name: `m${index}_${name}`,
      query,
    })),
  );
  const formulas = metrics.map(({ source }, index) => ({
    formula: inFormula(source.formula, Object.keys(source.queries), (name) => `m${index}_${name}`),
  }));
  const span = { from: grid.first - grid.step, to: grid.last, interval: grid.step };
  return { data: { type: 'timeseries_request', attributes: { ...span, queries, formulas } } };
}

interface Series {
  index: number;
  points: [time: number, value: number][];
}

function seriesOf(answer: HttpAnswer): Series[] {
  const { status, statusText } = answer;
  if (status === 401 || status === 403) throw new Error(`Datadog refuses these keys (${statusText})`);
  const body = jsonOf(answer);
  if (status !== 200) {
    const refused = refusal.safeParse(body);
    const words = refused.success ? `: ${excerptOf(refused.data.errors.join('; '))}` : '';
    throw new Error(`Datadog answered ${statusText}${words}`);
  }
  const read = timeseries.safeParse(body);
  if (!read.success) throw new Error('Datadog answered something that is no time series');
  const missing = missingIn(read.data);
  if (missing !== undefined) throw new Error(`Datadog could not answer: ${excerptOf(missing)}`);
  const { series, times, values } = read.data.data.attributes;
  return series.map(({ query_index }, position) => ({
    index: query_index,
    points: times.flatMap((time, at) => {
      const value = values[position]?.[at];
      return typeof value === 'number' ? [[time, value] as [number, number]] : [];
    }),
  }));
}

/** Why an answer is not the whole; undefined when nothing speaks against it. */
function missingIn({ errors, meta, data }: Timeseries): string | undefined {
  const said = [errors || []].flat();
  if (said.length > 0) return said.join('; ');
  const warnings = (meta?.warnings ?? []).map(({ title, detail }) => detail ?? title ?? 'a warning without words');
  if (warnings.length > 0) return warnings.join('; ');
  if (meta?.status && !['done', 'ok'].includes(meta.status)) return `it is only in part (${meta.status})`;
  if (meta?.page?.after) return 'it goes on in another page';
  const { series, times, values } = data.attributes;
  const isWhole = values.length === series.length && values.every((row) => row.length === times.length);
  return isWhole ? undefined : 'it has not a value for each of its series and times';
}

async function answerOf(source: DatadogSource, series: Series[], grid: Grid, ask: PatientRequest): Promise<Answer> {
  if (series.length > 1) {
    const error = `the query gives ${series.length} series; leave out "by {…}" so that it gives one`;
    return { values: new Map(), missing: { error } };
  }
  const values = new Map<number, number>();
  for (const at of timesOf(grid)) {
    // A point stands at the beginning of its interval; the sample, at its end, when it is known.
    const point = series[0]?.points.findLast(([time]) => time >= at - grid.step && time < at);
    if (point) values.set(at, point[1]);
  }
  if (values.size > 0) return { values, missing: { noData: 'Datadog has no value for this time' } };
  const unknown = await unknownMetrics(source, ask).catch(() => []);
  if (unknown.length === 0) return { values, missing: { noData: 'Datadog has no values for these times' } };
  return { values, missing: { error: `Datadog knows no metric ${unknown.join(', ')}: misspelt, or never sent` } };
}

/** The metrics of the queries that Datadog has never had. @throws NoAnswer, or Error where it does not say so of one */
async function unknownMetrics(source: DatadogSource, ask: PatientRequest): Promise<string[]> {
  const names = new Set(Object.values(source.queries).flatMap(metricNames));
  const headers = await keys(source.place);
  const known = await Promise.all(
    [...names].map(async (name) => {
      const url = `${source.place.api}/api/v1/metrics/${encodeURIComponent(name)}`;
      const { status, statusText } = await ask({ url, headers });
      if (status !== 200 && status !== 404) throw new Error(`Datadog does not tell of ${name}: ${statusText}`);
      return status === 200;
    }),
  );
  return [...names].filter((_, index) => known[index] === false);
}

/** `sum:trace.http.request.errors{…}`: what stands before the braces, without how it is added up. */
const metricNames = (query: string): string[] =>
  [...query.matchAll(/([A-Za-z][\w.]*)\s*\{/g)]
    .map(([, name = '']) => name)
    .filter((name) => name !== 'by' && name !== 'without');

const keys = async ({ apiKey, applicationKey }: DatadogPlace): Promise<Record<string, string>> => ({
  'dd-api-key': await readSecret(apiKey),
  'dd-application-key': await readSecret(applicationKey),
});
