import { AWS_SECRET, awsAt } from '../helpers/aws.js';
import { type Handler, json, serve } from '../helpers/server.js';
import { metricSourceConforms } from './metric-source.js';
import { endless, hasty, usual } from './sources.js';

const MINUTE = 60_000;
const NOW = 1_764_000_000_000;
const FIRST = NOW - MINUTE;
const span = { since: FIRST - MINUTE, at: NOW };
const shared = { window: MINUTE, resolution: MINUTE, delay: 0 };
const secrets = [AWS_SECRET];

/** One answer after another; the last one stays. */
const answers = (...bodies: object[]): Handler => {
  const left = [...bodies];
  return (_, response) => json(response, left.length > 1 ? left.shift() : left[0]);
};
const refusal =
  (kind: string, status: number, message = AWS_SECRET): Handler =>
  (_, response) =>
    json(response, { __type: kind, message }, status);
const page: Handler = (_, response) => response.end('<html>');

const result = (values: number[], more: object = {}, from = FIRST - MINUTE) => ({
  Id: 'm0',
  Timestamps: values.map((_, index) => (from + index * MINUTE) / 1_000),
  Values: values,
  StatusCode: 'Complete',
  ...more,
});
const results = (...all: object[]) => ({ MetricDataResults: all });

metricSourceConforms({ kind: 'cloudwatch', reader: 'adapters/metrics/cloudwatch.ts', secrets }, (ask) => {
  const errors = { namespace: 'App', metric: 'Errors', dimensions: {}, statistic: 'Sum' };
  const from = async (handle: Handler, patience = usual) => {
    const { place } = awsAt((await serve(handle)).url);
    return ask({ kind: 'cloudwatch', place, queries: { errors }, formula: 'errors', ...shared }, { span, patience });
  };
  const says = (...bodies: object[]) => from(answers(...bodies));
  return {
    value: () => says(results(result([4, 6]))),
    none: () => says({ ...results(result([])), Metrics: [] }),
    hidden: () => says(results(result([4, 6], { StatusCode: 'Forbidden' }))),
    partial: () => says(results(result([4, 6], { StatusCode: 'PartialData' }))),
    error: () => from(refusal('InternalServiceFault', 500, `${AWS_SECRET} ${'x'.repeat(10_000)}`)),
    hang: () => from(() => {}, hasty),
    nonsense: () => from(page),
    huge: () => from(endless('{"MetricDataResults": ['.repeat(10_000))),
    rateLimit: () => from(refusal('ThrottlingException', 400)),
    paging: {
      read: () =>
        says(
          { ...results(result([4], { StatusCode: 'PartialData' })), NextToken: 'more' },
          results(result([6], {}, FIRST)),
        ),
      whole: [4, 6],
    },
    // The key itself is never sent; a query that quotes it is.
    secrets: () => from(refusal('ValidationError', 400)),
  };
});

const event = { timestamp: NOW - 1_000, message: 'CRITICAL' };
const early = { ...event, timestamp: FIRST - 1_000 };

metricSourceConforms({ kind: 'cloudwatch-logs', reader: 'adapters/metrics/cloudwatch-logs.ts', secrets }, (ask) => {
  const from = async (handle: Handler, patience = usual) => {
    const { place } = awsAt((await serve(handle)).url);
    return ask({ kind: 'cloudwatch-logs', place, group: '/app', filter: 'CRITICAL', ...shared }, { span, patience });
  };
  const says = (...bodies: object[]) => from(answers(...bodies));
  return {
    value: () => says({ events: [event] }),
    none: () => says({ events: [] }),
    hidden: () => from(refusal('AccessDeniedException', 400)),
    partial: () => says({ events: Array.from({ length: 20_000 }, () => early), nextToken: 'more' }),
    error: () => from(refusal('ServiceUnavailableException', 503)),
    hang: () => from(() => {}, hasty),
    nonsense: () => from(page),
    huge: () => from(endless('{"events": ['.repeat(10_000))),
    rateLimit: () => from(refusal('ThrottlingException', 400)),
    paging: { read: () => says({ events: [event], nextToken: 'more' }, { events: [event] }), whole: [0, 2] },
    secrets: () => from(refusal('InvalidParameterException', 400)),
  };
});
