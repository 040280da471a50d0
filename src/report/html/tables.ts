/** What a report lists: items, sign-offs, decisions, rollbacks, steps, evidence. */
import { formatDuration } from '../../domain/duration.js';
import { whoAndWhy } from '../../domain/evidence.js';
import { ITEM_STATES } from '../../domain/items.js';
import { rounded } from '../../domain/rounded.js';
import type { ReportDocument } from '../content/document.js';
import type { ReportClock } from '../content/times.js';
import { html, lines, link, type Markup } from './markup.js';

export interface TableContext {
  report: ReportDocument;
  clock: ReportClock;
  /** The language of the plan's titles. */
  language: string;
}

const LABELS: Record<string, string> = { notApplicable: 'not applicable' };
const SHORT = 12;

const proof = (path: string, { report }: TableContext): Markup => {
  const sha256 = report.evidence.find((reference) => reference.path === path)?.sha256 ?? '';
  return html`<a href="${link(report.source.links, path)}">${path}</a> <code title="sha256 ${sha256}">${sha256.slice(0, SHORT)}</code>`;
};

const list = (pieces: readonly (Markup | string)[]): Markup | undefined =>
  pieces.length === 0 ? undefined : html`<ul>${pieces.map((piece) => html`<li>${piece}</li>`)}</ul>`;

/** Radio buttons and style alone filter the rows: the page has no program in it. */
export function itemsTable(context: TableContext): Markup {
  const { items, counts } = context.report;
  const present = ITEM_STATES.filter((state) => counts[state] > 0);
  const choice = (id: string, label: string) =>
    html`<input type="radio" name="items" id="show-${id}"${id === 'all' ? checked : undefined}><label for="show-${id}">${label}</label>\n`;
  const rows = items.map((item) => {
    const { id, title, state, text, at, people, evidence } = item;
    return html`<tr class="item is-${state}"><th scope="row">${id}</th><td lang="${context.language}">${title}</td><td class="${state}">${LABELS[state] ?? state}</td><td>${text}${list([...new Set(people.map((person) => whoAndWhy(person)))])}</td><td>${at === undefined ? '' : context.clock.stamp(at)}</td><td>${list(evidence.map((path) => proof(path, context)))}</td></tr>`;
  });
  return html`<div class="filter"><fieldset><legend>Show items that are</legend>
${choice('all', `all (${counts.total})`)}${present.map((state) => choice(state, `${LABELS[state] ?? state} (${counts[state]})`))}</fieldset>
<table class="items"><caption>The boxes of the checklist: ${counts.total} items</caption><thead><tr>${columns('Item', 'Box', 'State', 'What was seen, and who stands for it', 'When', 'Evidence')}</tr></thead><tbody>
${lines(rows)}
</tbody></table></div>`;
}

const checked = html` checked`;
const columns = (...names: string[]): Markup[] => names.map((name) => html`<th scope="col">${name}</th>`);

export function approvalsTable({ report, clock }: TableContext): Markup {
  if (report.approvals.length === 0) return html`<p>Nobody has signed off.</p>`;
  return html`<table><caption>Sign-offs${report.proposal ? ` of proposal ${report.proposal.digest}, commit ${report.proposal.commit}` : ''}</caption><thead><tr>${columns('Role', 'Who', 'When', 'Digest of what was signed off', 'Signature')}</tr></thead><tbody>
${lines(
  report.approvals.map(
    ({ role, who, at, digest, signed }) =>
      html`<tr><th scope="row">${role}</th><td>${who}</td><td>${clock.stamp(at)}</td><td><code>${digest}</code></td><td>${signed ? 'verified' : 'none'}</td></tr>`,
  ),
)}
</tbody></table>`;
}

export function decisionsTable({ report, clock }: TableContext): Markup {
  if (report.decisions.length === 0) return html`<p>Nobody has decided anything.</p>`;
  return html`<table><caption>Decisions, refused ones included</caption><thead><tr>${columns('When', 'Decision', 'Who', 'About', 'Why', 'What became of it')}</tr></thead><tbody>
${lines(
  report.decisions.map(
    ({ at, kind, who, role, subject, why, accepted, reason, via }) =>
      html`<tr class="${accepted ? '' : 'refused'}"><td>${clock.stamp(at)}</td><th scope="row">${kind}</th><td>${who} as ${role}, by ${via}</td><td>${subject}</td><td>${why}</td><td class="${accepted ? 'passed' : 'failed'}">${accepted ? 'accepted' : 'REFUSED'}: ${reason}</td></tr>`,
  ),
)}
</tbody></table>`;
}

export function rollbackSections(context: TableContext): Markup {
  const { report, clock } = context;
  if (report.rollbacks.length === 0) return html`<p>Nothing was rolled back.</p>`;
  return lines(
    report.rollbacks.map((rollback) => {
      const { option, trigger, reasons, startedAt, took, estimate, succeeded, reason, steps } = rollback;
      const state = succeeded === undefined ? 'under way' : succeeded ? 'succeeded' : 'FAILED';
      const detected =
        trigger.kind === 'criterion'
          ? `; the breach was at ${clock.stamp(trigger.breachedAt)}, ${formatDuration(startedAt - trigger.breachedAt)} before`
          : '';
      const time =
        took === undefined
          ? 'not ended yet'
          : `took ${formatDuration(took)}, ${took <= estimate ? 'within' : 'LONGER THAN'} the estimate of ${formatDuration(estimate)}`;
      return html`<section><h3>Rollback: ${option}, <span class="${succeeded ? 'passed' : 'failed'}">${state}</span></h3><p>Began ${clock.stamp(startedAt)}${detected}; ${time}.</p><p>Because of ${trigger.kind}: ${trigger.text}${reason ? `. ${reason}` : ''}</p>${list(reasons)}${stepsTable(`Steps of the rollback (${option})`, steps, context)}</section>`;
    }),
  );
}

export function stepsTable(caption: string, steps: ReportDocument['steps'], context: TableContext): Markup {
  const rows = steps.map((step) => {
    const { id, section, title, state, generation, startedAt, endedAt, summary, reason, facts, evidence } = step;
    const shown = facts.map(
      ({ name, ok, text, by }) =>
        html`<span class="${ok ? 'passed' : 'failed'}">${ok ? '✓' : '✗'} ${name}</span>: ${text}${by ? ` (${whoAndWhy(by)})` : ''}`,
    );
    return html`<tr><th scope="row"><code>${id}</code>${generation > 1 ? ` (run ${generation})` : ''}</th><td>${section}</td><td>${title}</td><td class="${state}">${state}</td><td>${context.clock.stamp(startedAt)}</td><td>${endedAt === undefined ? '' : formatDuration(endedAt - startedAt)}</td><td>${reason ?? summary}${shown.length > 0 ? html`<details><summary>${shown.length} facts</summary>${list(shown)}</details>` : undefined}</td><td>${list(evidence.map((path) => proof(path, context)))}</td></tr>`;
  });
  return html`<table><caption>${caption}</caption><thead><tr>${columns('Step', 'Section', 'What', 'State', 'Began', 'Took', 'Result', 'Evidence')}</tr></thead><tbody>
${lines(rows)}
</tbody></table>`;
}

export function criteriaTable(
  caption: string,
  criteria: ReportDocument['monitors'][number]['criteria'],
  { clock, language }: TableContext,
): Markup {
  const value = (number: number | undefined, unit: string) =>
    number === undefined ? '' : `${rounded(number)} ${unit}`;
  return html`<table><caption>${caption}</caption><thead><tr>${columns('Criterion', 'Breach', 'Kind', 'Verdict', 'Worst', 'Samples', 'Without a value', 'Remark')}</tr></thead><tbody>
${lines(
  criteria.map(
    ({ title, rule, tier, verdict, worst, unit, samples, unknown, firedAt, reason }) =>
      html`<tr><th scope="row" lang="${language}">${title}</th><td>${rule}</td><td>${tier}</td><td class="${verdict}">${verdict}</td><td>${value(worst, unit)}</td><td>${samples}</td><td>${unknown}</td><td>${firedAt === undefined ? reason : `met at ${clock.stamp(firedAt)}`}</td></tr>`,
  ),
)}
</tbody></table>`;
}

export function evidenceTable(context: TableContext): Markup {
  const { evidence, source } = context.report;
  return html`<table><caption>Evidence: ${evidence.length} files</caption><thead><tr>${columns('File', 'What', 'Bytes', 'sha256')}</tr></thead><tbody>
${lines(
  evidence.map(
    ({ path, title, bytes, sha256 }) =>
      html`<tr><th scope="row"><a href="${link(source.links, path)}">${path}</a></th><td>${title}</td><td>${bytes}</td><td><code>${sha256}</code></td></tr>`,
  ),
)}
</tbody></table>`;
}
