/** Lines of a series for which there was no room while its store took none: what it says in their place. Pure. */
import { readSeriesLine, seriesLineAt } from './series.js';

/** Ticks of which nothing is kept but that they were, and when: epoch milliseconds of the first and the last. */
export interface Lost {
  ticks: number;
  from: number;
  to: number;
  metrics: readonly string[];
}

/** With one line more; one that says itself what is lost counts as what it says. */
export function lostWith(lost: Lost | undefined, line: string): Lost {
  const { at = 0, lost: before } = JSON.parse(line) as { at?: number; lost?: Lost };
  const { ticks, from, to, metrics } = before ?? {
    ticks: 1,
    from: at,
    to: at,
    metrics: Object.keys(readSeriesLine(line)),
  };
  if (!lost) return { ticks, from, to, metrics };
  return {
    ticks: lost.ticks + ticks,
    from: Math.min(lost.from, from),
    to: Math.max(lost.to, to),
    metrics: [...new Set([...lost.metrics, ...metrics])],
  };
}

/** A line like any other, of the first of them: each metric has an error there that says what is missing. */
export function lostLine(lost: Lost): string {
  const { ticks, from, to, metrics } = lost;
  const until = new Date(to).toISOString();
  const message = `${ticks} ticks until ${until} are not kept: the evidence store took none, and there was no room for more`;
  const samples = metrics.map((name) => [name, [{ at: from, kind: 'error' as const, message }]]);
  const line = seriesLineAt({ at: from, wall: to }, Object.fromEntries(samples));
  return JSON.stringify({ ...JSON.parse(line), lost });
}
