/** `cloudwatch`: metrics of CloudWatch. */
import { z } from 'zod';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import type { AwsPlace } from '../../../contract/plan/providers.js';
import { reference, strict, text } from '../../core/basics.js';
import { checkFormula, formula, formulaOf, queryName } from './formula.js';
import { environments, type PlannedProvider, providerHost } from './provider.js';
import { checkPlaceholders, checkRange, delay, fillRange, rangeKeys } from './range-source.js';
import { ofAnyUnit, type PlannedSource } from './source.js';

const cloudWatchQuery = strict({
  namespace: text().describe('As `AWS/ApplicationELB`'),
  metric: text().describe('Name of the metric'),
  dimensions: z.record(text(), text()).default({}).describe('Dimensions by name; `{environment}` is filled in'),
  statistic: text()
    .regex(/^(Average|Sum|Minimum|Maximum|SampleCount|(p|tm|wm|tc|ts)\d+(\.\d+)?|(PR|TM|WM|TC|TS|IQM)(\(.*\))?)$/, {
      error: 'Not a statistic of CloudWatch; write for example Sum, Average or p95',
    })
    .describe('As `Sum`, `Average`, `p95`'),
});

const schema = strict({
  ...rangeKeys('1m'),
  source: z.literal('cloudwatch').describe('Metrics of CloudWatch'),
  queries: z.record(queryName, cloudWatchQuery).describe('Metrics by name'),
  formula,
  delay: delay('2m'),
});

export const cloudwatchSource: PlannedSource<SourceOf<'cloudwatch'>, typeof schema> = {
  schema,
  reading: ofAnyUnit,
  check(resolution, { name, metric }) {
    const at = ['metrics', name];
    checkRange(resolution, { at, metric, kind: 'cloudwatch' });
    const seconds = metric.resolution / 1_000;
    if (Number.isInteger(seconds) && seconds % 60 !== 0 && ![1, 5, 10, 20, 30].includes(seconds)) {
      const message = 'CloudWatch keeps values of 1, 5, 10, 20 or 30 seconds, or of whole minutes';
      resolution.report([...at, 'resolution'], message);
    }
    for (const [query, { dimensions }] of Object.entries(metric.queries)) {
      for (const [key, text] of Object.entries(dimensions)) {
        checkPlaceholders(resolution, { text, at: [...at, 'queries', query, 'dimensions', key] });
      }
    }
    checkFormula(resolution, metric, at);
  },
  fill(metric, filling) {
    const filled = fillRange(metric, filling, { kind: 'cloudwatch' });
    if (filled === undefined) return undefined;
    const { times, place, fill } = filled;
    const queries = Object.entries(metric.queries).map(([name, query]) => {
      const dimensions = Object.entries(query.dimensions).map(([key, text]) => [key, fill(text)]);
      return [name, { ...query, dimensions: Object.fromEntries(dimensions) }];
    });
    return { ...times, kind: 'cloudwatch', place, queries: Object.fromEntries(queries), formula: formulaOf(metric) };
  },
};

const place = strict({
  kind: z.literal('cloudwatch').describe('CloudWatch, metrics and logs'),
  region: text()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'Not a region; write for example sa-east-1')
    .describe('The region, as `sa-east-1`'),
  host: providerHost('another address than AWS’s own').optional(),
  accessKeyId: reference('credentials')
    .optional()
    .describe('A key of `credentials`; without it, those that the AWS SDK finds on the worker'),
  secretAccessKey: reference('credentials').optional().describe('A key of `credentials`'),
  environments,
});

export const cloudwatchProvider: PlannedProvider<AwsPlace, typeof place> = {
  schema: place,
  place({ region, host, accessKeyId, secretAccessKey }, lookups) {
    const found: AwsPlace = { region };
    if (host !== undefined) found.endpoint = lookups.host(host);
    if (accessKeyId !== undefined && secretAccessKey !== undefined) {
      found.credentials = {
        accessKeyId: lookups.secret(accessKeyId, 'accessKeyId'),
        secretAccessKey: lookups.secret(secretAccessKey, 'secretAccessKey'),
      };
    } else if (accessKeyId !== undefined || secretAccessKey !== undefined) {
      lookups.report(
        'Write `accessKeyId` and `secretAccessKey`, or neither: then the AWS SDK looks for them on the worker',
        accessKeyId === undefined ? 'secretAccessKey' : 'accessKeyId',
      );
    }
    return found;
  },
};
