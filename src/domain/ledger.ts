/** The ledger: what has happened in a deployment so far. Queries, results, board and report all read it. */
import type { CriterionResult, RollbackOption, Verdict } from './criteria.js';
import type { EvidenceReference, Fact } from './evidence.js';
import type { Phase } from './steps.js';

export type Outcome = 'succeeded' | 'rolled-back' | 'rollback-failed' | 'rejected' | 'aborted';

export type StepState = 'running' | 'passed' | 'failed' | 'skipped';

export interface StepRecord {
  id: string;
  phase: Phase;
  section: string;
  title: string;
  state: StepState;
  generation: number;
  startedAt: number;
  endedAt?: number;
  summary?: string;
  facts: Fact[];
  evidence: EvidenceReference[];
  /** Why it failed, or by whom and why it was skipped. */
  reason?: string;
}

export const DECISIONS = [
  'approve',
  'reject',
  'confirm',
  'hold',
  'resume',
  'retry',
  'skip',
  'abort',
  'rollback',
] as const;
export type DecisionKind = (typeof DECISIONS)[number];

/** What a person says. The time is the workflow's. */
export interface Decision {
  kind: DecisionKind;
  who: string;
  role: string;
  why?: string;
  /** The question, step or criterion it answers, where more than one is open. */
  subject?: string;
  /** The digest of what is approved; when given it must be the present one. */
  digest?: string;
  /** For `rollback`: which one, instead of the one the plan chooses. */
  option?: RollbackOption;
}

export interface DecisionRecord extends Decision {
  at: number;
  via: 'signal' | 'update';
  accepted: boolean;
  /** What it led to, or why it was refused. */
  reason: string;
}

/** What people are asked: shown on the board, announced, and answered by decisions. */
export interface Question {
  deployment: string;
  workflowId: string;
  service: string;
  kind: 'approvals' | 'confirmation' | 'step-failed' | 'concern' | 'watch-unknown' | 'rollback-failed';
  id: string;
  title: string;
  /** Roles that may answer. */
  roles: string[];
  moves: DecisionKind[];
}

export interface OpenQuestion extends Question {
  openedAt: number;
  /** What is known so far, in one line. */
  text: string;
  answer?: DecisionRecord;
}

export interface MonitorRecord {
  id: string;
  workflowId: string;
  title: string;
  startedAt: number;
  endedAt?: number;
  /** While it runs, as the monitor itself tells: its own time, and when it will end. */
  now?: number;
  endsAt?: number;
  verdict?: Verdict;
  ticks: number;
  samples: number;
  criteria: CriterionResult[];
}

/** Why production is rolled back. */
export type RollbackTrigger =
  | { kind: 'criterion'; criterion: string; text: string; option?: RollbackOption; breachedAt: number }
  | { kind: 'step'; step: string; text: string }
  | { kind: 'person'; who: string; text: string; option?: RollbackOption };

export interface RollbackRecord {
  option: RollbackOption;
  workflowId: string;
  trigger: RollbackTrigger;
  /** Why this option was chosen. */
  reasons: string[];
  startedAt: number;
  endedAt?: number;
  succeeded?: boolean;
  /** How it ended, in one sentence. */
  reason?: string;
  steps: StepRecord[];
  /** The checklist's estimate and the time it took, milliseconds. */
  estimate: number;
  took?: number;
}

/** What has been done to production so far: decides whether there is something to undo. */
export interface ProductionChanges {
  codeDeployed: boolean;
  migrated: boolean;
  maintenance: boolean;
  /** The revision recorded before the deploy (null: none yet). */
  previousRevision?: string | null;
}

export interface Ledger {
  deployment: string;
  service: string;
  title: string;
  digest: string;
  startedBy: string;
  startedAt: number;
  endedAt?: number;
  phase: Phase;
  outcome?: Outcome;
  /** Why it ended so, in one sentence. */
  reason?: string;
  commit?: string;
  release: { target: string; previous: string };
  steps: StepRecord[];
  decisions: DecisionRecord[];
  approvals: { role: string; who: string; at: number }[];
  questions: OpenQuestion[];
  /** Set while a person holds the deployment. */
  held?: DecisionRecord;
  /** A decision that ends the forward path. */
  stop?: DecisionRecord;
  monitors: MonitorRecord[];
  production: ProductionChanges;
  rollback?: RollbackRecord;
  /** Rollbacks that failed before the last one. */
  earlierRollbacks: RollbackRecord[];
  /** What could not be announced, and why. */
  untold: string[];
}
