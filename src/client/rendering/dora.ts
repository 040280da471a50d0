/** The metrics of DORA as a table and as comma-separated values (RFC 4180). Pure. */
import type { DoraMetrics, Figure, Period } from '../../domain/deployments/dora.js';
import { formatDuration } from '../../domain/duration.js';
import type { Colors } from './marks.js';
import { clockText } from './status.js';
import { alignedRows, type Cell } from './table.js';

const HEAD = ['service', 'deployments', 'a week', 'lead time', 'failed', 'time to restore'];

export function doraText(
  services: ReadonlyMap<string, DoraMetrics>,
  all: DoraMetrics,
  { colors, period, hasCommits }: { colors: Colors; period: Period; hasCommits: boolean },
): string {
  const rows = [...services, ...(services.size > 1 ? [['all', all] as const] : [])].map(([service, metrics]) => [
    { text: service, paint: colors.bold },
    ...cellsOf(metrics).map((text) => ({ text })),
  ]);
  const head: Cell[] = HEAD.map((text) => ({ text, paint: colors.dim }));
  const days = formatNumber((period.to - period.from) / 86_400_000);
  const why = [
    ...(hasCommits ? [] : ['The lead time is not known: --repository FOLDER says when commits were made.']),
    ...(services.size === 0 ? ['No deployment has ended since then, as far as is known.'] : []),
  ];
  return [
    `Since ${clockText(period.from)}, ${days} d`,
    '',
    ...alignedRows([head, ...rows]),
    ...(why.length > 0 ? ['', ...why] : []),
  ].join('\n');
}

/** Medians, and the share of failed ones. */
function cellsOf({ frequency, leadTime, failureRate, timeToRestore }: DoraMetrics): string[] {
  const percent = (share: number) => `${formatNumber(share * 100)} %`;
  return [
    figureText({ ...frequency, value: frequency.value === null ? null : frequency.of }, formatNumber),
    figureText({ ...frequency, without: frequency.value === null ? frequency.without : 0 }, formatNumber),
    figureText(leadTime, formatDuration),
    figureText(failureRate, percent),
    figureText(timeToRestore, formatDuration),
  ];
}

/** What there is none of is a dash; what is not known says so. */
function figureText({ value, without }: Figure, format: (value: number) => string): string {
  if (value === null) return without > 0 ? `unknown (of ${without})` : '–';
  return without > 0 ? `${format(value)} (unknown of ${without})` : format(value);
}

const formatNumber = (value: number): string => String(Number(value.toFixed(2)));

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
