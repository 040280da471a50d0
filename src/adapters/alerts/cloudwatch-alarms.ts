/** CloudWatch's alarms. */
import { CloudWatchClient, type MetricAlarm, paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import type { FoundAlert } from '../../domain/watch/alerts.js';
import type { Comparison } from '../../domain/watch/criteria.js';
import { awsMessage, withAws } from '../cloud/aws.js';
import { Unusable } from '../http/json-service.js';
import type { AlertPlace, AlertReading, AlertSource } from './alert-source.js';

const OPERATORS: Record<string, Comparison> = {
  GreaterThanThreshold: '>',
  GreaterThanOrEqualToThreshold: '>=',
  LessThanThreshold: '<',
  LessThanOrEqualToThreshold: '<=',
};

export const cloudWatchAlarms: AlertSource<'cloudwatch'> = { read: readAlarms };

function readAlarms({ place }: AlertPlace<'cloudwatch'>, { signal }: AlertReading): Promise<FoundAlert[]> {
  return withAws(CloudWatchClient, place, async (client) => {
    const found: FoundAlert[] = [];
    try {
      const pages = paginateDescribeAlarms({ client, pageSize: 100 }, {}, { abortSignal: signal });
      for await (const { MetricAlarms = [] } of pages) found.push(...MetricAlarms.map(fromAlarm));
      return found;
    } catch (error) {
      signal.throwIfAborted();
      throw new Unusable(awsMessage(error));
    }
  });
}

function fromAlarm(alarm: MetricAlarm): FoundAlert {
  const { AlarmName: name = '', Threshold: threshold, ComparisonOperator: operator = '', AlarmActions = [] } = alarm;
  const comparison = OPERATORS[operator];
  const { Namespace, MetricName, Dimensions = [], Metrics = [], Statistic, ExtendedStatistic } = alarm;
  const parts = [Namespace, MetricName, ExtendedStatistic ?? Statistic, ...Dimensions.map(({ Value }) => Value)];
  const query = [...parts.filter(Boolean), ...Metrics.map((metric) => JSON.stringify(metric))].join(' ');
  const breach =
    comparison === undefined || threshold === undefined
      ? { unread: `it has no fixed threshold (${operator})` }
      : { comparison, threshold };
  const nobody = AlarmActions.length === 0 ? 'it tells nobody: it has no action' : undefined;
  return { name, query, breach, off: alarm.ActionsEnabled === false ? 'its actions are switched off' : nobody };
}
