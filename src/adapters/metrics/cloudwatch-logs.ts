/** The metric source `cloudwatch-logs`: how many lines of a log group match a filter in the window before each time. */
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import type { SourceOf } from '../../contract/plan/metrics.js';
import { awsMessage, withAws } from '../cloud/aws.js';
import { excerptOf } from '../evidence/excerpt.js';
import { rangeSource } from './port/range-source.js';
import { type Answer, type Grid, type RequestedMetric, timesOf } from './samples/grid.js';
import { perUnit } from './samples/readings.js';

type LogsSource = SourceOf<'cloudwatch-logs'>;

export const cloudwatchLogLines = rangeSource<LogsSource>({
  ask: {
    each: (metric, grid, { signal }) =>
      withAws(CloudWatchLogsClient, metric.source.place, (client) =>
        readCloudWatchLogs(metric, grid, { client, signal }),
      ),
  },
});

/** From here on lines are not read further: a window with so many says "too many", and later ones are not known. */
const MOST_LINES = 50_000;

/**
 * The number of matching lines at each time, as the unit wants it. Nothing is no data when the group has no line at
 * all in the window: then nobody writes to it, and silence is no proof.
 * @throws Error that says what CloudWatch would not do
 */
async function readCloudWatchLogs(
  { source, unit }: RequestedMetric<LogsSource>,
  grid: Grid,
  { client, signal }: { client: CloudWatchLogsClient; signal: AbortSignal },
): Promise<Answer> {
  const { window, group, filter } = source;
  const span = { logGroupName: group, startTime: grid.first - window, endTime: grid.last };
  try {
    const { found: lines, isCut } = await timestamps({ ...span, filterPattern: filter }, MOST_LINES, {
      client,
      signal,
    });
    const isAlive = lines.length > 0 || (await timestamps(span, 1, { client, signal })).found.length > 0;
    const until = isCut ? lines.reduce((latest, time) => Math.max(latest, time), 0) : Number.POSITIVE_INFINITY;
    const counts = timesOf(grid).flatMap((at): [number, number][] => {
      const count = lines.filter((time) => time > at - window && time <= at).length;
      // Lines come in the order of their times.
      return at < until || count >= MOST_LINES ? [[at, perUnit(count, { unit, span: window })]] : [];
    });
    if (isCut) return { values: new Map(counts), missing: { error: `more than ${MOST_LINES} lines match` } };
    const noData = `the log group ${group} had no line at all`;
    return { values: new Map(isAlive ? counts : []), missing: { noData } };
  } catch (error) {
    signal.throwIfAborted();
    const { name, message } = error as Error;
    if (name === 'ResourceNotFoundException') throw new Error(`CloudWatch: there is no log group ${group}`);
    throw new Error(`CloudWatch: ${name === 'InvalidParameterException' ? excerptOf(message) : awsMessage(error)}`);
  }
}

/** When the lines were written, page by page until there are enough; a page may be empty and not the last. */
async function timestamps(
  input: { logGroupName: string; startTime: number; endTime: number; filterPattern?: string },
  most: number,
  { client, signal }: { client: CloudWatchLogsClient; signal: AbortSignal },
): Promise<{ found: number[]; isCut: boolean }> {
  const found: number[] = [];
  let nextToken: string | undefined;
  do {
    const page = await client.send(new FilterLogEventsCommand({ ...input, nextToken }), { abortSignal: signal });
    for (const { timestamp } of page.events ?? []) if (timestamp !== undefined) found.push(timestamp);
    nextToken = page.nextToken;
  } while (nextToken !== undefined && found.length < most);
  return { found, isCut: nextToken !== undefined };
}
