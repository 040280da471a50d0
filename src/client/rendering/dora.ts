/** The metrics of DORA as a table. Pure. */
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
