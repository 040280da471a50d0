import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { awsOptions } from '../../src/adapters/cloud/aws.js';
import type { Patience } from '../../src/adapters/http/patient-request.js';
import { readCloudWatch } from '../../src/adapters/metrics/cloudwatch.js';
import { readCloudWatchLogs } from '../../src/adapters/metrics/cloudwatch-logs.js';
import type { CloudWatchQuery } from '../../src/contract/plan/metrics.js';
import { AWS_SECRET, awsAt } from '../helpers/aws.js';
import { json, serve, type TestServer } from '../helpers/server.js';
import { conforms } from './reader.js';
import { endless, hasty, keptOf, usual } from './sources.js';

const MINUTE = 60_000;
const NOW = 1_764_000_000_000;
const GRID = { first: NOW - MINUTE, last: NOW, step: MINUTE };
const shared = { window: MINUTE, resolution: MINUTE, delay: 0 };

/** One try, and as long as this for it: the SDK's own are many. */
const options = async (url: string, { answer }: Patience) => ({
  ...(await awsOptions(awsAt(url).place)),
  maxAttempts: 1,
  requestHandler: { requestTimeout: answer, throwOnRequestTimeout: true },
});

const metrics = async (handle: TestServer['handle'], patience = usual) => {
  const { url } = await serve(handle);
  const client = new CloudWatchClient(await options(url, patience));
  const errors: CloudWatchQuery = { namespace: 'App', metric: 'Errors', dimensions: {}, statistic: 'Sum' };
  const place = awsAt(url).place;
  const source = { kind: 'cloudwatch', place, queries: { errors }, formula: 'errors', ...shared } as const;
  const { signal } = new AbortController();
  const read = readCloudWatch([{ name: 'errors', unit: 'count', source }], GRID, { client, signal });
  return keptOf(GRID, async () => (await read).get('errors')).finally(() => client.destroy());
};
const says = (body: unknown, status = 200) => metrics((_, response) => json(response, body, status));
const result = (values: number[], more: object = {}) => ({
  Id: 'm0',
  Timestamps: values.map((_, index) => (GRID.first - MINUTE + index * MINUTE) / 1_000),
  Values: values,
  StatusCode: 'Complete',
  ...more,
});

conforms(
  'adapters/metrics/cloudwatch.ts',
  {
    value: () => says({ MetricDataResults: [result([4, 6])] }),
    none: () => says({ MetricDataResults: [result([])], Metrics: [] }),
    hidden: () => says({ MetricDataResults: [result([4, 6], { StatusCode: 'Forbidden' })] }),
    partial: () => says({ MetricDataResults: [result([4, 6], { StatusCode: 'PartialData' })] }),
    error: () => says({ __type: 'InternalServiceFault', message: `${AWS_SECRET} ${'x'.repeat(10_000)}` }, 500),
    hang: () => metrics(() => {}, hasty),
    nonsense: () => metrics((_, response) => response.end('<html>')),
    huge: () => metrics(endless('{"MetricDataResults": ['.repeat(10_000))),
  },
  { secrets: [AWS_SECRET] },
);

const logs = async (handle: TestServer['handle'], patience = usual) => {
  const { url } = await serve(handle);
  const client = new CloudWatchLogsClient(await options(url, patience));
  const asked = { group: '/app', filter: 'CRITICAL', ...shared };
  const source = { kind: 'cloudwatch-logs', place: awsAt(url).place, ...asked } as const;
  const { signal } = new AbortController();
  const read = readCloudWatchLogs({ name: 'lines', unit: 'count', source }, GRID, { client, signal });
  return keptOf(GRID, () => read).finally(() => client.destroy());
};
const tells = (body: unknown, status = 200) => logs((_, response) => json(response, body, status));
const event = { timestamp: NOW - 1_000, message: 'CRITICAL' };
const early = { ...event, timestamp: GRID.first - 1_000 };

conforms(
  'adapters/metrics/cloudwatch-logs.ts',
  {
    value: () => tells({ events: [event] }),
    none: () => tells({ events: [] }),
    hidden: () => tells({ __type: 'AccessDeniedException', message: AWS_SECRET }, 400),
    partial: () => tells({ events: Array.from({ length: 20_000 }, () => early), nextToken: 'more' }),
    error: () => tells({ __type: 'ServiceUnavailableException' }, 503),
    hang: () => logs(() => {}, hasty),
    nonsense: () => logs((_, response) => response.end('<html>')),
    huge: () => logs(endless('{"events": ['.repeat(10_000))),
  },
  { secrets: [AWS_SECRET] },
);
