/** Small things that pages are made of. Pure. */
import { formatDuration } from '../../domain/duration.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import type { Headline } from '../headline.js';

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

/** How long since then; goes on counting where there is a script. */
export const elapsed = (since: number, now: number): Markup =>
  html`<span class="count" data-since="${since}">${formatDuration(Math.max(now - since, 0))}</span>`;

/** How long until then. */
export const countdown = (until: number, now: number): Markup =>
  html`<span class="count" data-until="${until}">${formatDuration(Math.max(until - now, 0))}</span>`;

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
