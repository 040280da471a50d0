/**
 * The metric source `cloudwatch`: GetMetricData, of all metrics with the same times in one call. `Complete` without
 * values is no data; a metric that was never seen is an error, since ListMetrics can tell. A part of an answer is none:
 * a formula over it would be of what happened to be there.
 */
import {
  CloudWatchClient,
  GetMetricDataCommand,
  ListMetricsCommand,
  type MessageData,
  type MetricDataQuery,
  type MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import type { CloudWatchQuery, SourceOf } from '../../contract/plan/metrics.js';
import { awsMessage, withAws } from '../cloud/aws.js';
import { excerptOf } from '../evidence/excerpt.js';
import { rangeSource } from './port/range-source.js';
import { inFormula } from './samples/formula.js';
import { type Answer, type Grid, type RequestedMetric, timesOf } from './samples/grid.js';

type CloudWatchSource = SourceOf<'cloudwatch'>;

export const cloudwatchMetrics = rangeSource<CloudWatchSource>({
  ask: {
    async together(metrics, grid, { signal }) {
      const [first] = metrics;
      if (first === undefined) return new Map();
      const { place } = first.source;
      return withAws(CloudWatchClient, place, (client) => readCloudWatch(metrics, grid, { client, signal }));
    },
  },
  probe: ({ source }) => ({
    missing: async ({ signal }) => ({
      names: await withAws(CloudWatchClient, source.place, (client) => unseenMetrics(source, { client, signal })),
      known: [],
    }),
  }),
});

/** The values of metrics of one CloudWatch at each time. @throws Error that says what CloudWatch would not do */
async function readCloudWatch(
  metrics: readonly RequestedMetric<CloudWatchSource>[],
  grid: Grid,
  { client, signal }: { client: CloudWatchClient; signal: AbortSignal },
): Promise<Map<string, Answer>> {
  try {
    const results = await resultsOf(metrics, grid, { client, signal });
    const answers = metrics.map(async ({ name, source }, index) => {
      const own = results.get(`m${index}`) ?? [];
      return [name, await answerOf(source, own, grid, { client, signal })] as const;
    });
    return new Map(await Promise.all(answers));
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof PartialAnswer) throw new Error(`CloudWatch: ${error.message}`);
    const { name, message } = error as Error;
    // Its words are about the plan's own query: without them nobody could mend it.
    const words = /^(Validation|InvalidParameter)/.test(name) ? excerptOf(message) : undefined;
    if (words === undefined || metrics.length === 1) throw new Error(`CloudWatch: ${words ?? awsMessage(error)}`);
    // One wrong query refuses them all: each by itself tells which.
    return new Map(await Promise.all(metrics.map((metric) => readAlone(metric, grid, { client, signal }))));
  }
}

async function readAlone(
  metric: RequestedMetric<CloudWatchSource>,
  grid: Grid,
  by: { client: CloudWatchClient; signal: AbortSignal },
): Promise<[string, Answer]> {
  try {
    const answers = await readCloudWatch([metric], grid, by);
    return [metric.name, answers.get(metric.name) ?? { values: new Map(), missing: { noData: 'no answer' } }];
  } catch (error) {
    by.signal.throwIfAborted();
    return [metric.name, { values: new Map(), missing: { error: (error as Error).message } }];
  }
}

/** As much of it as could be had. */
class PartialAnswer extends Error {
  override name = 'PartialAnswer';
}

const wordsOf = (messages: readonly MessageData[] = []): string =>
  excerptOf(messages.map(({ Code, Value }) => Value ?? Code ?? 'a message without words').join('; '), 200);

/** Every page, by the metric's place in the request; one metric may have several results. */
async function resultsOf(
  metrics: readonly RequestedMetric<CloudWatchSource>[],
  grid: Grid,
  { client, signal }: { client: CloudWatchClient; signal: AbortSignal },
): Promise<Map<string, MetricDataResult[]>> {
  const input = {
    MetricDataQueries: metrics.flatMap(({ source }, index) => queriesOf(source, `m${index}`, grid.step / 1_000)),
    StartTime: new Date(grid.first - grid.step),
    EndTime: new Date(grid.last),
    ScanBy: 'TimestampAscending' as const,
  };
  const results = new Map<string, MetricDataResult[]>();
  let token: string | undefined;
  do {
    const page = await client.send(new GetMetricDataCommand({ ...input, NextToken: token }), { abortSignal: signal });
    // The operation as a whole: it was carried out as far as possible.
    const message = wordsOf(page.Messages);
    if (message !== '') throw new PartialAnswer(`only a part was answered (${message})`);
    for (const result of page.MetricDataResults ?? []) {
      const own = results.get(result.Id ?? '') ?? [];
      results.set(result.Id ?? '', [...own, result]);
    }
    token = page.NextToken;
  } while (token !== undefined);
  return results;
}

function queriesOf({ queries, formula }: CloudWatchSource, prefix: string, period: number): MetricDataQuery[] {
  const names = Object.keys(queries);
  const stated = Object.entries(queries).map(([name, query]): MetricDataQuery => {
    const MetricStat = { Metric: metricOf(query), Period: period, Stat: query.statistic };
    // A formula that is but the query's name is the query itself.
    return name === formula
      ? { Id: prefix, MetricStat, ReturnData: true }
      : { Id: `${prefix}_${name}`, MetricStat, ReturnData: false };
  });
  if (names.includes(formula)) return stated.filter(({ Id }) => Id === prefix);
  const Expression = inFormula(formula, names, (name) => `${prefix}_${name}`);
  return [...stated, { Id: prefix, Expression, Period: period, ReturnData: true }];
}

const metricOf = ({ namespace, metric, dimensions }: CloudWatchQuery) => ({
  Namespace: namespace,
  MetricName: metric,
  Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
});

async function answerOf(
  source: CloudWatchSource,
  results: readonly MetricDataResult[],
  grid: Grid,
  by: { client: CloudWatchClient; signal: AbortSignal },
): Promise<Answer> {
  const labels = new Set(results.map(({ Label }) => Label ?? ''));
  if (labels.size > 1) {
    const error = `the formula gives ${labels.size} series; make it one number with SUM(), MAX() or the like`;
    return { values: new Map(), missing: { error } };
  }
  const error = missingIn(results);
  if (error !== undefined) return { values: new Map(), missing: { error } };
  const values = new Map<number, number>();
  for (const { Timestamps = [], Values = [] } of results) {
    // A period is named by its beginning; the sample stands at its end, when it is known.
    for (const [index, begin] of Timestamps.entries()) values.set(begin.getTime() + grid.step, Values[index] as number);
  }
  const without = wordsOf(results.flatMap(({ Messages = [] }) => Messages));
  if (timesOf(grid).some((at) => values.has(at)) || without !== '') {
    return { values, missing: { noData: without || 'CloudWatch has no value for this time' } };
  }
  const unknown = await unseenMetrics(source, by).catch(() => []);
  if (unknown.length === 0) return { values, missing: { noData: 'CloudWatch has no values for these times' } };
  const unseen = `CloudWatch has not seen ${unknown.join(', ')} for two weeks: misspelt, or never counted`;
  return { values, missing: { error: unseen } };
}

/**
 * Why the results of one metric are not the whole; undefined when nothing speaks against it. PartialData goes on in the
 * next page; as the last one, and where it is Forbidden or an InternalError, it is a failure. That points were dropped
 * for being no numbers (x/0) is no failure: there is no value at these times.
 */
function missingIn(results: readonly MetricDataResult[]): string | undefined {
  const [last] = results.slice(-1);
  const failed = results.find(({ StatusCode }) => StatusCode !== 'Complete' && StatusCode !== 'PartialData') ?? last;
  if (failed?.StatusCode !== 'Complete') {
    const words = wordsOf(failed?.Messages);
    return `CloudWatch answered ${failed?.StatusCode ?? 'without this metric'}${words && `: ${words}`}`;
  }
  const said = wordsOf(
    results.flatMap(({ Messages = [] }) => Messages).filter(({ Code }) => Code !== 'ArithmeticError'),
  );
  if (said !== '') return `CloudWatch has answered only in part: ${said}`;
  const isWhole = results.every(({ Timestamps = [], Values = [] }) => Timestamps.length === Values.length);
  return isWhole ? undefined : 'CloudWatch answered without a value for each time';
}

/** The metrics of the queries that CloudWatch does not list (it forgets after two weeks). @throws what the SDK throws */
async function unseenMetrics(
  { queries }: CloudWatchSource,
  { client, signal }: { client: CloudWatchClient; signal: AbortSignal },
): Promise<string[]> {
  const asked = Object.values(queries);
  const seen = await Promise.all(
    asked.map(async (query) => {
      const answer = await client.send(new ListMetricsCommand(metricOf(query)), { abortSignal: signal });
      // A page may be empty and not the last.
      return (answer.Metrics?.length ?? 0) > 0 || answer.NextToken !== undefined;
    }),
  );
  return asked.flatMap(({ namespace, metric }, index) => (seen[index] === false ? [`${namespace} ${metric}`] : []));
}
