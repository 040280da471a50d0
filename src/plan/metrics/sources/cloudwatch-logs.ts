/** `cloudwatch-logs`: lines of a log group of CloudWatch. */
import { z } from 'zod';
import type { SourceOf } from '../../../contract/plan/metrics.js';
import { strict, text } from '../../core/basics.js';
import { checkPlaceholders, checkRange, delay, fillRange, rangeKeys } from './range-source.js';
import { COUNTED, type PlannedSource } from './source.js';

const schema = strict({
  ...rangeKeys('1m'),
  source: z.literal('cloudwatch-logs').describe('Lines of a log group of CloudWatch'),
  group: text().describe('The log group; `{environment}` is filled in'),
  filter: text().describe('Filter pattern of the lines that count, as CloudWatch has it'),
  delay: delay('30s'),
});

export const cloudwatchLogsSource: PlannedSource<SourceOf<'cloudwatch-logs'>, typeof schema> = {
  schema,
  reading: () => ({ reading: 'log lines', units: COUNTED }),
  check(resolution, { name, metric }) {
    const at = ['metrics', name];
    checkRange(resolution, { at, metric, kind: 'cloudwatch' });
    checkPlaceholders(resolution, { text: metric.group, at: [...at, 'group'] });
  },
  fill(metric, filling) {
    const filled = fillRange(metric, filling, { kind: 'cloudwatch' });
    if (filled === undefined) return undefined;
    const { times, place, fill } = filled;
    return { ...times, kind: 'cloudwatch-logs', place, group: fill(metric.group), filter: metric.filter };
  },
};
