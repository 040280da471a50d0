/** When each phase began and ended, with its steps, and the rollbacks. */
import { formatDuration } from '../../domain/duration.js';
import { PHASES } from '../../domain/steps.js';
import type { ReportDocument } from '../content/document.js';
import type { ReportClock } from '../content/times.js';
import { html, lines, type Markup } from './markup.js';
import { linear, place, timeTicks } from './scale.js';

const WIDTH = 960;
const ROW = 30;
const LEFT = 120;
const RIGHT = 190;
/** A step of seconds beside a soak of a day is still seen. */
const THINNEST = 2.5;

interface Bar {
  title: string;
  state: string;
  from: number;
  to: number;
}

export function drawTimeline(report: ReportDocument, clock: ReportClock): Markup {
  const now = latestMoment(report);
  const rows = [
    ...PHASES.map((phase) => ({
      name: phase as string,
      bars: barsOf(
        report.steps.filter((step) => step.phase === phase),
        now,
      ),
    })),
    ...report.rollbacks.map(({ option, startedAt, endedAt, succeeded }) => ({
      name: `rollback: ${option}`,
      bars: [
        { title: `rollback: ${option}`, state: succeeded ? 'passed' : 'failed', from: startedAt, to: endedAt ?? now },
      ],
    })),
  ].filter(({ bars }) => bars.length > 0);
  const span = [report.startedAt, Math.max(now, report.startedAt + 1)] as const;
  const x = linear(span, [LEFT, WIDTH - RIGHT]);
  const height = rows.length * ROW + 30;
  const told = rows.map(({ name, bars }) => `${name}: ${extent(bars, clock)}`).join('; ');
  return html`<figure class="timeline"><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="timeline-t timeline-d"><title id="timeline-t">Timeline of phases</title><desc id="timeline-d">${told}</desc>
${lines([
  ...timeTicks(span).map(
    (at) =>
      html`<g class="tick"><line x1="${place(x(at))}" x2="${place(x(at))}" y1="6" y2="${height - 22}"/><text x="${place(x(at))}" y="${height - 8}" text-anchor="middle">+${at === span[0] ? '0' : formatDuration(at - span[0])}</text></g>`,
  ),
  ...rows.map(({ name, bars }, row) => drawRow({ name, bars, top: row * ROW + 8 }, { x, clock })),
])}
</svg></figure>`;
}

function drawRow(
  row: { name: string; bars: Bar[]; top: number },
  { x, clock }: { x: (at: number) => number; clock: ReportClock },
): Markup {
  const { name, bars, top } = row;
  const end = Math.max(...bars.map(({ to }) => x(to) + THINNEST));
  return html`<g class="phase"><text x="${LEFT - 8}" y="${top + 15}" text-anchor="end">${name}</text>${bars.map(
    ({ title, state, from, to }) =>
      html`<rect class="step ${state}" x="${place(x(from))}" y="${top}" width="${place(Math.max(x(to) - x(from), THINNEST))}" height="${ROW - 10}" rx="2"><title>${title}: ${state}, ${clock.stamp(from)}, ${formatDuration(to - from)}</title></rect>`,
  )}<text class="extent" x="${place(end + 6)}" y="${top + 15}">${extent(bars, clock)}</text></g>`;
}

const barsOf = (steps: ReportDocument['steps'], now: number): Bar[] =>
  steps.map(({ title, state, startedAt, endedAt }) => ({ title, state, from: startedAt, to: endedAt ?? now }));

function extent(bars: Bar[], clock: ReportClock): string {
  const [from, to] = [Math.min(...bars.map((bar) => bar.from)), Math.max(...bars.map((bar) => bar.to))];
  return `${clock.time(from).slice(0, 5)}, ${formatDuration(to - from)}`;
}

interface Moments {
  startedAt: number;
  endedAt?: number | null;
  steps: readonly { startedAt: number; endedAt?: number | null }[];
  monitors: readonly { now?: number; endedAt?: number | null }[];
  rollbacks: readonly { endedAt?: number | null }[];
  decisions: readonly { at: number }[];
}

/** In virtual time the clock on the wall says nothing: the latest moment that is told is its now. */
export function latestMoment({ startedAt, endedAt, steps, monitors, rollbacks, decisions }: Moments): number {
  const moments = [
    ...steps.flatMap((step) => [step.startedAt, step.endedAt]),
    ...monitors.flatMap((monitor) => [monitor.now, monitor.endedAt]),
    ...rollbacks.map((rollback) => rollback.endedAt),
    ...decisions.map(({ at }) => at),
  ];
  return Math.max(startedAt, endedAt ?? 0, ...moments.map((moment) => moment ?? 0));
}
