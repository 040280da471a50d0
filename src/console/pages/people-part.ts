/** Who has signed off and who is missing, and what people have said. Pure. */
import { missingRoles } from '../../domain/decisions/waits-for.js';
import type { DecisionRecord, Ledger } from '../../domain/ledger/ledger.js';
import { html, type Markup } from '../../report/html/markup.js';
import { type PageAsking, universalTime } from './frame.js';
import { listOf, part } from './parts.js';

export function signOffsPart(ledger: Ledger, { words }: PageAsking): Markup {
  const told = words.deployment;
  const question = ledger.questions.find(({ kind }) => kind === 'approvals');
  const missing = question && !ledger.outcome ? missingRoles(ledger, question) : [];
  const given = ledger.approvals.map(
    ({ role, who, at, signed }) =>
      html`<span class="passed"><span aria-hidden="true">✓</span> ${role}</span>: ${told.signedOff(who, universalTime(at))}${signed ? `, ${told.verified}` : ''}`,
  );
  const open = missing.map(
    (role) => html`<span class="unknown"><span aria-hidden="true">·</span> ${role}</span>: ${told.missing}`,
  );
  const all = [...given, ...open];
  return part('sign-offs', told.signOffs, all.length > 0 ? listOf(all, 'marked') : html`<p>${told.noSignOffs}</p>`);
}

/** The latest first. */
export function decisionsPart({ decisions, refusedBefore }: Ledger, { words }: PageAsking): Markup {
  const told = words.deployment;
  const each = ({ kind, who, role, at, why, accepted, reason }: DecisionRecord) =>
    html`<span class="${accepted ? 'passed' : 'failed'}">${accepted ? told.accepted : told.refused}</span>: ${words.answers[kind]?.name ?? kind}, ${who} (${role}), <span class="soft">${universalTime(at)}</span>${why === undefined ? undefined : html`<p class="told">${why}</p>`}<p class="soft" lang="en">${reason}</p>`;
  const before = refusedBefore ? html`<p>${told.refusedBefore(refusedBefore)}</p>` : undefined;
  const body = decisions.length > 0 ? listOf([...decisions].reverse().map(each)) : html`<p>${told.noDecisions}</p>`;
  return part('decisions', told.decisions, html`${body}${before}`);
}
