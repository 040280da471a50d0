/** What waits for whoever looks: of all that runs, the questions that their roles may answer. Pure. */
import { type WaitsFor, waitsFor } from '../../domain/decisions/waits-for.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import { rowHeadline } from '../headline.js';
import type { ConsoleRow, ConsoleRows } from '../look.js';
import type { PageAsking, PageContent } from './frame.js';
import { badge, choices, deploymentPath, notes } from './parts.js';

/** @param role of those who have not signed in: the one that they look for */
export function waitingPage({ rows, unknown }: ConsoleRows, role: string | undefined, asking: PageAsking): PageContent {
  const { words, signedIn } = asking;
  const running = rows.filter(({ listed }) => listed.outcome === 'running');
  const waits = running.flatMap((row) => (row.ledger ? waitsFor(row.ledger).map((wait) => ({ row, wait })) : []));
  const roles = [...new Set(waits.flatMap(({ wait }) => wait.roles))].sort();
  const mine = signedIn ? signedIn.roles : role === undefined ? roles : [role];
  const own = waits.filter(({ wait }) => wait.roles.some((each) => mine.includes(each)));
  const silent = running.filter(({ ledger }) => ledger === undefined);
  const isAll = !signedIn && role === undefined && silent.length === 0;
  const main = html`<h1>${words.pages.waiting}</h1>
${signedIn || roles.length === 0 ? undefined : roleFilter(roles, role, asking)}
${own.length > 0 ? html`<ul class="rows">\n${lines(own.map((each) => question(each, asking)))}\n</ul>` : html`<p>${isAll ? words.waiting.nothing : words.waiting.nothingKnown}</p>`}
${notes(words.waiting.unknown, silent.map(silence))}
${notes(words.frame.unknownNotes, unknown)}`;
  return { title: words.pages.waiting, main, isLive: true };
}

function question({ row, wait }: { row: ConsoleRow; wait: WaitsFor }, asking: PageAsking): Markup {
  const { words } = asking;
  const { deployment, runId } = row.listed;
  const title = html`<span>${wait.title}</span>`;
  const name =
    deployment === undefined
      ? html`${title} <code>${runId}</code>`
      : html`<a href="${deploymentPath(deployment, 'decide', wait.question)}">${title}</a>`;
  const of = deployment === undefined ? undefined : html`<a href="${deploymentPath(deployment)}">${deployment}</a> · `;
  return html`<li><div class="head"><h2>${name}</h2>${badge(rowHeadline({ listed: row.listed, ledger: row.ledger }, asking))}</div><p class="soft">${of}${words.deployment.answeredBy(wait.roles.join(', '))}</p></li>`;
}

const roleFilter = (roles: readonly string[], role: string | undefined, { words }: PageAsking): Markup =>
  html`<form class="filter" method="get" action="/waiting"><label>${words.waiting.forRole} <select name="role"><option value="">${words.waiting.all}</option>${choices(
    roles.map((each) => [each, each]),
    role,
  )}</select></label> <button>${words.list.show}</button></form>`;

const silence = ({ listed, unanswered }: ConsoleRow): string =>
  `${listed.deployment ?? listed.runId}: ${unanswered ?? 'it has not said'}`;
