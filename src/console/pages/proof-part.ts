/** What proves it: the boxes of the checklist and the evidence, each with its sha256. Pure. */
import { whoAndWhy } from '../../domain/evidence.js';
import { ITEM_STATES } from '../../domain/items.js';
import type { ReportDocument } from '../../report/content/document.js';
import { html, type Markup } from '../../report/html/markup.js';
import type { DeploymentLook } from '../look.js';
import { deploymentHead } from './deployment-head.js';
import type { PageAsking, PageContent } from './frame.js';
import { deploymentPath, listOf, paged, part } from './parts.js';

/** Files. */
const ON_A_PAGE = 100;

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

export function evidenceSummary(look: DeploymentLook, { words }: PageAsking): Markup {
  const count = evidenceOf(look).length;
  const link = html`<p><a href="${deploymentPath(look.ledger.deployment, 'evidence')}">${words.deployment.evidence}: ${count}</a></p>`;
  return part('evidence', words.deployment.evidence, count > 0 ? link : html`<p>${words.deployment.noEvidence}</p>`);
}

/** Of a decision: what is newest, as it is what was proven last; with a way to all of it. */
export function latestEvidence(look: DeploymentLook, asking: PageAsking): Markup {
  const all = evidenceOf(look);
  if (all.length <= ON_A_PAGE / 2) return filesPart(look, all, asking);
  const path = deploymentPath(look.ledger.deployment, 'evidence');
  const { evidence } = asking.words.deployment;
  return html`${filesPart(look, all.slice(0, ON_A_PAGE / 2), asking)}
<p><a href="${path}">${evidence}: ${all.length}</a></p>`;
}

/** All boxes, and all evidence, a page of it at a time. */
export function evidencePage(look: DeploymentLook, page: number, asking: PageAsking): PageContent {
  const { ledger, planned } = look;
  const { words } = asking;
  const items = page === 1 ? (planned?.document.items ?? []) : [];
  const { shown, pager } = paged(evidenceOf(look), { page, size: ON_A_PAGE }, asking);
  const main = html`${deploymentHead(look)}
${planned ? undefined : html`<p class="note">${words.deployment.planUnknown}</p>`}
${items.length > 0 ? part('items', words.deployment.items, itemsList(items, planned?.plan.language ?? 'en', asking)) : undefined}
${filesPart(look, shown, asking)}${pager}`;
  return { title: `${words.pages.evidence}: ${ledger.deployment}`, main };
}

type File = Pick<ReportDocument['evidence'][number], 'path' | 'title' | 'bytes' | 'sha256'>;

/** The newest first; of a deployment whose plan cannot be read too. */
const evidenceOf = ({ ledger, planned }: DeploymentLook): File[] =>
  [...(planned?.document.evidence ?? ledger.steps.flatMap(({ evidence }) => evidence))].reverse();

function filesPart({ ledger, planned }: DeploymentLook, files: readonly File[], { words }: PageAsking): Markup {
  const { evidence, noEvidence } = words.deployment;
  const file = ({ path, title, bytes, sha256 }: File) => {
    const name = planned
      ? html`<a href="${deploymentPath(ledger.deployment, 'evidence', 'file')}?${new URLSearchParams({ path }).toString()}">${path}</a>`
      : html`${path}`;
    return html`${name} <span lang="en">${title}</span> <span class="soft">${bytes} B</span> <code>${sha256}</code>`;
  };
  return part(
    'evidence',
    evidence,
    files.length > 0 ? listOf(files.map(file), 'evidence') : html`<p>${noEvidence}</p>`,
  );
}
