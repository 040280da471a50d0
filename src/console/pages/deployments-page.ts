/** The first page: what runs, whom it waits for, and what has ended. Pure. */
import { LISTED_OUTCOMES, type ListedOutcome, selectDeployments } from '../../domain/deployments/listed.js';
import { formatDuration } from '../../domain/duration.js';
import { hasYetToBegin } from '../../domain/ledger/beginning.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import { rowHeadline } from '../headline.js';
import type { ConsoleRow, ConsoleRows } from '../look.js';
import { momentIn } from '../moment.js';
import type { PageAsking, PageContent } from './frame.js';
import { badge, choices, deploymentPath, elapsed, notes, pageAsked, paged, part, stampedTime } from './parts.js';

/** As the page's query says. */
export interface WantedRows {
  search?: string;
  service?: string;
  outcome?: ListedOutcome;
  days?: number;
  page?: number;
}

const DAYS = [7, 30, 90, 365] as const;
const ON_A_PAGE = 50;
const DAY = 86_400_000;

export function wantedRows(query: URLSearchParams): WantedRows {
  const said = (name: string) => query.get(name)?.trim() || undefined;
  const days = Number(said('days'));
  return {
    search: said('search'),
    service: said('service'),
    outcome: LISTED_OUTCOMES.find((outcome) => outcome === said('outcome')),
    days: DAYS.find((each) => each === days),
    page: pageAsked(query),
  };
}

export function deploymentsPage({ rows, unknown }: ConsoleRows, wanted: WantedRows, asking: PageAsking): PageContent {
  const { words, now } = asking;
  const { search, service, outcome, days } = wanted;
  const byRun = new Map(rows.map((row) => [row.listed.runId, row]));
  const since = days === undefined ? undefined : now - days * DAY;
  const chosen = selectDeployments(
    rows.map(({ listed }) => listed),
    { service, outcome, since },
  )
    .filter((listed) => matches(listed, search))
    .flatMap(({ runId }) => byRun.get(runId) ?? []);
  const running = chosen.filter(({ listed }) => listed.outcome === 'running');
  const ended = chosen.filter(({ listed }) => listed.outcome !== 'running');
  const { shown, pager } = paged(ended, { page: wanted.page ?? 1, size: ON_A_PAGE }, asking);
  const none = html`<p>${words.list.none}</p>`;
  const main = html`<h1>${words.pages.deployments}</h1>
${part('running', words.list.running, running.length > 0 ? table(running, asking) : html`<p>${words.list.noneRunning}</p>`)}
${filter(rows, wanted, asking)}
${part('ended', `${words.list.ended} (${ended.length})`, shown.length > 0 ? html`${table(shown, asking)}${pager}` : none)}
${notes(words.frame.unknownNotes, unknown)}`;
  return { title: words.pages.deployments, main, isLive: true };
}

const matches = ({ deployment, service, target, runId }: ConsoleRow['listed'], search: string | undefined): boolean =>
  search === undefined ||
  [deployment, service, target, runId].some((text) => text?.toLowerCase().includes(search.toLowerCase()));

const table = (rows: readonly ConsoleRow[], asking: PageAsking): Markup =>
  html`<ul class="rows">
${lines(rows.map((row) => item(row, asking)))}
</ul>`;

function item(row: ConsoleRow, asking: PageAsking): Markup {
  const { words } = asking;
  const { deployment, runId, target, inVirtualTime, archived } = row.listed;
  const headline = rowHeadline(row, asking);
  const name =
    deployment === undefined
      ? html`<code>${runId}</code>`
      : html`<a href="${deploymentPath(deployment)}">${deployment}</a>`;
  const about = [
    target === undefined ? words.list.releaseUnknown : `${words.list.release} ${target}`,
    ...times(row, asking),
    ...(inVirtualTime ? [words.list.virtual] : []),
    ...(archived ? [words.list.archived] : []),
  ];
  const next = headline.next === '' ? undefined : html`<p class="next">${headline.next}</p>`;
  return html`<li><div class="head"><h3>${name}</h3>${badge(headline)}</div>${next}<p class="soft">${about.map((each, at) => html`${at > 0 ? ' · ' : ''}${each}`)}</p></li>`;
}

/** How long one in virtual time has been running only itself can say. */
function times({ listed, ledger }: ConsoleRow, asking: PageAsking): Markup[] {
  const { words } = asking;
  const { startedAt, endedAt, inVirtualTime } = listed;
  if (endedAt === undefined) {
    if (ledger ? hasYetToBegin(ledger) : inVirtualTime) return [];
    const moment = ledger ? momentIn(ledger, inVirtualTime, asking) : asking;
    return [html`${words.list.runningFor} ${elapsed(startedAt, moment)}`];
  }
  const when = new Date(startedAt).toISOString().slice(0, 16).replace('T', ' ');
  return [html`${stampedTime(startedAt, `${when} UTC`)}, ${words.list.lasted(formatDuration(endedAt - startedAt))}`];
}

/** A form whose answer is this page with a query: it can be kept, and sent to somebody. */
function filter(rows: readonly ConsoleRow[], wanted: WantedRows, { words }: PageAsking): Markup {
  const services = [...new Set(rows.flatMap(({ listed }) => listed.service ?? []))].sort();
  const { list } = words;
  const select = (name: string, label: string, options: Markup) =>
    html`<label>${label} <select name="${name}"><option value="">${list.any}</option>${options}</select></label>`;
  return html`<form class="filter" role="search" method="get" action="/">
<label>${list.searchFor} <input type="search" name="search" value="${wanted.search ?? ''}"></label>
${select(
  'service',
  list.service,
  choices(
    services.map((service) => [service, service]),
    wanted.service,
  ),
)}
${select(
  'outcome',
  list.outcome,
  choices(
    LISTED_OUTCOMES.map((outcome) => [outcome, words.outcomes[outcome]]),
    wanted.outcome,
  ),
)}
${select(
  'days',
  list.since,
  choices(
    DAYS.map((days) => [String(days), list.days(days)]),
    wanted.days?.toString(),
  ),
)}
<button>${list.show}</button>
</form>`;
}
