/** How long the requests of a load test took, each of them: a histogram on a logarithmic axis. */
import { percentiles } from '../../domain/statistics.js';
import { html, lines, type Markup } from './markup.js';
import { figureText, linear, logarithmic, place, ticks } from './scale.js';

export interface Latencies {
  /** Unique on the page. */
  id: string;
  title: string;
  /** Milliseconds; a request without an answer counts as long as the time-out. */
  latencies: readonly number[];
  failed: number;
  /** In milliseconds, by percentile. */
  limits: { q: number; limit: number }[];
}

const BOX = { width: 640, height: 200, left: 56, right: 12, top: 22, bottom: 28 };
const BINS = 48;

/** Reads `load/STEP-GENERATION.jsonl`; nothing when it is not what a load test leaves. */
export function readLatencies(
  text: string,
): { title: string; timeout: number; latencies: number[]; failed: number } | undefined {
  try {
    const [head = '', ...rest] = text.trim().split('\n');
    const { test } = JSON.parse(head) as { test: { title: string; timeout: number } };
    const samples = rest.map((line) => JSON.parse(line) as [number, number, number | string]);
    // As the load test itself counts: what was not answered took as long as the time-out.
    const latencies = samples.map(([, latency, outcome]) => (typeof outcome === 'number' ? latency : test.timeout));
    const failed = samples.filter(([, , outcome]) => !/^[23]\d\d$/.test(String(outcome))).length;
    return latencies.every(Number.isFinite)
      ? { title: test.title, timeout: test.timeout, latencies, failed }
      : undefined;
  } catch {
    return undefined;
  }
}

export function drawLatencies({ id, title, latencies, failed, limits }: Latencies): Markup {
  const quantiles = [50, 95, 99];
  const found = percentiles(latencies, quantiles);
  const known = quantiles.map((q, index) => ({ q, value: found[index] ?? Number.NaN }));
  const described = [
    `${latencies.length} requests, ${failed} without success`,
    ...known.map(({ q, value }) => {
      const limit = limits.find((one) => one.q === q)?.limit;
      return `P${q} ${figureText(value)} ms${limit === undefined ? '' : ` (limit ${limit} ms${value < limit ? '' : ', EXCEEDED'})`}`;
    }),
  ].join('; ');
  if (latencies.length === 0) return html`<p>${title}: no request was made</p>`;

  const least = Math.max(Math.min(...latencies) * 0.8, 0.01);
  const most = Math.max(Math.max(...latencies), ...limits.map(({ limit }) => limit)) * 1.25;
  const x = logarithmic([least, most], [BOX.left, BOX.width - BOX.right]);
  const counts = histogram(latencies, [least, most]);
  const y = linear([0, Math.max(...counts)], [BOX.height - BOX.bottom, BOX.top]);
  const bottom = BOX.height - BOX.bottom;
  const width = (BOX.width - BOX.left - BOX.right) / BINS;
  return html`<figure class="plot"><figcaption>${title}</figcaption>
<svg viewBox="0 0 ${BOX.width} ${BOX.height}" role="img" aria-labelledby="${id}-t ${id}-d"><title id="${id}-t">${title}: latencies</title><desc id="${id}-d">${described}</desc>
${lines([
  ...ticks(Math.max(...counts), 3).map(
    (count) =>
      html`<g class="tick"><line x1="${BOX.left}" x2="${BOX.width - BOX.right}" y1="${place(y(count))}" y2="${place(y(count))}"/><text x="${BOX.left - 6}" y="${place(y(count) + 4)}" text-anchor="end">${count}</text></g>`,
  ),
  ...powers([least, most]).map(
    (value) =>
      html`<g class="tick"><text x="${place(x(value))}" y="${BOX.height - 9}" text-anchor="middle">${figureText(value)} ms</text></g>`,
  ),
  ...counts.map((count, bin) =>
    count === 0
      ? undefined
      : html`<rect class="bar" x="${place(BOX.left + bin * width)}" y="${place(y(count))}" width="${place(width - 0.6)}" height="${place(bottom - y(count))}"/>`,
  ),
  ...known.map(({ q, value }) => mark(`P${q}`, 'quantile', x(value), { bottom, height: 20 - (q === 95 ? 8 : 0) })),
  ...limits.map(({ q, limit }) => mark(`limit P${q}`, 'limit', x(limit), { bottom, height: 12 })),
])}
</svg><p class="seen">${described}</p></figure>`;
}

const mark = (
  label: string,
  kind: string,
  at: number,
  { bottom, height }: { bottom: number; height: number },
): Markup =>
  html`<g class="${kind}"><line x1="${place(at)}" x2="${place(at)}" y1="${BOX.top}" y2="${bottom}"/><text x="${place(at)}" y="${height}" text-anchor="middle">${label}</text></g>`;

function histogram(values: readonly number[], [least, most]: readonly [number, number]): number[] {
  const bin = linear([Math.log10(least), Math.log10(most)], [0, BINS]);
  const counts = new Array<number>(BINS).fill(0);
  for (const value of values) {
    const index = Math.min(BINS - 1, Math.max(0, Math.floor(bin(Math.log10(Math.max(value, least))))));
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return counts;
}

function powers([least, most]: readonly [number, number]): number[] {
  const from = Math.ceil(Math.log10(least));
  return Array.from({ length: Math.floor(Math.log10(most)) - from + 1 }, (_, index) => 10 ** (from + index));
}
