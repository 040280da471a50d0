/** Small things that pages are made of. Pure. */
import { formatDuration } from '../../domain/duration.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import type { Headline } from '../headline.js';
import type { PageAsking } from './frame.js';

const MARKS: Record<Headline['tone'], string> = { calm: '●', good: '✓', asks: '?', doubt: '!', bad: '✕' };

/** How it stands, large: what the eye meets first. The state is in words, the sign only repeats it. */
export const banner = ({ tone, state, next }: Headline): Markup =>
  html`<section class="banner ${tone}"><p class="state"><span class="mark" aria-hidden="true">${MARKS[tone]}</span> ${state}</p><p class="next">${next}</p></section>`;

/** The same in a list. */
export const badge = ({ tone, state }: Headline): Markup =>
  html`<span class="badge ${tone}"><span aria-hidden="true">${MARKS[tone]}</span> ${state}</span>`;

/** A part of a page with its heading. */
export const part = (id: string, title: string, body: Markup): Markup =>
  html`<section id="${id}" aria-labelledby="${id}-h"><h2 id="${id}-h">${title}</h2>
${body}
</section>`;

export const listOf = (pieces: readonly (Markup | string)[], kind = 'plain'): Markup =>
  html`<ul class="${kind}">
${lines(pieces.map((piece) => html`<li>${piece}</li>`))}
</ul>`;

/** What is asked for at which moment. */
type Moment = Pick<PageAsking, 'now' | 'standsStill'>;

/** How long since then; goes on counting where there is a script. */
export function elapsed(since: number, { now, standsStill }: Moment): Markup {
  const text = formatDuration(Math.max(now - since, 0));
  return standsStill ? html`${text}` : html`<span class="count" data-since="${since}">${text}</span>`;
}

/** How long until then. */
export function countdown(until: number, { now, standsStill }: Moment): Markup {
  const text = formatDuration(Math.max(until - now, 0));
  return standsStill ? html`${text}` : html`<span class="count" data-until="${until}">${text}</span>`;
}

/** Which page of a list an address asks for; the first where it does not say. */
export function pageAsked(query: URLSearchParams): number {
  const page = Number(query.get('page'));
  return Number.isSafeInteger(page) && page > 1 ? page : 1;
}

/** One page of what is listed newest first, and the way to the others. */
export function paged<Each>(
  all: readonly Each[],
  { page: wanted, size }: { page: number; size: number },
  { words, path }: PageAsking,
): { shown: readonly Each[]; pager: Markup | undefined } {
  const pages = Math.max(Math.ceil(all.length / size), 1);
  const page = Math.min(wanted, pages);
  const shown = all.slice((page - 1) * size, page * size);
  if (pages === 1) return { shown, pager: undefined };
  const to = (number: number, text: string) => {
    const [address, query] = path.split('?');
    const parameters = new URLSearchParams(query);
    parameters.set('page', String(number));
    return html`<a href="${address}?${parameters.toString()}">${text}</a>`;
  };
  const pager = html`<p class="pager">${page > 1 ? to(page - 1, words.frame.newer) : undefined} <span>${words.frame.page(page, pages)}</span> ${page < pages ? to(page + 1, words.frame.older) : undefined}</p>`;
  return { shown, pager };
}

export const stampedTime = (at: number, text: string): Markup =>
  html`<time datetime="${new Date(at).toISOString()}">${text}</time>`;

export const factsList = (rows: readonly (readonly [string, Markup | string | undefined])[]): Markup =>
  html`<dl>
${lines(rows.map(([name, value]) => (value === undefined ? undefined : html`<dt>${name}</dt><dd>${value}</dd>`)))}
</dl>`;

/** What is wider than a phone scrolls by itself, by keyboard too. */
export const wide = (label: string, table: Markup): Markup =>
  html`<div class="wide" tabindex="0" role="region" aria-label="${label}">${table}</div>`;

export const deploymentPath = (deployment: string, ...more: string[]): string =>
  ['', 'deployments', deployment, ...more].map(encodeURIComponent).join('/');

export const choices = <Value extends string>(
  options: readonly (readonly [Value, string])[],
  chosen: string | undefined,
): Markup =>
  lines(
    options.map(
      ([value, text]) =>
        html`<option value="${value}"${value === chosen ? html` selected` : undefined}>${text}</option>`,
    ),
  );

export const notes = (title: string, told: readonly string[]): Markup | undefined =>
  told.length === 0
    ? undefined
    : html`<section class="note" aria-label="${title}"><p><strong>${title}</strong></p>${listOf(told.map((text) => html`<span lang="en">${text}</span>`))}</section>`;
