/** How often, how fast, how many failed, how long until production was back: of all services, and of each. Pure. */
import type { DoraMetrics, Figure, Period } from '../../domain/deployments/dora.js';
import { formatDuration } from '../../domain/duration.js';
import { rounded } from '../../domain/rounded.js';
import type { DeliveryFigures } from '../../report/history/delivery.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import type { ConsoleWords } from '../words/console-words.js';
import type { PageAsking, PageContent } from './frame.js';
import { choices, notes, wide } from './parts.js';

const PERIODS = [30, 90, 365] as const;
export const USUAL_DAYS = 90;

/** As the page's query says. Days. */
export const periodAsked = (query: URLSearchParams): number =>
  PERIODS.find((days) => String(days) === query.get('days')) ?? USUAL_DAYS;

export const periodOf = (days: number, now: number): Period => ({ from: now - days * 86_400_000, to: now });

export function historyPage(figures: DeliveryFigures, days: number, asking: PageAsking): PageContent {
  const { words, now } = asking;
  const { services, all } = figures;
  const { history } = words;
  const { from, to } = periodOf(days, now);
  const date = (at: number) => new Date(at).toISOString().slice(0, 10);
  const rows: [string, DoraMetrics][] = [
    ...services,
    ...(services.size > 1 ? [[history.all, all] as [string, DoraMetrics]] : []),
  ];
  const main = html`<h1>${words.pages.history}</h1>
<form class="filter" method="get" action="/history"><label>${history.period} <select name="days">${choices(
    PERIODS.map((each) => [String(each), words.list.days(each)]),
    String(days),
  )}</select></label> <button>${words.list.show}</button> <a href="/history.csv?days=${days}">${history.csv}</a></form>
${services.size === 0 ? html`<p>${history.nothing}</p>` : wide(history.caption(date(from), date(to)), table(rows, { words, caption: history.caption(date(from), date(to)) }))}
${notes(words.frame.unknownNotes, figures.notes)}`;
  return { title: words.pages.history, main };
}

function table(
  rows: readonly (readonly [string, DoraMetrics])[],
  { words, caption }: { words: ConsoleWords; caption: string },
): Markup {
  const { history } = words;
  const head = [
    history.service,
    history.deployments,
    history.frequency,
    history.leadTime,
    history.failureRate,
    history.timeToRestore,
  ];
  return html`<table><caption>${caption}</caption><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${lines(rows.map(([service, metrics]) => html`<tr><th scope="row">${service}</th>${cells(metrics, history).map((text, at) => html`<td data-name="${head[at + 1] ?? ''}">${text}</td>`)}</tr>`))}
</tbody></table>`;
}

function cells(metrics: DoraMetrics, history: ConsoleWords['history']): string[] {
  const { frequency, leadTime, failureRate, timeToRestore } = metrics;
  const figure = ({ value, without }: Figure, format: (value: number) => string) => {
    if (value === null) return without > 0 ? `${history.unknown} (${history.unknownOf(without)})` : history.none;
    return without > 0 ? `${format(value)} (${history.unknownOf(without)})` : format(value);
  };
  const number = (value: number) => String(rounded(value));
  return [
    figure({ ...frequency, value: frequency.value === null ? null : frequency.of }, number),
    figure(frequency, number),
    figure(leadTime, formatDuration),
    figure(failureRate, (share) => `${number(share * 100)} %`),
    figure(timeToRestore, formatDuration),
  ];
}
