/** What the console says, in whatever language. What a deployment says of itself stays as it is. */
import type { ListedOutcome } from '../../domain/deployments/listed.js';
import type { ItemState } from '../../domain/items.js';
import type { DecisionKind } from '../../domain/ledger/decision-kinds.js';
import type { RollbackKind, StepState } from '../../domain/ledger/ledger.js';
import type { Phase } from '../../domain/steps.js';
import type { standingOf } from '../../domain/watch/standing.js';
import type { PlotWords } from '../../report/html/plot-words.js';
import type { PasskeyWords } from './passkey-words.js';

/** An answer: what stands on its button, and what follows. */
interface AnswerWords {
  name: string;
  does: string;
}

export interface ConsoleWords {
  pages: Record<'deployments' | 'waiting' | 'history' | 'decision' | 'evidence' | 'passkey', string>;
  /** Of the page itself: its links, what is always there. */
  frame: {
    skip: string;
    sections: string;
    asOf: (time: string) => string;
    again: string;
    signIn: string;
    signOut: string;
    signedInAs: (name: string) => string;
    unsigned: string;
    otherLanguage: string;
    unknownNotes: string;
    page: (number: number, of: number) => string;
    newer: string;
    older: string;
  };
  outcomes: Record<ListedOutcome, string>;
  phases: Record<Phase, string>;
  steps: Record<StepState, string>;
  items: Record<ItemState, string>;
  /** undecided: a criterion's, of a watch that runs or has ended early. */
  standings: Record<ReturnType<typeof standingOf> | 'undecided', string>;
  rollbacks: Record<RollbackKind, string>;
  plots: PlotWords;
  answers: Record<DecisionKind, AnswerWords>;
  /** What is the case, and what comes next. */
  next: {
    running: (phase: string) => string;
    begins: (time: string) => string;
    wasToBegin: (time: string) => string;
    hasYetToBegin: string;
    hasNotBegun: string;
    endedOutside: (how: string) => string;
    lookFirst: string;
    nothingToDo: string;
    nobodyHasTo: (step: string) => string;
    goesOn: (phase: string) => string;
    notSure: (why: string) => string;
    stops: (kind: string, who: string) => string;
    held: (who: string) => string;
    resume: string;
    waitsFor: (roles: string) => string;
    answer: (title: string) => string;
    noWorker: string;
    rollsBack: (kind: string) => string;
    rollbackGoesOn: string;
    ended: (after: string) => string;
    phaseUnknown: string;
    waitsUnknown: (why: string) => string;
  };
  list: {
    searchFor: string;
    service: string;
    outcome: string;
    since: string;
    any: string;
    days: (count: number) => string;
    show: string;
    running: string;
    ended: string;
    none: string;
    noneRunning: string;
    release: string;
    releaseUnknown: string;
    runningFor: string;
    lasted: (time: string) => string;
    virtual: string;
    archived: string;
  };
  deployment: {
    release: string;
    commit: string;
    startedBy: string;
    started: string;
    ended: string;
    plan: string;
    runner: string;
    build: string;
    webUi: string;
    questions: string;
    openFor: string;
    answeredBy: (roles: string) => string;
    toDecision: (title: string) => string;
    saySomething: string;
    phases: string;
    passedOf: (passed: number, of: number) => string;
    notReached: string;
    since: string;
    usually: (time: string) => string;
    took: (time: string) => string;
    items: string;
    watches: string;
    toGo: string;
    seen: (samples: number, ticks: number) => string;
    worst: (value: string) => string;
    noValue: string;
    allPlots: string;
    noPlots: (why: string) => string;
    signOffs: string;
    signedOff: (who: string, when: string) => string;
    verified: string;
    missing: string;
    noSignOffs: string;
    decisions: string;
    accepted: string;
    refused: string;
    refusedBefore: (count: number) => string;
    noDecisions: string;
    wayBack: string;
    nothingToUndo: string;
    rolledBack: string;
    underWay: string;
    failed: string;
    proven: Record<'migration' | 'code', { yes: string; no: string }>;
    unproven: string;
    changed: { code: string; database: string; maintenance: string };
    wouldTake: (kind: string, time: string) => string;
    costUnknown: (kind: string) => string;
    wouldDrop: (what: string) => string;
    evidence: string;
    noEvidence: string;
    untold: string;
    unkept: string;
    workers: string;
    unanswered: string;
    planUnknown: string;
    archived: (when: string, where: string) => string;
  };
  decision: {
    digest: string;
    answers: string;
    you: string;
    choosePerson: string;
    why: string;
    whyNeeded: string;
    option: string;
    byPlan: string;
    revision: string;
    runner: string;
    go: string;
    confirmTitle: (answer: string) => string;
    confirmText: (person: string, role: string) => string;
    reason: string;
    reallyGo: (answer: string) => string;
    back: string;
    taken: string;
    refused: string;
    toDeployment: string;
    unasked: string;
    /** What it would lead to, were it sent now. */
    wouldLead: string;
    wouldBeRefused: string;
    /** Followed by why, in the deployment’s words. */
    wouldNotCount: string;
    problem: string;
    lacks: Record<'answer' | 'person' | 'reason' | 'runner' | 'standing', string>;
    mayNot: Record<'signIn' | 'signedOnly' | 'unknown' | 'ended' | 'answered' | 'noRole' | 'nobody', string>;
  };
  passkey: PasskeyWords;
  waiting: { nothing: string; nothingKnown: string; forRole: string; all: string; unknown: string };
  history: {
    period: string;
    csv: string;
    service: string;
    all: string;
    deployments: string;
    frequency: string;
    leadTime: string;
    failureRate: string;
    timeToRestore: string;
    unknownOf: (count: number) => string;
    unknown: string;
    none: string;
    nothing: string;
    caption: (from: string, to: string) => string;
  };
  problems: Record<'notFound' | 'forbidden' | 'form' | 'tooLong' | 'failed', { title: string; text: string }>;
}
