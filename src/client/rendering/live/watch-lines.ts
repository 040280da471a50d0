/** The watch that runs, or ran last: each rule with how its metric went against its limit. Pure. */
import { formatDuration } from '../../../domain/duration.js';
import type { Ledger, WatchRecord } from '../../../domain/ledger/ledger.js';
import { rounded } from '../../../domain/rounded.js';
import type { CriterionResult, Verdict } from '../../../domain/watch/criteria.js';
import { criterionStanding, hasEnded, standingOf } from '../../../domain/watch/standing.js';
import {
  type Line,
  type PaintedText,
  type PaintName,
  shownText,
  type TerminalStyle,
  widthOf,
  wrappedText,
} from './lines.js';
import { latestWatch } from './observed.js';
import { type RuleCurve, sparkline } from './sparkline.js';

interface Curves {
  curves: ReadonlyMap<string, RuleCurve>;
  curvesNote?: string;
}

const MARKS: Readonly<Record<Verdict | 'undecided', { mark: string; paint: PaintName }>> = {
  breached: { mark: '✗', paint: 'red' },
  unknown: { mark: '?', paint: 'yellow' },
  undecided: { mark: '·', paint: 'dim' },
  healthy: { mark: '✓', paint: 'green' },
};

/** The worst first: where there is little room it is what stays. */
const ORDER = ['breached', 'unknown', 'undecided', 'healthy'] as const;

interface Judged extends CriterionResult {
  said: (typeof ORDER)[number];
}

export function watchLines(ledger: Ledger, { curves, curvesNote }: Curves, style: TerminalStyle): Line[] {
  const record = latestWatch(ledger);
  if (!record) return [];
  const standing = standingOf(record, hasEnded(ledger));
  const sorted = record.criteria
    .map((each) => ({ ...each, said: criterionStanding(each, standing) }))
    .sort((one, other) => ORDER.indexOf(one.said) - ORDER.indexOf(other.said));
  const note =
    curvesNote === undefined || sorted.length === 0
      ? []
      : wrappedText({ text: curvesNote, paint: 'yellow' }, style, { indent: 2 });
  return [headOf(record, ledger), ...sorted.map((each) => ruleLine(each, curves.get(each.id), style)), ...note];
}

function headOf(record: WatchRecord, ledger: Ledger): Line {
  const standing = standingOf(record, hasEnded(ledger));
  const { title, samples, ticks, now, endsAt } = record;
  if (standing === 'stopped')
    return [
      { text: title, paint: 'bold' },
      { text: ': · stopped before its end', paint: 'dim' },
    ];
  const isRunning = standing === 'running';
  const { mark, paint } = isRunning ? ({ mark: '▸', paint: 'cyan' } as const) : MARKS[standing];
  const toGo = isRunning && now !== undefined && endsAt !== undefined && endsAt > now;
  const left = toGo ? `, ${formatDuration(endsAt - now)} to go` : '';
  return [
    { text: title, paint: 'bold' },
    { text: ': ' },
    { text: `${mark} ${standing}`, paint },
    { text: `, ${samples} samples in ${ticks} ticks`, paint: 'dim' },
    { text: left },
  ];
}

/** Of the width of the terminal the name takes a quarter, and the curve what the figures leave of the rest. */
function ruleLine(result: Judged, curve: RuleCurve | undefined, style: TerminalStyle): Line {
  const { title, said } = result;
  const { mark, paint } = MARKS[said];
  const name = shownText(title, style.isUnicode);
  const room = Math.max(Math.floor(style.columns / 4), 1);
  const shown = widthOf(name) > room ? shortened(name, room, style) : name;
  const lead = `${shown}${' '.repeat(room - widthOf(shown))} `;
  const figures = figuresOf(result);
  const beside = LEAD + widthOf(lead) + 1;
  const left = style.columns - beside - widthOf(shownText(figures, style.isUnicode));
  const columns = Math.min(Math.max(left, SHORTEST), style.columns - beside);
  const drawn: PaintedText[] = curve && columns >= SHORTEST ? [...sparkline(curve, columns), { text: ' ' }] : [];
  return [
    { text: `  ${mark} `, paint },
    { text: lead },
    ...drawn,
    { text: figures, ...(said === 'healthy' ? {} : { paint }) },
  ];
}

const LEAD = 4;
/** Columns of a curve; where there are fewer the figures are all there is. */
const SHORTEST = 10;

function shortened(name: string, columns: number, { isUnicode }: TerminalStyle): string {
  const mark = shownText('…', isUnicode);
  let text = '';
  for (const sign of name) {
    if (widthOf(text + sign + mark) > columns) break;
    text += sign;
  }
  return widthOf(text + mark) <= columns ? text + mark : '';
}

/** What is not known is said first. */
function figuresOf({ last, worst, rule, samples, unknown, reason }: CriterionResult): string {
  const lost = unknown > 0 ? [`${unknown} of ${samples} unknown`] : [];
  const now = last === undefined ? 'last unknown' : String(rounded(last));
  const seen = worst === undefined ? (reason ?? 'no value is known') : `${now} (worst ${rounded(worst)})`;
  return [...lost, seen, `breach ${rule}`].join(', ');
}
