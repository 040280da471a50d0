/** What can be said of a deployment here, by whom, and what a form has said. Pure. */

import { type DecisionJudgement, HOLD, judgeDecision } from '../domain/decisions/decisions.js';
import { decidersUnder, isDemanded, knownDeciders } from '../domain/decisions/demands.js';
import { askedFor, type Decider, isSignedOnly } from '../domain/decisions/matters.js';
import { DECISION_KINDS, type DecisionKind } from '../domain/ledger/decision-kinds.js';
import { type Decision, type OpenQuestion, ROLLBACK_KINDS } from '../domain/ledger/ledger.js';
import type { DeploymentLook } from './look.js';
import type { SignedIn } from './signed-in.js';
import type { ConsoleWords } from './words/console-words.js';

/** What somebody may say about a deployment, asked or not. */
export interface Sayable {
  /** Missing where nobody has asked. */
  question?: OpenQuestion;
  /** Those that are taken here. */
  kinds: DecisionKind[];
  /** Those that have to be typed, by whoever has a key, or where more is known. */
  typed: DecisionKind[];
  /** Who can give one of these answers, or more. */
  speakers: Decider[];
  /** Answers that would not count from somebody who is asked, each with the reason. */
  barred: Barred[];
  /** Why nothing is taken here. */
  mayNot?: keyof ConsoleWords['decision']['mayNot'];
}

/** Who is asked, and cannot give this answer. */
interface Barred extends Decider {
  kind: DecisionKind;
  whyNot: string;
}

/** Who looks, as far as it matters for what may be said. */
interface Viewer {
  canSignIn: boolean;
  signedIn?: SignedIn;
}

/** @param subject a question's ID; nothing, or the hold's, for what can be said without being asked */
export function sayableOf(look: DeploymentLook, subject: string | undefined, viewer: Viewer): Sayable {
  const { ledger, found } = look;
  const question = ledger.questions.find(({ id, answer }) => id === subject && !answer);
  const isUnasked = subject === undefined || subject === HELD;
  const all: DecisionKind[] =
    question?.moves ?? (isUnasked ? [ledger.held ? 'resume' : 'hold', 'abort', 'rollback'] : []);
  const kinds = all.filter((kind) => viewer.canSignIn || isTakenUnsigned(look, kind));
  const typed = all.filter((kind) => !kinds.includes(kind));
  const { speakers, barred } = speakersOf(look, { question, kinds: all, signedIn: viewer.signedIn });
  const sayable = { question, kinds, typed, speakers, barred };
  const mayNot = (why: Sayable['mayNot']): Sayable => ({ ...sayable, kinds: [], mayNot: why });
  if (ledger.outcome || !found.running) return mayNot('ended');
  if (!isUnasked && !question) return mayNot('answered');
  if (viewer.canSignIn && !viewer.signedIn) return mayNot('signIn');
  if (speakers.length === 0) return mayNot(viewer.signedIn ? 'noRole' : 'nobody');
  if (kinds.length > 0) return sayable;
  return mayNot(look.planned ? 'signedOnly' : 'unknown');
}

/** How a list names the wait for somebody who ends a hold. */
const HELD = 'resume';

/** By the policy of its runner; sign-offs by its plan as well: where that is not known, none is sent unsigned. */
function isTakenUnsigned({ ledger, planned }: DeploymentLook, kind: DecisionKind): boolean {
  return isSignedOnly(kind, { ledger, approvals: planned?.plan.approvals }) === false;
}

/** People in their roles, as plan or policy has them: of those who have signed in only themselves. */
function speakersOf(
  { ledger, planned }: DeploymentLook,
  { question, kinds, signedIn }: { question?: OpenQuestion; kinds: readonly DecisionKind[]; signedIn?: SignedIn },
): Pick<Sayable, 'speakers' | 'barred'> {
  const deciders = knownDeciders(ledger, planned?.plan.approvals);
  const speakers = new Map<string, Decider>();
  const barred: Barred[] = [];
  if (!deciders) return { speakers: [], barred };
  for (const kind of kinds) {
    for (const { whyNot, ...decider } of askedFor(kind, { question }, { ledger, deciders })) {
      if (signedIn !== undefined && signedIn.person !== decider.person) continue;
      if (whyNot === undefined) speakers.set(speakerValue(decider), decider);
      else barred.push({ ...decider, kind, whyNot });
    }
  }
  return { speakers: [...speakers.values()], barred };
}

/** As a form has it. */
export const speakerValue = ({ person, role }: Pick<Decider, 'person' | 'role'>): string =>
  `${encodeURIComponent(person)}/${encodeURIComponent(role)}`;

/** Why this answer would not count from this speaker; undefined: it would. */
export function whyBarred({ barred }: Sayable, kind: DecisionKind, by: Pick<Decider, 'person' | 'role'>) {
  return barred.find((each) => each.kind === kind && each.person === by.person && each.role === by.role)?.whyNot;
}

export type Lack = keyof ConsoleWords['decision']['lacks'];

/** What a form has said of it, or what it lacks. What it says of whom is held against who may. */
export function decisionOf(
  form: URLSearchParams,
  { look, sayable }: { look: DeploymentLook; sayable: Sayable },
): { decision: Decision } | { lacks: Lack[] } {
  const said = (name: string) => form.get(name)?.trim() || undefined;
  const kind = sayable.kinds.find((each) => each === said('answer'));
  const only = sayable.speakers.length === 1 ? sayable.speakers[0] : undefined;
  const speaker = only ?? sayable.speakers.find((each) => speakerValue(each) === said('speaker'));
  const why = said('why');
  const lacks: Lack[] = [
    ...(kind === undefined ? (['answer'] as const) : []),
    ...(speaker === undefined ? (['person'] as const) : []),
    ...(kind !== undefined && DECISION_KINDS[kind].asksWhy !== undefined && why === undefined
      ? (['reason'] as const)
      : []),
    ...(kind === 'move' && said('to') === undefined ? (['runner'] as const) : []),
  ];
  if (kind !== undefined && speaker !== undefined && whyBarred(sayable, kind, speaker) !== undefined)
    lacks.push('standing');
  if (lacks.length > 0 || kind === undefined || speaker === undefined) return { lacks };
  const decision: Decision = {
    kind,
    who: speaker.person,
    role: speaker.role,
    deployment: look.ledger.deployment,
    ...(why === undefined ? {} : { why }),
    ...(kind === 'approve' ? { digest: said('digest') } : {}),
    ...subjectOf(kind, sayable),
    ...(kind === 'rollback'
      ? { option: ROLLBACK_KINDS.find((each) => each === said('option')), revision: said('revision') }
      : {}),
    ...(kind === 'move' ? { to: said('to') } : {}),
  };
  return { decision };
}

/** A stop, too, says which concern it answers: the plan may name a way back for that. */
function subjectOf(kind: DecisionKind, { question }: Sayable): Pick<Decision, 'subject'> {
  if (question) return { subject: question.id };
  return kind === 'resume' ? { subject: HOLD } : {};
}

/** What it would lead to now, by the deployment's own rule; undefined where that is not known before it is signed. */
export function foreseen({ ledger, planned }: DeploymentLook, decision: Decision): DecisionJudgement | undefined {
  const approvals = planned && decidersUnder(ledger.demands, planned.plan.approvals, ledger.startedBy);
  if (!approvals || isDemanded(ledger.demands, decision.kind)) return undefined;
  return judgeDecision(ledger, { ...approvals, signed: false }, decision);
}
