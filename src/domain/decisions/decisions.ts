/** Judging what people say: one function for signals and updates alike. Pure; who may do what comes from the plan. */
import { DECISION_KINDS, type QuestionKind } from '../ledger/decision-kinds.js';
import {
  type Decision,
  type Ledger,
  type OpenQuestion,
  ROLLBACK_KINDS,
  type RollbackRecord,
  type StoredBackup,
} from '../ledger/ledger.js';
import { backupName } from '../rollback/backup-name.js';
import { destinationOf } from '../rollback/destination.js';
import type { Criterion, RollbackOption } from '../watch/criteria.js';
import type { Approvals } from './approvals.js';
import { demandProblem, isDemanded } from './demands.js';
import { movedTo, whyNotMoved } from './moves.js';
import { whyNoRoom } from './room.js';
import { whyNotSignedOff } from './sign-off.js';

export type DecisionJudgement = { accepted: true; reason: string } | { accepted: false; reason: string };

const accept = (reason: string): DecisionJudgement => ({ accepted: true, reason });
const refuse = (reason: string): DecisionJudgement => ({ accepted: false, reason });

/** Says whether a decision counts now, and why. */
export function judgeDecision(ledger: Ledger, approvals: Approvals, decision: Decision): DecisionJudgement {
  if (ledger.outcome) return refuse(`the deployment has already ended: ${ledger.outcome}`);
  if (decision.deployment !== undefined && decision.deployment !== ledger.deployment) {
    return refuse(`it is about ${decision.deployment}, and this is ${ledger.deployment}`);
  }
  const person = approvals.roster.find((candidate) => candidate.id === decision.who);
  if (!person) {
    const known = approvals.roster.map((candidate) => candidate.id).join(', ');
    return refuse(`${decision.who} is not on the plan's roster (${known})`);
  }
  if (!person.roles.includes(decision.role)) {
    return refuse(`${decision.who} does not have the role ${decision.role} (has: ${person.roles.join(', ')})`);
  }
  const undue = demandProblem(ledger.demands, decision);
  if (undue !== undefined) return refuse(undue);
  const full = isDemanded(ledger.demands, decision.kind) ? whyNoRoom(ledger, decision) : undefined;
  if (full !== undefined) return refuse(full);
  if (decision.kind !== 'approve' && decision.digest !== undefined && !names(decision.digest, ledger.digest)) {
    return refuse(`the digest is not the one of this deployment's plan (${short(ledger.digest)})`);
  }
  // To go back to a revision is somebody's word for a rollback; it is not to ride along with another.
  if (decision.kind !== 'rollback' && decision.revision !== undefined) {
    return refuse('a revision is named with a rollback, and with no other decision');
  }
  // Whatever the deployment is about: without a runner nothing of it can be done.
  if (decision.kind === 'move') {
    const lack = whyNotMoved(ledger, decision);
    if (lack !== undefined) return refuse(lack);
    return lacksReason(decision) ?? accept(movedTo(decision));
  }
  const isAsked = ledger.ending !== undefined && unanswered(ledger, DECISION_KINDS.rollback.answers).length > 0;
  const goingBack = ledger.rollback !== undefined || isAsked;
  if ((ledger.stop || ledger.ending !== undefined) && !goingBack) {
    const by = ledger.stop ? `${ledger.stop.kind} by ${ledger.stop.who}` : ledger.ending;
    const stopping = `already being stopped: ${by}`;
    // What has not begun to work takes nobody's word away: the deployment may wait for a runner that nobody serves.
    if (decision.kind === 'rollback') return judgeRollback(ledger, decision);
    if (decision.kind !== 'abort' || ledger.ending !== undefined) return refuse(stopping);
    return lacksReason(decision) ?? accept(stopping);
  }
  switch (decision.kind) {
    case 'approve':
      return judgeApproval(ledger, approvals, decision);
    case 'reject':
      return judgeRejection(ledger, approvals, decision);
    case 'confirm':
    case 'retry':
    case 'skip':
    case 'override':
      return lacksReason(decision) ?? judgeAnswer(ledger, decision);
    case 'hold':
      if (ledger.held) return refuse(`already held by ${ledger.held.who}`);
      if (ledger.rollback) return refuse('a rollback is under way and is not held');
      if (goingBack) return refuse(`production is about to be rolled back, and that is not held: ${movesOf(ledger)}`);
      return accept('held before the next step');
    case 'resume':
      return judgeResumption(ledger, decision);
    case 'abort':
      if (ledger.rollback) return refuse('a rollback is under way: it is finished first');
      if (goingBack) return refuse(`production is about to be rolled back: ${movesOf(ledger)}`);
      return (
        lacksReason(decision) ?? accept(hasChanged(ledger) ? 'production has changed: it is rolled back' : 'stopped')
      );
    case 'rollback':
      return judgeRollback(ledger, decision);
  }
}

/** What can be decided now, where something else was. */
function movesOf({ questions }: Ledger): string {
  const moves = questions.flatMap((question) => (question.answer ? [] : question.moves));
  return `what can be decided is ${[...new Set(moves)].join(', ')}`;
}

/** Of what runs nothing is known until it has ended: another way back would run beside it. */
function besideRollback(ledger: Ledger, { option }: RollbackRecord): string {
  const isAsked = ledger.questions.some(({ answer, moves }) => answer === undefined && moves.length > 0);
  const now = isAsked ? movesOf(ledger) : 'if it fails, people are asked for the next one';
  return `a rollback is already under way (${option}), and no other begins beside it: ${now}`;
}

function lacksReason({ kind, why }: Decision): DecisionJudgement | undefined {
  const { asksWhy } = DECISION_KINDS[kind];
  return asksWhy !== undefined && !why ? refuse(asksWhy) : undefined;
}

function judgeApproval(ledger: Ledger, approvals: Approvals, decision: Decision): DecisionJudgement {
  const question = openQuestion(ledger, decision, DECISION_KINDS[decision.kind].answers);
  if (!question) return refuse('no sign-off is being asked for now');
  if (!question.roles.includes(decision.role)) return refuse(`no sign-off of the role ${decision.role} is needed`);
  const proposed = ledger.proposal?.digest;
  if (proposed === undefined) return refuse('there is nothing to approve yet');
  if (decision.digest === undefined) return refuse(`name the digest of what you approve: ${short(proposed)}`);
  if (!names(decision.digest, proposed)) {
    return refuse(`${short(decision.digest)} is not what is asked for: look again and approve ${short(proposed)}`);
  }
  if (approvals.signed && decision.signature === undefined) {
    return refuse('this plan takes signed approvals only: use surefoot approve --sign KEY');
  }
  const why = whyNotSignedOff(ledger, approvals, { question, who: decision.who, role: decision.role });
  if (why !== undefined) return refuse(why);
  return accept(`signed off as ${decision.role}`);
}

/** A digest is named by itself or by its first twelve characters or more. */
export const names = (given: string, digest: string): boolean => given.length >= 12 && digest.startsWith(given);

const short = (digest: string): string => digest.slice(0, 12);

function judgeRejection(ledger: Ledger, approvals: Approvals, decision: Decision): DecisionJudgement {
  if (!openQuestion(ledger, decision, DECISION_KINDS[decision.kind].answers))
    return refuse('no sign-off is being asked for now');
  if (!approvals.roles.some(({ role }) => role === decision.role)) {
    return refuse(`the role ${decision.role} signs nothing off`);
  }
  return lacksReason(decision) ?? accept('rejected: the deployment stops');
}

function judgeAnswer(ledger: Ledger, decision: Decision): DecisionJudgement {
  const kinds = DECISION_KINDS[decision.kind].answers;
  const candidates = unanswered(ledger, kinds);
  if (candidates.length === 0) return refuse(`nothing is waiting for "${decision.kind}"`);
  const question = openQuestion(ledger, decision, kinds);
  if (!question) {
    const open = candidates.map((candidate) => candidate.id).join(', ');
    return refuse(decision.subject ? `${decision.subject} is not waiting; open: ${open}` : `say which one: ${open}`);
  }
  if (!question.roles.includes(decision.role)) {
    return refuse(`${question.id} is answered by: ${question.roles.join(', ')}`);
  }
  if (!question.moves.includes(decision.kind)) {
    return refuse(`possible moves for ${question.id}: ${question.moves.join(', ')}`);
  }
  return accept(`${decision.kind}: ${question.id}`);
}

/** "Resume" lets a held deployment go on, or carries on despite a concern; where both are open it has to say which. */
function judgeResumption(ledger: Ledger, decision: Decision): DecisionJudgement {
  const open = [
    ...(ledger.held ? [HOLD] : []),
    ...ledger.questions.filter(({ kind, answer }) => kind === 'concern' && !answer).map(({ id }) => id),
  ];
  if (open.length === 0) return refuse('nothing is held and no concern is open');
  const meant = decision.subject ?? (open.length === 1 ? open[0] : undefined);
  if (meant === undefined) return refuse(`say which one: ${open.join(', ')}`);
  if (!open.includes(meant)) return refuse(`${meant} is not waiting; open: ${open.join(', ')}`);
  return accept(meant === HOLD && ledger.held ? 'goes on' : 'carried on despite the concern');
}

/** How the subject of "resume" names the hold. */
export const HOLD = 'hold';

function judgeRollback(ledger: Ledger, decision: Decision): DecisionJudgement {
  const asked = unanswered(ledger, DECISION_KINDS.rollback.answers);
  if (decision.option === 'restore') {
    const isOffered = asked.some(({ kind }) => kind === 'rollback-failed');
    if (!isOffered) return refuse('a restore is offered only when a rollback has failed');
    const { backup } = ledger.production;
    if (!backup) return refuse('there is no backup from before the deploy to restore');
    const another = whyAnotherBackup(ledger, decision, backup);
    if (another !== undefined) return refuse(another);
  }
  const downgrades = decision.option === 'migration' || decision.option === 'full';
  if (decision.revision !== undefined && !downgrades) {
    return refuse('a revision is named with the options that go back to one: migration, full');
  }
  // While people are asked they choose for good; before, the database may turn out not to have been migrated at all.
  if (downgrades && (decision.revision !== undefined || asked.length > 0)) {
    const destination = destinationOf(ledger, decision.revision);
    if ('doubts' in destination) return refuse(`${destination.doubts.join('; ')}. Name the revision to go back to`);
  }
  if (asked.length > 0) {
    if (!decision.why) return refuse('say why this way back is taken');
    // The one that failed is not taken to be meant: trying it again has a word of its own, where there is one.
    const again = asked.some(({ moves }) => moves.includes('retry')) ? '; retry goes on with the one that failed' : '';
    const isNamed = decision.option !== undefined || !asked.every(({ kind }) => kind === 'rollback-failed');
    if (!isNamed) return refuse(`say which one: option ${ROLLBACK_KINDS.join(', ')}${again}`);
    return judgeAnswer(ledger, decision);
  }
  if (ledger.rollback) return refuse(besideRollback(ledger, ledger.rollback));
  if (!hasChanged(ledger)) return refuse('production has not been changed yet; use abort to stop the deployment');
  return lacksReason(decision) ?? accept('production is rolled back');
}

/** Whoever signs a restore has signed of which backup, and it is the one that would be restored. */
function whyAnotherBackup({ demands }: Ledger, { backup: named }: Decision, backup: StoredBackup): string | undefined {
  const own = backupName(backup);
  if (named === own || (named === undefined && !isDemanded(demands, 'rollback'))) return undefined;
  return `name the backup that is restored: the one from before the deploy is ${own}`;
}

/** A question that was answered in the same moment is still in the ledger: it cannot be answered twice. */
const unanswered = (ledger: Ledger, kinds: readonly QuestionKind[]): OpenQuestion[] =>
  ledger.questions.filter(({ kind, answer }) => kinds.includes(kind) && answer === undefined);

/** The one open question of these kinds that a decision can mean: the one it names, or the only one. */
export function openQuestion(
  ledger: Ledger,
  decision: Decision,
  kinds: readonly QuestionKind[],
): OpenQuestion | undefined {
  const candidates = unanswered(ledger, kinds);
  if (decision.subject !== undefined) return candidates.find((question) => question.id === decision.subject);
  return candidates.length === 1 ? candidates[0] : undefined;
}

/**
 * What the plan says for the concern that a stop answers: the one that it names, or all that are open, where they agree.
 */
export function plannedOption(
  { questions }: Pick<Ledger, 'questions'>,
  criteria: Criterion[],
  { subject }: Pick<Decision, 'subject'>,
): RollbackOption | undefined {
  const open = questions.filter(({ kind }) => kind === 'concern').map(({ id }) => id);
  const meant = subject !== undefined && open.includes(subject) ? [subject] : open;
  const options = new Set(meant.map((id) => criteria.find((criterion) => criterion.id === id)?.rollback));
  return options.size === 1 ? [...options][0] : undefined;
}

/** Production is not as it was before: there is something to undo. */
export const hasChanged = (ledger: Ledger): boolean => ledger.production.codeDeployed || ledger.production.migrated;
