/** Where alerts are configured: every kind of source that a plan can name. */
import type { FoundAlert } from '../../domain/watch/alerts.js';
import { Unusable } from '../http/json-service.js';
import type { AlertPlace, AlertReading, AlertSource, AlertSourceKind } from './alert-source.js';
import { cloudWatchAlarms } from './cloudwatch-alarms.js';
import { datadogMonitors } from './datadog-monitors.js';
import { prometheusAlerts } from './prometheus-alerts.js';
import { rulesFile } from './rules-file.js';

export const ALERT_SOURCES: { readonly [K in AlertSourceKind]: AlertSource<K> } = {
  'rules-file': rulesFile,
  prometheus: prometheusAlerts,
  datadog: datadogMonitors,
  cloudwatch: cloudWatchAlarms,
};

/**
 * Every alert of a source. That a service lists none at all is no proof that there is none: what may not be seen, and
 * what lives elsewhere, is not listed either.
 * @throws Unusable, NoAnswer, SecretMissing
 */
export async function readAlerts<K extends AlertSourceKind>(
  source: AlertPlace<K>,
  by: AlertReading,
): Promise<FoundAlert[]> {
  const { read, provesNone } = ALERT_SOURCES[source.kind as K];
  const found = await read(source, by);
  if (found.length === 0 && !provesNone)
    throw new Unusable('it lists no alerts at all: there are none, they are kept elsewhere, or may not be seen');
  return found;
}
