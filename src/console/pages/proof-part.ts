/** What proves it: the boxes of the checklist and the evidence, each with its sha256. Pure. */
import { whoAndWhy } from '../../domain/evidence.js';
import { ITEM_STATES } from '../../domain/items.js';
import type { ReportDocument } from '../../report/content/document.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import type { DeploymentLook } from '../look.js';
import { deploymentHead } from './deployment-head.js';
import type { PageAsking, PageContent } from './frame.js';
import { deploymentPath, listOf, part } from './parts.js';

type ShownItem = ReportDocument['items'][number];

/** How many stand how; those that need somebody's eye are told, all of them on a page of their own. */
export function itemsPart({ ledger, planned }: DeploymentLook, asking: PageAsking): Markup | undefined {
  const { document } = planned ?? {};
  if (!document || document.items.length === 0) return undefined;
  const { words } = asking;
  const { counts, items } = document;
  const told = ITEM_STATES.filter((state) => counts[state] > 0).map(
    (state) => html`<span class="${state}">${words.items[state]}: ${counts[state]}</span>`,
  );
  const noted = items.filter(({ state }) => state === 'failed' || state === 'skipped');
  const link = html`<p><a href="${deploymentPath(ledger.deployment, 'evidence')}">${words.deployment.items}: ${counts.total}</a></p>`;
  return part(
    'items',
    words.deployment.items,
    html`${listOf(told, 'inline')}${noted.length > 0 ? itemsList(noted, planned?.plan.language ?? 'en', asking) : undefined}${link}`,
  );
}

const itemsList = (items: readonly ShownItem[], language: string, { words }: PageAsking): Markup =>
  listOf(
    items.map(
      ({ id, title, state, text, people }) =>
        html`<span class="${state}">${words.items[state]}</span> ${id} <span lang="${language}">${title}</span><p class="soft" lang="en">${[text, ...new Set(people.map((person) => whoAndWhy(person)))].filter(Boolean).join('; ')}</p>`,
    ),
    'items',
  );

export function evidenceSummary({ ledger, planned }: DeploymentLook, { words }: PageAsking): Markup {
  const count = planned?.document.evidence.length ?? ledger.steps.flatMap(({ evidence }) => evidence).length;
  const link = html`<p><a href="${deploymentPath(ledger.deployment, 'evidence')}">${words.deployment.evidence}: ${count}</a></p>`;
  return part('evidence', words.deployment.evidence, count > 0 ? link : html`<p>${words.deployment.noEvidence}</p>`);
}

/** All boxes and all evidence. */
export function evidencePage(look: DeploymentLook, asking: PageAsking): PageContent {
  const { ledger, planned } = look;
  const { words } = asking;
  const items = planned?.document.items ?? [];
  const main = html`${deploymentHead(look)}
${planned ? undefined : html`<p class="note">${words.deployment.planUnknown}</p>`}
${items.length > 0 ? part('items', words.deployment.items, itemsList(items, planned?.plan.language ?? 'en', asking)) : undefined}
${part('evidence', words.deployment.evidence, evidenceList(look, asking))}`;
  return { title: `${words.pages.evidence}: ${ledger.deployment}`, main };
}

/** The files, of a deployment whose plan cannot be read too. */
export function evidenceList({ ledger, planned }: DeploymentLook, { words }: PageAsking): Markup {
  const all = planned?.document.evidence ?? ledger.steps.flatMap(({ evidence }) => evidence);
  if (all.length === 0) return html`<p>${words.deployment.noEvidence}</p>`;
  return html`<ul class="evidence">
${lines(
  all.map(({ path, title, bytes, sha256 }) => {
    const name = planned
      ? html`<a href="${deploymentPath(ledger.deployment, 'evidence', 'file')}?${new URLSearchParams({ path }).toString()}">${path}</a>`
      : html`${path}`;
    return html`<li>${name} <span lang="en">${title}</span> <span class="soft">${bytes} B</span> <code>${sha256}</code></li>`;
  }),
)}
</ul>`;
}
