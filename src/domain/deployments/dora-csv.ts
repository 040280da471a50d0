/** The metrics of DORA as comma-separated values (RFC 4180). Pure. */
import type { DoraMetrics, Period } from './dora.js';

const COLUMNS: readonly [string, (metrics: DoraMetrics) => number | null][] = [
  ['deployments', ({ frequency }) => (frequency.value === null ? null : frequency.of)],
  ['deployments_not_known', ({ frequency }) => frequency.without],
  ['deployments_per_week', ({ frequency }) => frequency.value],
  ['lead_time_seconds', ({ leadTime }) => inSeconds(leadTime.value)],
  ['lead_time_not_known', ({ leadTime }) => leadTime.without],
  ['change_failure_rate', ({ failureRate }) => failureRate.value],
  ['time_to_restore_seconds', ({ timeToRestore }) => inSeconds(timeToRestore.value)],
  ['time_to_restore_not_known', ({ timeToRestore }) => timeToRestore.without],
];

const inSeconds = (milliseconds: number | null): number | null => (milliseconds === null ? null : milliseconds / 1_000);

export function doraCsv(services: ReadonlyMap<string, DoraMetrics>, { from, to }: Period): string {
  const period = [from, to].map((at) => new Date(at).toISOString());
  const rows = [...services].map(([service, metrics]) => [
    service,
    ...period,
    ...COLUMNS.map(([, read]) => String(read(metrics) ?? '')),
  ]);
  return [['service', 'from', 'to', ...COLUMNS.map(([name]) => name)], ...rows]
    .map((row) => row.map(csvField).join(','))
    .join('\r\n');
}

const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
