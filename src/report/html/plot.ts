/** One metric during one watch: its values, the limits it was held against, where it broke them, and where nobody knew. */
import { formatDuration } from '../../domain/duration.js';
import { type Comparison, compares, type Sample } from '../../domain/watch/criteria.js';
import { html, lines, type Markup } from './markup.js';
import { ENGLISH_PLOTS, type PlotWords } from './plot-words.js';
import { figureText, linear, place, type Scale, ticks, timeTicks } from './scale.js';

export interface Plot {
  /** Unique on the page. */
  id: string;
  title: string;
  unit: string;
  span: readonly [number, number];
  samples: readonly Sample[];
  limits: readonly Limit[];
  clock: (at: number) => string;
  /** Of the drawing; each shows the least and the greatest of its values, so that no peak is lost. */
  columns?: number;
}

export interface Limit {
  title: string;
  /** The rule in words. */
  rule: string;
  comparison: Comparison;
  threshold: number;
  /** When the rule was met. */
  firedAt?: number;
}

const BOX = { width: 640, height: 190, left: 56, right: 12, top: 14, bottom: 26 };
/** Where nobody says how many. */
const COLUMNS = 290;
/** A limit so many times the greatest value is told at the upper edge: drawn in place it would flatten the values. */
const FAR = 3;
/** A hole is longer than this many times the usual distance of two samples. */
const HOLE = 3;

type Known = { at: number; value: number };
type Run = Known[];

export function drawPlot(plot: Plot, words: PlotWords = ENGLISH_PLOTS): Markup {
  const { id, title, unit, span, samples, limits, clock, columns = COLUMNS } = plot;
  const { runs, gaps } = divide({ samples, span }, words);
  const known = runs.flat();
  const finite = known.map(({ value }) => value).filter((value) => Math.abs(value) < 1e15);
  const greatest = Math.max(0, ...finite);
  const near = limits.filter(
    ({ threshold }) => threshold <= Math.max(greatest * FAR, Number.MIN_VALUE) || greatest === 0,
  );
  const top = Math.max(greatest, ...near.map(({ threshold }) => threshold)) * 1.08 || 1;
  const x = linear(span, [BOX.left, BOX.width - BOX.right]);
  const y = linear([0, top], [BOX.height - BOX.bottom, BOX.top]);
  const broken = known.filter(({ value }) =>
    limits.some((limit) => compares(value, limit.comparison, limit.threshold)),
  );
  const description = describe({ plot, finite, broken, gaps }, words);
  return html`<figure class="plot"><figcaption>${title}</figcaption>
<svg viewBox="0 0 ${BOX.width} ${BOX.height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}</title><desc id="${id}-d">${description}</desc>
${lines([
  ...gaps.map((gap) => drawGap(gap, x, y)),
  ...axes({ x, y, top, unit, clock }),
  ...limits.map((limit) => drawLimit(limit, { x, y, isNear: near.includes(limit), unit, words })),
  ...runs.map((run) => drawRun(run, { x, y, top, columns })),
  ...marks(broken, { x, y, top, columns }),
  ...limits.map((limit) => drawFired(limit, { x, y, words })),
])}
</svg><p class="seen">${description}</p></figure>`;
}

interface Gap {
  from: number;
  to: number;
  count: number;
  reason: string;
}

/** Known values that follow each other, and the stretches in between in which nothing was known. */
function divide(
  { samples, span: [start, end] }: Pick<Plot, 'samples' | 'span'>,
  words: PlotWords,
): { runs: Run[]; gaps: Gap[] } {
  const distances = samples.slice(1).map(({ at }, index) => at - (samples[index]?.at ?? at));
  const usual = distances.sort((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
  const runs: Run[] = [];
  const gaps: Gap[] = [];
  let run: Run = [];
  let last = start;
  let gap: { count: number; reason: string } | undefined;
  const close = (to: number) => {
    if (run.length > 0) runs.push(run);
    run = [];
    gaps.push({ from: last, to, count: gap?.count ?? 0, reason: gap?.reason ?? words.noSamples });
    gap = undefined;
  };
  for (const sample of samples) {
    if (sample.kind !== 'ok') {
      gap = { count: (gap?.count ?? 0) + 1, reason: gap?.reason ?? reasonOf(sample, words) };
      continue;
    }
    if (gap || sample.at - last > usual * HOLE) close(sample.at);
    run.push({ at: sample.at, value: sample.value });
    last = sample.at;
  }
  if (gap || end - last > usual * HOLE) close(end);
  else if (run.length > 0) runs.push(run);
  return { runs, gaps };
}

function reasonOf(sample: Exclude<Sample, { kind: 'ok' }>, words: PlotWords): string {
  if (sample.kind === 'noData') return `${words.noData}: ${sample.reason}`;
  return sample.kind === 'error' ? `${words.error}: ${sample.message}` : words.notANumber;
}

function describe(seen: { plot: Plot; finite: number[]; broken: Known[]; gaps: Gap[] }, words: PlotWords): string {
  const { plot, finite, broken, gaps } = seen;
  const { unit, samples, limits, clock, span } = plot;
  const values =
    finite.length === 0
      ? words.noValue
      : words.values(finite.length, figureText(Math.min(...finite)), `${figureText(Math.max(...finite))} ${unit}`);
  const rules = limits.map(({ title, rule, firedAt }) => {
    return `${words.limit(title, rule)}${firedAt === undefined ? '' : `: ${words.breachedAt(clock(firedAt))}`}`;
  });
  const unknown = gaps.reduce((sum, { count }) => sum + count, 0);
  const away = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
  return [
    words.during(values, formatDuration(span[1] - span[0])),
    ...(unknown > 0 || gaps.length > 0
      ? [`${words.without(unknown, samples.length, formatDuration(away))}: ${gaps[0]?.reason}`]
      : []),
    ...(broken.length > 0 ? [words.beyond(broken.length)] : []),
    ...rules,
  ].join('; ');
}

function axes({
  x,
  y,
  top,
  unit,
  clock,
}: {
  x: Scale;
  y: Scale;
  top: number;
  unit: string;
  clock: Plot['clock'];
}): Markup[] {
  const [left, right] = [BOX.left, BOX.width - BOX.right];
  const bottom = BOX.height - BOX.bottom;
  const shown = ticks(top);
  return [
    ...shown.map(
      (value, index) =>
        html`<g class="tick"><line x1="${left}" x2="${right}" y1="${place(y(value))}" y2="${place(y(value))}"/><text x="${left - 6}" y="${place(y(value) + 4)}" text-anchor="end">${figureText(value)}${index === shown.length - 1 ? ` ${unit}` : ''}</text></g>`,
    ),
    ...timeTicks(x.domain as [number, number]).map(
      (at) =>
        html`<g class="tick"><line x1="${place(x(at))}" x2="${place(x(at))}" y1="${bottom}" y2="${bottom + 4}"/><text x="${place(x(at))}" y="${BOX.height - 8}" text-anchor="middle">${clock(at)}</text></g>`,
    ),
  ];
}

function drawGap({ from, to, reason }: Gap, x: Scale, y: Scale): Markup {
  const width = Math.max(x(to) - x(from), 1);
  return html`<rect class="gap" x="${place(x(from))}" y="${BOX.top}" width="${place(width)}" height="${place(y(0) - BOX.top)}"><title>${reason}</title></rect>`;
}

function drawLimit(
  { title, rule, threshold }: Limit,
  { x, y, isNear, unit, words }: { x: Scale; y: Scale; isNear: boolean; unit: string; words: PlotWords },
): Markup {
  const height = isNear ? y(threshold) : BOX.top;
  const label = `${figureText(threshold)} ${unit}${isNear ? '' : ' ↑'}`;
  const [from, to] = [x(x.domain[0]), x(x.domain[1])];
  return html`<g class="limit${isNear ? '' : ' far'}"><line x1="${place(from)}" x2="${place(to)}" y1="${place(height)}" y2="${place(height)}"/><text x="${place(to - 2)}" y="${place(height - 3)}" text-anchor="end">${label}</text><title>${words.limit(title, rule)}</title></g>`;
}

interface Drawing {
  x: Scale;
  y: Scale;
  top: number;
  columns: number;
}

/** What is infinite stands at the upper edge. */
const heightOf = (value: number, { y, top }: Pick<Drawing, 'y' | 'top'>): number =>
  y(Math.min(Math.max(value, 0), top));

function drawRun(run: Run, drawing: Drawing): Markup {
  const points = inColumns(run, drawing).flatMap(({ at, least, greatest }) => {
    const ends = least === greatest ? [least] : [least, greatest];
    return ends.map((value) => `${place(drawing.x(at))},${place(heightOf(value, drawing))}`);
  });
  if (points.length === 1) {
    const [cx, cy] = (points[0] ?? '').split(',');
    return html`<circle class="line" cx="${cx}" cy="${cy}" r="1.5"/>`;
  }
  return html`<polyline class="line" points="${points.join(' ')}"/>`;
}

function inColumns(run: Run, { x, columns }: Drawing): { at: number; least: number; greatest: number }[] {
  const width = (x.domain[1] - x.domain[0]) / columns || 1;
  const found = new Map<number, { at: number; least: number; greatest: number }>();
  for (const { at, value } of run) {
    const column = Math.floor((at - x.domain[0]) / width);
    const known = found.get(column);
    if (!known) found.set(column, { at, least: value, greatest: value });
    else
      found.set(column, {
        at: known.at,
        least: Math.min(known.least, value),
        greatest: Math.max(known.greatest, value),
      });
  }
  return [...found.values()];
}

function marks(broken: Known[], drawing: Drawing): Markup[] {
  return inColumns(broken, drawing).map(
    ({ at, greatest }) =>
      html`<circle class="broken" cx="${place(drawing.x(at))}" cy="${place(heightOf(greatest, drawing))}" r="2.5"/>`,
  );
}

function drawFired(
  { title, firedAt }: Limit,
  { x, y, words }: { x: Scale; y: Scale; words: PlotWords },
): Markup | undefined {
  if (firedAt === undefined || firedAt < x.domain[0] || firedAt > x.domain[1]) return undefined;
  const at = place(x(firedAt));
  return html`<g class="fired"><line x1="${at}" x2="${at}" y1="${BOX.top}" y2="${place(y(0))}"/><text x="${at}" y="${BOX.top - 3}" text-anchor="middle">▼</text><title>${title}: ${words.breached}</title></g>`;
}
