/** A backtest as a person reads it: what would have happened, then the criteria that came near. */
import type { Backtested } from '../../backtest/backtest.js';
import type { EarlyEnd, JudgedCriterion } from '../../backtest/evaluate.js';
import { formatDuration } from '../../domain/duration.js';
import { type Colors, verdictMark } from './marks.js';

export function renderEvaluation(evaluation: Backtested, colors: Colors): string {
  const { recording, title, from, to, duration, samples, ticks } = evaluation;
  const span = `${time(from)} to ${time(to)}, ${samples} samples in ${ticks} ticks`;
  const lasts = to - from < duration * 0.99 || to - from > duration * 1.01;
  return [
    `${colors.bold(title)} (${evaluation.watch}, ${evaluation.environment})  ${verdictMark(evaluation.verdict, colors)}`,
    colors.dim(`  ${recording}: ${span}${lasts ? `; the plan watches for ${formatDuration(duration)}` : ''}`),
    `  ${outcome(evaluation, colors)}`,
    ...evaluation.criteria.flatMap((criterion) => criterionLines(criterion, evaluation, colors)),
    ...evaluation.trends.map(
      ({ title: name, verdict, rule, reason }) =>
        `  ${verdictMark(verdict, colors)}  ${name} (${rule})${reason ? `: ${reason}` : ''}`,
    ),
    ...differenceLines(evaluation, colors),
  ].join('\n');
}

function outcome({ end, verdict, environment }: Backtested, colors: Colors): string {
  if (end) return colors.red(`would have ended at ${time(end.at)}: ${consequence(end, environment)}: ${end.text}`);
  if (verdict === 'breached')
    return colors.yellow('would have run to its end, and then asked people about what is broken');
  if (verdict === 'unknown')
    return colors.yellow('would have run to its end, and then asked people about what is unknown');
  return colors.green('would have run to its end and passed');
}

function consequence({ why, option }: EarlyEnd, environment: Backtested['environment']): string {
  if (environment === 'staging') return 'the soak fails and people are asked';
  return `rolled back (${option})${why === 'unless-answered' ? ' unless somebody answered the question' : ''}`;
}

function criterionLines(criterion: JudgedCriterion, { end }: Backtested, colors: Colors): string[] {
  const { title, rule, verdict, worst, worstAt, unit, margin, detectedAt, firedAt, reason, unknown, samples } =
    criterion;
  const seen =
    worst === undefined || worstAt === undefined
      ? []
      : [`worst ${figure(worst)} ${unit} at ${time(worstAt)}`, marginText(margin ?? 0, criterion)];
  const fired =
    firedAt === undefined
      ? []
      : [
          `fires at ${time(firedAt)}${detectedAt === firedAt ? '' : `, known at ${time(detectedAt ?? firedAt)}`}: ${leadsTo(criterion, end)}`,
        ];
  const silent =
    samples === 0 ? (reason ?? 'no samples') : `${unknown} of ${samples} unknown${reason ? ` (${reason})` : ''}`;
  const without = unknown > 0 || verdict === 'unknown' ? [silent] : [];
  const pending =
    criterion.pendingSince === undefined
      ? []
      : [`a breach builds up since ${time(criterion.pendingSince)} when it ends`];
  const late = criterion.late > 0 ? [`${criterion.late} came too late to count`] : [];
  const facts = [...fired, ...seen, ...without, ...pending, ...late].join('; ');
  return [`  ${verdictMark(verdict, colors)}  ${title} (breach: ${rule})${facts ? `: ${facts}` : ''}`];
}

function leadsTo(
  { id, detectedAt, leadsTo: consequences, option }: JudgedCriterion,
  end: EarlyEnd | undefined,
): string {
  if (end && end.criterion !== id && (detectedAt ?? 0) >= end.at) return 'the watch has ended by then';
  if (consequences === 'rollback') return `rollback (${option})`;
  if (consequences === 'failed-soak') return 'the soak fails';
  return `people are asked${option ? `; their rollback would be ${option}` : ''}`;
}

function marginText(margin: number, { unit, longestBreach, for: lasting }: JudgedCriterion): string {
  if (margin > 0) return `${figure(margin)} ${unit} within`;
  const beyond = margin === 0 ? 'at the threshold' : `${figure(-margin)} ${unit} beyond`;
  if (longestBreach === undefined || lasting === 0) return beyond;
  return `${beyond}, without a break for ${formatDuration(longestBreach)} at the longest`;
}

function differenceLines({ differences }: Backtested, colors: Colors): string[] {
  if (!differences) return [];
  if (differences.length === 0) return [colors.dim('  as it was judged then')];
  return differences.map(({ text }) => `  ${colors.cyan('≠')} ${text}`);
}

/** In UTC, as evidence has its times. */
const time = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`;

const figure = (value: number): string =>
  Math.abs(value) >= 1e300 ? `${value > 0 ? '+' : '-'}Inf` : String(Number(value.toPrecision(4)));
