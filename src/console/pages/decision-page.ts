/** A decision: what is asked, what is known, what each answer does; then one confirmation. A form is sent, nothing else. Pure. */
import { commandFor } from '../../domain/decisions/answers.js';
import { DECISION_KINDS, type DecisionKind } from '../../domain/ledger/decision-kinds.js';
import { type Decision, ROLLBACK_KINDS } from '../../domain/ledger/ledger.js';
import { html, lines, type Markup } from '../../report/html/markup.js';
import type { DeploymentLook } from '../look.js';
import { momentIn } from '../moment.js';
import { foreseen, type Lack, type Sayable, speakerValue, whyBarred } from '../saying.js';
import { signInLink } from '../signed-in.js';
import type { ConsoleWords } from '../words/console-words.js';
import { deploymentHead } from './deployment-head.js';
import { type PageAsking, type PageContent, tokenField } from './frame.js';
import { choices, deploymentPath, elapsed, listOf } from './parts.js';
import { signOffsPart } from './people-part.js';
import { itemsPart, latestEvidence } from './proof-part.js';
import { watchesPart } from './watches-part.js';
import { wayBackPart } from './way-back-part.js';

/** A form's second step sends; the first one leads to it. */
export const CONFIRMED = 'confirmed';

export interface DecisionContext {
  look: DeploymentLook;
  sayable: Sayable;
  asking: PageAsking;
}

/** @param retried what a form has said that lacks something */
export function decisionPage(
  context: DecisionContext,
  retried?: { form: URLSearchParams; lacks: Lack[] },
): PageContent {
  const { look, sayable, asking } = context;
  const { words } = asking;
  const { question } = sayable;
  const moment = momentIn(look.ledger, look.inVirtualTime, asking);
  const title = question?.title ?? words.decision.unasked;
  const asked = question
    ? html`${question.text === '' ? undefined : html`<p class="told">${question.text}</p>`}<p class="soft">${words.deployment.answeredBy(question.roles.join(', '))}, ${words.deployment.openFor} ${elapsed(question.openedAt, moment)}</p>`
    : undefined;
  const main = html`${deploymentHead(look)}
<h2>${title}</h2>
${asked}
${retried ? lackOf(retried.lacks, words) : undefined}
${sayable.mayNot ? refusal(context) : answerForm(context, retried?.form)}
${typedCommands(context)}
${signOffsPart(look.ledger, asking)}
${wayBackPart(look, moment)}
${watchesPart(look, moment)}
${itemsPart(look, asking)}
${latestEvidence(look, asking)}`;
  return { title: `${title}: ${look.ledger.deployment}`, main };
}

const lackOf = (lacks: readonly Lack[], { decision }: ConsoleWords): Markup =>
  html`<div class="banner bad" role="alert"><p><strong>${decision.problem}</strong></p>${listOf(lacks.map((lack) => decision.lacks[lack]))}</div>`;

function refusal({ sayable, asking }: DecisionContext): Markup | undefined {
  const { mayNot } = sayable;
  if (mayNot === undefined) return undefined;
  const link =
    mayNot === 'signIn'
      ? html` <a class="button" href="${signInLink(asking.path)}">${asking.words.frame.signIn}</a>`
      : undefined;
  const whyNobody = mayNot === 'noRole' || mayNot === 'nobody' ? notFrom(sayable.barred, asking.words) : undefined;
  return html`<p class="note">${asking.words.decision.mayNot[mayNot]}${link}</p>${whyNobody}`;
}

/** What can't be said here is typed. */
function typedCommands({ look, sayable, asking }: DecisionContext): Markup | undefined {
  const { typed, question, mayNot } = sayable;
  const { signedOnly, unknown } = asking.words.decision.mayNot;
  if (typed.length === 0 || mayNot === 'ended' || mayNot === 'answered') return undefined;
  const command = (kind: DecisionKind) => {
    const [only, ...others] = question?.roles ?? [];
    const role = only !== undefined && others.length === 0 ? only : 'ROLE';
    return html`<code>${commandFor(kind, { role, subject: question?.id })} --sign KEY</code>`;
  };
  const why = mayNot === undefined ? html`<p>${look.planned ? signedOnly : unknown}</p>` : undefined;
  return html`${why}${listOf(typed.map(command))}`;
}

function answerForm({ look, sayable, asking }: DecisionContext, said?: URLSearchParams): Markup {
  const { decision } = asking.words;
  const { kinds, question } = sayable;
  const digest = look.ledger.proposal?.digest;
  const isOffered = (kind: DecisionKind) => kinds.includes(kind);
  return html`<form class="decide" method="post" action="${actionOf(look, question?.id)}">
${tokenField(asking)}
${isOffered('approve') && digest !== undefined ? html`<p>${decision.digest}: <code>${digest}</code></p><input type="hidden" name="digest" value="${digest}">` : undefined}
<fieldset><legend>${decision.answers}</legend>
${lines(kinds.map((kind) => answer(kind, { sayable, words: asking.words, chosen: said?.get('answer') ?? undefined })))}
</fieldset>
${speakerChoice(sayable, asking, said)}
<label>${decision.why} <span class="soft">(${decision.whyNeeded})</span><textarea name="why" rows="3" maxlength="2000">${said?.get('why') ?? ''}</textarea></label>
${isOffered('rollback') ? rollbackFields(asking.words, said) : undefined}
${isOffered('move') ? html`<div class="of-move"><label>${decision.runner} <input name="to" value="${said?.get('to') ?? ''}"></label></div>` : undefined}
<p><button>${decision.go}</button> <a href="${deploymentPath(look.ledger.deployment)}">${decision.back}</a></p>
</form>`;
}

const actionOf = ({ ledger }: DeploymentLook, question: string | undefined): string =>
  deploymentPath(ledger.deployment, 'decide', ...(question === undefined ? [] : [question]));

/** Not to be chosen where it would count from nobody who could say it here. */
function answer(
  kind: DecisionKind,
  { sayable, words, chosen }: { sayable: Sayable; words: ConsoleWords; chosen: string | undefined },
): Markup {
  const { name, does } = words.answers[kind];
  const mark = DECISION_KINDS[kind].stops ? 'stops' : 'goes';
  const isOpen = sayable.speakers.some((speaker) => whyBarred(sayable, kind, speaker) === undefined);
  const state = html`${chosen === kind ? html` checked` : undefined}${isOpen ? undefined : html` disabled`}`;
  return html`<div class="answer ${mark}"><input type="radio" name="answer" id="answer-${kind}" value="${kind}" required aria-describedby="does-${kind}"${state}><label for="answer-${kind}">${name}</label><div id="does-${kind}" class="soft"><p>${does}</p>${notFrom(
    sayable.barred.filter((each) => each.kind === kind),
    words,
  )}</div></div>`;
}

/** Why an answer would not count from some who are asked. */
function notFrom(barred: Sayable['barred'], { decision }: ConsoleWords): Markup | undefined {
  const reasons = [...new Set(barred.map(({ whyNot }) => whyNot))];
  if (reasons.length === 0) return undefined;
  return html`<p>${decision.wouldNotCount} <span lang="en">${reasons.join('; ')}</span>.</p>`;
}

function speakerChoice({ speakers }: Sayable, { words }: PageAsking, said?: URLSearchParams): Markup {
  const { decision } = words;
  const [only, ...others] = speakers;
  if (only && others.length === 0) return html`<p>${decision.you}: <strong>${only.name}</strong> (${only.role})</p>`;
  const options = speakers.map((each) => [speakerValue(each), `${each.name} (${each.role})`] as const);
  return html`<label>${decision.you} <select name="speaker" required><option value="">${decision.choosePerson}</option>${choices(options, said?.get('speaker') ?? undefined)}</select></label>`;
}

const rollbackFields = ({ decision, rollbacks }: ConsoleWords, said?: URLSearchParams): Markup =>
  html`<div class="of-rollback"><label>${decision.option} <select name="option"><option value="">${decision.byPlan}</option>${choices(
    ROLLBACK_KINDS.map((kind) => [kind, rollbacks[kind]]),
    said?.get('option') ?? undefined,
  )}</select></label>
<label>${decision.revision} <input name="revision" value="${said?.get('revision') ?? ''}"></label></div>`;

/** What is about to be sent, in words: the one confirmation. */
export function confirmationPage(
  { look, sayable, asking }: DecisionContext,
  { decision, form }: { decision: Decision; form: URLSearchParams },
): PageContent {
  const { words } = asking;
  const { name, does } = words.answers[decision.kind];
  const speaker = sayable.speakers.find(({ person, role }) => person === decision.who && role === decision.role);
  const kept = ['answer', 'speaker', 'why', 'digest', 'option', 'revision', 'to'].flatMap((field) => {
    const value = form.get(field);
    return value === null ? [] : [html`<input type="hidden" name="${field}" value="${value}">`];
  });
  const ahead = foreseen(look, decision);
  const told =
    ahead === undefined
      ? undefined
      : html`<p class="${ahead.accepted ? 'told' : 'note'}">${ahead.accepted ? words.decision.wouldLead : words.decision.wouldBeRefused} <span lang="en">${ahead.reason}</span></p>`;
  const title = words.decision.confirmTitle(name);
  const main = html`${deploymentHead(look)}
<h2>${title}</h2>
${sayable.question ? html`<p class="told">${sayable.question.title}</p>` : undefined}
<p>${does}</p>
<p>${words.decision.confirmText(speaker?.name ?? decision.who, decision.role)}</p>
${decision.digest === undefined ? undefined : html`<p>${words.decision.digest}: <code>${decision.digest}</code></p>`}
${decision.why === undefined ? undefined : html`<p>${words.decision.reason}: <q>${decision.why}</q></p>`}
${told}
<form class="decide" method="post" action="${actionOf(look, sayable.question?.id)}">
${tokenField(asking)}${kept}<input type="hidden" name="${CONFIRMED}" value="yes">
<p><button class="${DECISION_KINDS[decision.kind].stops ? 'stops' : 'goes'}">${words.decision.reallyGo(name)}</button> <a href="${deploymentPath(look.ledger.deployment)}">${words.decision.back}</a></p>
</form>`;
  return { title: `${title} ${look.ledger.deployment}`, main };
}

/** What became of it. @param text the deployment's own words, or why it did not get there */
export function answeredPage(
  decision: Decision,
  { isTaken, text, hint }: { isTaken: boolean; text: string; hint?: string },
  asking: PageAsking,
): PageContent {
  const { words } = asking;
  const title = `${isTaken ? words.decision.taken : words.decision.refused}: ${words.answers[decision.kind].name}`;
  const to = decision.deployment ?? '';
  const main = html`<h1>${title}</h1>
<div class="banner ${isTaken ? 'good' : 'bad'}" role="status"><p class="state" lang="en">${text}</p>${hint === undefined ? undefined : html`<p class="next" lang="en">${hint}</p>`}</div>
<p><a class="button" href="${deploymentPath(to)}">${words.decision.toDeployment}</a></p>`;
  return { title, main };
}
