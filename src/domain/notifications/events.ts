/** What happens in a deployment that people may want to hear of: a closed set, and what can be said of each. */
import type { Approval, DecisionRecord, OpenQuestion, Outcome } from '../ledger/ledger.js';
import { STEPS } from '../steps.js';
import type { Verdict } from '../watch/criteria.js';

/** What people are asked, as far as a message tells it. */
export type QuestionDetails = Pick<OpenQuestion, 'id' | 'title' | 'text' | 'roles' | 'moves' | 'openedAt'>;

export type DeploymentEvent =
  | { kind: 'started' | 'staging-proven' | 'signed-off' | 'sign-offs-void' | 'deploying' }
  | { kind: 'watch-ended'; watch: string; verdict: Verdict }
  | { kind: 'unwatched'; watch: string }
  | { kind: 'watchdog-alarm' | 'watchdog-all-clear'; reason: string; lasted: number }
  | { kind: 'breach'; criterion: string; reason: string }
  | { kind: 'rollback-started'; option: string; reason: string }
  | { kind: 'rollback-ended'; option: string; reason: string; took: number }
  | { kind: 'held'; who: string; reason: string }
  | { kind: 'resumed'; who: string }
  | { kind: 'ended'; outcome: Outcome; reason: string; elapsed: number }
  | QuestionEvent;

export type QuestionEvent =
  | { kind: AskingKind; question: QuestionDetails }
  | { kind: 'question-reminded' | 'question-escalated'; question: QuestionDetails; waited: number }
  | AnsweredEvent;

/** `approvals`: the answer to a question that several people answer together. */
export interface AnsweredEvent {
  kind: 'question-answered';
  question: QuestionDetails;
  answer?: DecisionRecord;
  approvals?: readonly Pick<Approval, 'who' | 'role'>[];
}

/** The event that a question is when it is asked. */
export type AskingKind =
  | 'sign-offs-asked'
  | 'question-asked'
  | 'window-awaited'
  | 'step-failed'
  | 'concern-raised'
  | 'rollback-choice-asked'
  | 'rollback-failed'
  | 'runner-not-served';
export type EventKind = DeploymentEvent['kind'];

interface Definition {
  /** What it is, for plans, summaries and the board. */
  meaning: string;
  /** What a template may hold besides {@link COMMON_PLACEHOLDERS}. */
  placeholders: readonly string[];
  /** The text when the plan has none of its own. */
  template: string;
  /** It can't wait behind other messages, and is seen by all of a channel, not only by those who follow a thread. */
  urgent?: true;
  /** The step before which it cannot happen; it may happen from the start when there is none. */
  notBefore?: string;
}

const QUESTION = ['question', 'reason', 'roles', 'moves', 'command'] as const;

/** In every template, those of notices too. */
export const COMMON_PLACEHOLDERS = [
  'title',
  'service',
  'deployment',
  'target',
  'previous',
  'startedBy',
  'link',
] as const;

export const EVENTS: Record<EventKind, Definition> = {
  started: {
    meaning: 'the deployment begins',
    placeholders: [],
    template: '{title}: {previous} → {target} begins, started by {startedBy}. {link}',
  },
  'staging-proven': {
    meaning: 'staging is proven, the soak has passed',
    placeholders: [],
    template: '{title}: staging is proven.',
    notBefore: STEPS.proposal.id,
  },
  'signed-off': {
    meaning: 'all sign-offs are given',
    placeholders: [],
    template: '{title}: signed off; production is being prepared.',
    notBefore: STEPS.signOffs.id,
  },
  'sign-offs-void': {
    meaning: 'what was signed off has changed, the sign-offs are asked for again',
    placeholders: [],
    template: '{title}: what was signed off has changed; the sign-offs are void and asked for again.',
    notBefore: STEPS.signOffs.id,
  },
  deploying: {
    meaning: 'production is being deployed to',
    placeholders: [],
    template: '{title}: deploying {target} to production.',
    notBefore: STEPS.productionDeploy.id,
  },
  'watch-ended': {
    meaning: 'a watch of production has ended',
    placeholders: ['watch', 'verdict'],
    template: '{title}: {watch}: {verdict}.',
  },
  unwatched: {
    meaning: 'the deployment was ended from outside while it watched production',
    placeholders: ['watch'],
    template:
      '{title}: PEOPLE ARE NEEDED: the deployment was ended from outside during “{watch}”: nothing watches production any more, and nothing rolls it back. surefoot status {deployment} says what was left. {link}',
    urgent: true,
    notBefore: STEPS.productionDeploy.id,
  },
  'watchdog-alarm': {
    meaning: 'the watchdog sees that the deployment is not carried on, or that a watch of it sees nothing',
    placeholders: ['reason', 'lasted'],
    template: '{title}: PEOPLE ARE NEEDED, says the watchdog: {reason}. surefoot status {deployment} says more. {link}',
    urgent: true,
  },
  'watchdog-all-clear': {
    meaning: 'what the watchdog told of is over',
    placeholders: ['reason', 'lasted'],
    template: '{title}: the watchdog’s alarm is over after {lasted}: {reason}.',
  },
  breach: {
    meaning: 'a criterion that calls for a rollback is broken',
    placeholders: ['criterion', 'reason'],
    template: '{title}: {reason}: production is rolled back. {link}',
    urgent: true,
    notBefore: STEPS.productionDeploy.id,
  },
  'rollback-started': {
    meaning: 'production is being rolled back',
    placeholders: ['option', 'reason'],
    template: '{title}: rolling back ({option}): {reason}. {link}',
    urgent: true,
    notBefore: STEPS.productionDeploy.id,
  },
  'rollback-ended': {
    meaning: 'production is back, and proven to be',
    placeholders: ['option', 'reason', 'took'],
    template: '{title}: rolled back ({option}) in {took}: {reason}.',
    urgent: true,
    notBefore: STEPS.productionDeploy.id,
  },
  'rollback-failed': {
    meaning: 'a rollback failed, or none is safe: people are needed',
    placeholders: QUESTION,
    template: '{title}: PEOPLE ARE NEEDED: {question}: {reason}. Moves: {moves}. {command} {link}',
    urgent: true,
    notBefore: STEPS.productionDeploy.id,
  },
  'runner-not-served': {
    meaning: 'commands wait for a runner that nobody serves',
    placeholders: QUESTION,
    template: '{title}: PEOPLE ARE NEEDED: {question}: {reason}. {command} {link}',
    urgent: true,
  },
  'rollback-choice-asked': {
    meaning: 'production is about to be rolled back, and people may say how',
    placeholders: QUESTION,
    template: '{title}: {question}: {reason}. Moves: {moves}. {command} {link}',
    urgent: true,
    notBefore: STEPS.productionDeploy.id,
  },
  'step-failed': {
    meaning: 'a step failed, people decide',
    placeholders: QUESTION,
    template: '{title}: {question}: {reason}. Moves: {moves}. {command} {link}',
    urgent: true,
  },
  'concern-raised': {
    meaning: 'a criterion asks people whether to roll back',
    placeholders: QUESTION,
    template: '{title}: {question} {reason}. Moves: {moves}. {command} {link}',
    urgent: true,
  },
  'sign-offs-asked': {
    meaning: 'the sign-offs are asked for',
    placeholders: QUESTION,
    template: '{title}: {question}. Asked: {roles}. {command} {link}',
    notBefore: STEPS.signOffs.id,
  },
  'window-awaited': {
    meaning: 'the deployment waits for a window to open',
    placeholders: QUESTION,
    template: '{title}: {question}: {reason}. {link}',
    notBefore: STEPS.productionWindow.id,
  },
  'question-asked': {
    meaning: 'people are asked something else',
    placeholders: QUESTION,
    template: '{title}: {question} {reason}. Asked: {roles}. {command} {link}',
  },
  'question-reminded': {
    meaning: 'a question still waits',
    placeholders: [...QUESTION, 'waited'],
    template: '{title}: still waiting after {waited}: {question}. Asked: {roles}. {command} {link}',
  },
  'question-escalated': {
    meaning: 'a question has waited so long that others are told',
    placeholders: [...QUESTION, 'waited'],
    template: '{title}: nobody has answered for {waited}: {question}. Asked: {roles}. {command} {link}',
    urgent: true,
  },
  'question-answered': {
    meaning: 'what was reminded of or paged has been answered',
    placeholders: [...QUESTION, 'answer'],
    template: '{title}: {question}: {answer}.',
  },
  held: {
    meaning: 'a person holds the deployment',
    placeholders: ['who', 'reason'],
    template: '{title}: held by {who}: {reason}.',
  },
  resumed: {
    meaning: 'a person lets it go on',
    placeholders: ['who'],
    template: '{title}: goes on, says {who}.',
  },
  ended: {
    meaning: 'the deployment has ended',
    placeholders: ['outcome', 'reason', 'elapsed'],
    template: '{title}: {outcome} after {elapsed}: {reason}. {link}',
  },
};

export const EVENT_KINDS = Object.keys(EVENTS) as EventKind[];

/** These go where their question went, or where failures or a rollback that failed are told: a plan does not say it again. */
const FOLLOWING = [
  'question-reminded',
  'question-escalated',
  'question-answered',
  'unwatched',
  'runner-not-served',
  'watchdog-alarm',
  'watchdog-all-clear',
] as const;
export type RoutedKind = Exclude<EventKind, (typeof FOLLOWING)[number]>;
export const ROUTED_KINDS = EVENT_KINDS.filter(
  (kind): kind is RoutedKind => !(FOLLOWING as readonly string[]).includes(kind),
);

/** The event that asking this question is. */
export function askingKind({ kind }: Pick<OpenQuestion, 'kind'>): AskingKind {
  switch (kind) {
    case 'approvals':
      return 'sign-offs-asked';
    case 'step-failed':
    case 'outcome-unknown':
    case 'watch-unknown':
      return 'step-failed';
    case 'concern':
      return 'concern-raised';
    case 'window':
      return 'window-awaited';
    case 'rollback-choice':
      return 'rollback-choice-asked';
    case 'rollback-failed':
      return 'rollback-failed';
    case 'runner-not-served':
      return 'runner-not-served';
    default:
      return 'question-asked';
  }
}
