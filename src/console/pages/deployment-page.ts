/** One deployment: how it stands and what comes next, then everything that this rests on. Pure. */

import { missingRoles } from '../../domain/decisions/waits-for.js';
import type { OpenQuestion } from '../../domain/ledger/ledger.js';
import { leftBehind, stillRollsBack } from '../../domain/ledger/left-behind.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import { cutOff } from '../../temporal/ledger-view.js';
import { headlineOf } from '../headline.js';
import type { DeploymentLook } from '../look.js';
import { momentIn } from '../moment.js';
import { deploymentHead } from './deployment-head.js';
import { type PageAsking, type PageContent, universalTime } from './frame.js';
import { banner, deploymentPath, elapsed, factsList, listOf, notes, part, stampedTime } from './parts.js';
import { decisionsPart, signOffsPart } from './people-part.js';
import { phasesPart } from './phases-part.js';
import { evidenceSummary, itemsPart } from './proof-part.js';
import { watchesPart } from './watches-part.js';
import { wayBackPart } from './way-back-part.js';

export function deploymentPage(look: DeploymentLook, asked: PageAsking): PageContent {
  const { ledger, planned } = look;
  const asking = momentIn(ledger, look.inVirtualTime, asked);
  const { words } = asking;
  const headline = headlineOf(look, asking);
  const isOver = ledger.outcome !== undefined || cutOff(look) !== undefined;
  const main = html`${deploymentHead(look)}
${banner(headline)}
${remarks(look, asking)}
${isOver ? undefined : questions(look, asking)}
${phasesPart(look, asking)}
${watchesPart(look, asking)}
${signOffsPart(ledger, asking)}
${wayBackPart(look, asking)}
${planned ? itemsPart(look, asking) : undefined}
${evidenceSummary(look, asking)}
${decisionsPart(ledger, asking)}
${part('about', words.deployment.plan, about(look, asking))}`;
  return { title: `${headline.state}: ${ledger.deployment}`, main, isLive: !isOver || stillRollsBack(ledger) };
}

/** What has to be known of what is shown, and what of it is not. */
function remarks(look: DeploymentLook, { words }: PageAsking): Markup {
  const { ledger, planned, unanswered, archive, services, watchdog } = look;
  const told = words.deployment;
  const isCutOff = cutOff(look) !== undefined || ledger.outcome === 'rollback-failed';
  const unserved = [
    ...services.filter(({ state }) => state !== 'served'),
    ...(watchdog && watchdog.state !== 'looks' ? [watchdog] : []),
  ];
  return lines([
    ledger.reason === undefined ? undefined : html`<p class="reason" lang="en">${ledger.reason}</p>`,
    archive && html`<p class="note">${told.archived(universalTime(archive.at), archive.store)}</p>`,
    unanswered &&
      html`<p class="note">${told.unanswered} <span lang="en">${unanswered.message}. ${unanswered.hint}</span></p>`,
    planned ? undefined : html`<p class="note">${told.planUnknown}</p>`,
    isCutOff ? notes(words.next.lookFirst, leftBehind(ledger)) : undefined,
    notes(
      told.workers,
      unserved.map(({ text, advice }) => [text, advice].filter(Boolean).join(' ')),
    ),
    notes(told.untold, ledger.untold),
    notes(told.unkept, ledger.unkept ?? []),
  ]);
}

function questions(look: DeploymentLook, asking: PageAsking): Markup {
  const { words } = asking;
  const { ledger } = look;
  const told = words.deployment;
  const open = ledger.questions.filter(({ answer }) => !answer);
  const to = deploymentPath(ledger.deployment, 'decide');
  const unasked = ledger.held
    ? html`<p><a class="button" href="${to}">${words.answers.resume.name}</a></p>`
    : html`<p><a href="${to}">${told.saySomething}</a></p>`;
  const each = (question: OpenQuestion) => {
    const roles = question.kind === 'approvals' ? missingRoles(ledger, question) : question.roles;
    return html`<h3>${question.title}</h3>${question.text === '' ? undefined : html`<p class="told">${question.text}</p>`}<p class="soft">${told.answeredBy(roles.join(', '))}, ${told.openFor} ${elapsed(question.openedAt, asking)}</p><p><a class="button" href="${deploymentPath(ledger.deployment, 'decide', question.id)}">${told.toDecision(question.title)}</a></p>`;
  };
  if (open.length === 0) return unasked;
  return html`${part('questions', told.questions, listOf(open.map(each), 'cards'))}
${unasked}`;
}

function about(look: DeploymentLook, { words }: PageAsking): Markup {
  const { ledger, found } = look;
  const { release, commit, startedBy, startedAt, endedAt, digest, runner } = ledger;
  const told = words.deployment;
  return factsList([
    [
      told.release,
      html`${release.previous} → ${release.target}${commit === undefined ? undefined : html`, ${told.commit} <code>${commit}</code>`}`,
    ],
    [told.started, html`${stampedTime(startedAt, universalTime(startedAt))}, ${told.startedBy} ${startedBy}`],
    [told.ended, endedAt === undefined ? undefined : stampedTime(endedAt, universalTime(endedAt))],
    [told.plan, html`<code>sha256 ${digest}</code>`],
    [told.build, found.build ?? undefined],
    [told.runner, runner === undefined ? undefined : html`<code>${runner}</code>`],
    [
      told.webUi,
      found.link === undefined ? undefined : html`<a href="${found.link}" rel="noreferrer">${found.runId}</a>`,
    ],
  ]);
}
