/** What there is to decide in a deployment, by whom, and what is known of it before: what a dialogue offers. Pure. */
import { DECISION_KINDS, type DecisionKind } from '../ledger/decision-kinds.js';
import type { Decision, Ledger, OpenQuestion } from '../ledger/ledger.js';
import { destinationOf } from '../rollback/destination.js';
import type { Approvals, Deciders } from './approvals.js';
import { HOLD } from './decisions.js';
import { isDemanded, roleProblem } from './demands.js';
import { whyNotSignedOff } from './sign-off.js';

/** What a decision can be about: a question that is open, a hold, or the deployment itself. */
export interface Matter {
  question?: OpenQuestion;
  /** How a decision names it. */
  subject?: string;
  /** In words. */
  title: string;
  /** What can be said, first what was meant to be. */
  kinds: DecisionKind[];
}

/** What may be said without being asked. */
const UNASKED: readonly DecisionKind[] = ['hold', 'abort', 'rollback', 'move'];

/** All that a decision of this kind can be about now. */
export function mattersFor(kind: DecisionKind, ledger: Ledger): Matter[] {
  if (ledger.outcome) return [];
  const asked = ledger.questions
    .filter(({ answer, moves }) => !answer && moves.includes(kind))
    .map((question): Matter => {
      const { id: subject, title, moves, kind: of } = question;
      const all = of === 'approvals' ? (['approve', 'reject'] as const) : moves;
      return { question, subject, title, kinds: [kind, ...all.filter((move) => move !== kind)] };
    });
  const { held } = ledger;
  if (kind === 'resume' && held) return [{ subject: HOLD, title: `Held by ${held.who}`, kinds: [kind] }, ...asked];
  return asked.length > 0 || !UNASKED.includes(kind) ? asked : [{ title: ledger.title, kinds: [kind] }];
}

/** Somebody in a role. */
export interface Decider {
  person: string;
  name: string;
  role: string;
}

/** Somebody in a role that is asked, and why what they say would not count, where it would not. */
export interface Asked extends Decider {
  whyNot?: string;
}

/**
 * Everybody whose role is asked, each once for each role: whom a dialogue or a page offers a decision, and whom it tells
 * why not.
 */
export function askedFor(
  kind: DecisionKind,
  { question }: Pick<Matter, 'question'>,
  { ledger, deciders }: { ledger: Ledger; deciders: Deciders },
): Asked[] {
  const whyNot = (who: string, role: string) =>
    roleProblem(ledger.demands, { kind, role }) ??
    (kind === 'approve' && question ? whyNotSignedOff(ledger, deciders, { question, who, role }) : undefined);
  return deciders.roster.flatMap(({ id, name, roles }) =>
    roles
      .filter((role) => question === undefined || question.roles.includes(role))
      .map((role) => ({ person: id, name, role, whyNot: whyNot(id, role) })),
  );
}

/** Whether it counts only when it is signed; undefined where that is not known. @param approvals as they are under the policy */
export function isSignedOnly(
  kind: DecisionKind,
  { ledger, approvals }: { ledger: Ledger; approvals?: Approvals },
): boolean | undefined {
  if (isDemanded(ledger.demands, kind)) return true;
  if (kind !== 'approve') return false;
  return approvals && approvals.signed === true;
}

/** Why the revision that the database goes back to is for a person to say, where it is. */
export function whyRevision(ledger: Ledger, { kind, option }: Pick<Decision, 'kind' | 'option'>): string | undefined {
  if (kind !== 'rollback' || (option !== 'migration' && option !== 'full')) return undefined;
  const destination = destinationOf(ledger);
  return 'doubts' in destination ? destination.doubts.join('; ') : undefined;
}

/** The command that says the same. @param key the SSH key that signs it */
export function typedDecision(decision: Decision, key?: string): string {
  const { kind, who, role, why, subject, deployment, option, revision, to } = decision;
  const flags = {
    as: who,
    role,
    to,
    option,
    revision,
    why,
    deployment: kind === 'move' ? undefined : deployment,
    sign: key,
  };
  const named = kind === 'move' ? deployment : DECISION_KINDS[kind].namesSubject && subject;
  return [
    'surefoot',
    kind,
    ...(named ? [shellWord(named)] : []),
    ...Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, shellWord(value)])),
  ].join(' ');
}

/** As a POSIX shell takes it for one word, whatever is in it. */
const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
