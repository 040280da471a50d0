/** The ledger: what has happened in a deployment so far. Queries, results, board and report all read it. */

import type { Demands } from '../decisions/demands.js';
import type { Attestation, EvidenceReference, Fact } from '../evidence.js';
import type { ItemCounts } from '../items.js';
import type { FullRollback } from '../rollback/order.js';
import type { OwnRunners } from '../runner.js';
import type { Phase } from '../steps.js';
import type { CriterionResult, RollbackOption, Verdict } from '../watch/criteria.js';
import type { DecisionKind, QuestionKind } from './decision-kinds.js';

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
  /** Nobody knows how its command ended. */
  unknown?: true;
  /** Its command was not begun: its runner could not keep the record of it. */
  notBegun?: true;
  /** Who went on without it. */
  skippedBy?: Attestation;
  /** How far its work is, as whoever shows it has heard: no workflow knows. */
  progress?: string;
}

/** The checklist's three rollbacks, and the last resort: the backup from before the deploy. */
export const ROLLBACK_KINDS = ['migration', 'code', 'full', 'restore'] as const;
export type RollbackKind = (typeof ROLLBACK_KINDS)[number];

/** What a person says. The time is the workflow's. */
export interface Decision {
  kind: DecisionKind;
  who: string;
  role: string;
  why?: string;
  /** The question, step or criterion it answers, where more than one is open. */
  subject?: string;
  /** The deployment it is about; sent again to another one, it says nothing. */
  deployment?: string;
  /** The digest of what is approved, or its first twelve characters or more. */
  digest?: string;
  /** An SSH signature of the approval's statement, where the plan wants approvals signed. */
  signature?: string;
  /** The same words, signed, where the runner's policy asks for it (`src/contract/envelope.ts`). */
  envelope?: string;
  /** For `rollback`: which way back, instead of the one the plan chooses. `restore` only after a rollback that failed. */
  option?: RollbackKind;
  /** For `rollback`: the revision that the database goes back to, where that is not certain; `base` is none at all. */
  revision?: string;
  /** For a `restore` that is signed: the backup that is gone back to (`src/domain/rollback/backup-name.ts`). */
  backup?: string;
  /** For `move`: the runner that runs the commands from then on, by its identity. */
  to?: string;
  /** For `move`, instead of a runner: the build that has taken the whole deployment over. */
  build?: string;
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
  kind: QuestionKind;
  id: string;
  title: string;
  /** Roles that may answer. */
  roles: string[];
  moves: DecisionKind[];
  /** For sign-offs: the digest that an approval has to name. */
  digest?: string;
}

export interface OpenQuestion extends Question {
  openedAt: number;
  /** What is known so far, in one line. */
  text: string;
  answer?: DecisionRecord;
}

export interface WatchRecord {
  id: string;
  workflowId: string;
  title: string;
  startedAt: number;
  endedAt?: number;
  /** While it runs, as the watch itself tells: its own time, and when it will end. */
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
  | {
      kind: 'person';
      who: string;
      text: string;
      option?: RollbackKind;
      /** The revision that this person has named. */
      revision?: string;
      /** What the plan says for the concern that this person has answered. */
      planned?: RollbackOption;
    };

export interface RollbackRecord {
  option: RollbackKind;
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
  /** As of a step. */
  progress?: string;
  /** The checklist's estimate, where the plan has one, and the time it took, milliseconds. */
  estimate?: number;
  took?: number;
}

/** The dump that was made right before production was changed. */
export interface StoredBackup {
  location: string;
  sha256: string;
  /** No more is fetched. Missing in deployments that an older build has backed up: the record has it, too. */
  bytes?: number;
  /** What the database held then: what a restore is compared with. */
  record?: EvidenceReference;
}

/** What could not be seen is missing. */
export interface FoundProduction {
  /** The release, as the health check tells it. */
  version?: string;
  /** Its commit, where by the plan that is told: in full, or cut off as the application does. */
  commit?: string;
  /** null: none yet. */
  revision?: string | null;
}

/** What has been done to production so far: decides whether there is something to undo. */
export interface ProductionChanges {
  codeDeployed: boolean;
  migrated: boolean;
  maintenance: boolean;
  /** What ran there when it was last looked at before the deploy: what a rollback brings back. */
  found?: FoundProduction;
  /** The revision that its migration started from, as that has seen it itself (null: none yet). */
  migratedFrom?: string | null;
  backup?: StoredBackup;
  /** How long the trial restore of the dump made right before took: what a restore would take, milliseconds. */
  restoreEstimate?: number;
}

/** A command of which nobody knows how it ended, or whether it has. */
export interface Unsettled {
  step: string;
  generation: number;
  title: string;
  /** What is known of it. */
  text: string;
  /** Whose command it is, and the queue of the runner that it was begun on. */
  environment?: keyof OwnRunners;
  runner?: string;
  /** What a person has said since; what is left of it is being ended. */
  answer?: DecisionRecord;
}

/** Which rollbacks staging has proven to work. */
export interface Eligibility {
  migration: boolean;
  code: boolean;
  /** The new code has answered on the old schema, which a rollback of the migration alone leaves; missing when not tried. */
  newCode?: boolean;
  /** What goes back first in a full rollback; missing where nothing was tried. */
  full?: FullRollback;
  /** What was seen. */
  reasons: string[];
  /** The revision that staging was brought back to (null: none at all); missing when it was not. */
  wentBackTo?: string | null;
  /** What the migration added and a downgrade would drop, with what has been written to it. */
  drops?: { tables: string[]; columns: { table: string; column: string }[] };
}

/** What people sign off: everything that was proven so far, kept as evidence and named by its digest. */
export interface Proposal {
  /** sha256 of the content's canonical JSON. */
  digest: string;
  /** The commit that the release was when it was sealed. */
  commit: string;
  /** The build that carries it out: missing where workers have none. */
  build?: string;
  sealedAt: number;
}

export interface Approval {
  role: string;
  who: string;
  at: number;
  /** Of the proposal that it vouches for. */
  digest: string;
  /** The signature has been verified. */
  signed?: boolean;
}

export interface Ledger {
  deployment: string;
  service: string;
  title: string;
  digest: string;
  startedBy: string;
  /** The signed word of who started it. */
  envelope?: string;
  /** What the runner's policy asks of those who decide; nothing where it has none: no decision is proven then. */
  demands?: Demands;
  /** Of one that is to begin at an appointed time, until that has come: when it was called for. */
  startedAt: number;
  /** The appointed time. */
  beginsAt?: number;
  /** The unfinished run that it starts over, by deployment or run ID, and why that is right. */
  after?: { run: string; why: string };
  endedAt?: number;
  phase: Phase;
  outcome?: Outcome;
  /** Why it ended so, in one sentence. */
  reason?: string;
  commit?: string;
  /** The queue that only the runner of its commands serves; known once admitted. */
  runner?: string;
  /** Those of environments that have a runner of their own; nothing where the policy of its runner names none. */
  runners?: OwnRunners;
  release: { target: string; previous: string };
  steps: StepRecord[];
  decisions: DecisionRecord[];
  /** How many were refused that are not listed any more. */
  refusedBefore?: number;
  /** Known once the proof on staging has ended. */
  eligibility?: Eligibility;
  /** What the sign-offs vouch for. */
  proposal?: Proposal;
  approvals: Approval[];
  /** What counts once it has been looked at: signed approvals (their signature), moves (the runner). */
  claims: DecisionRecord[];
  questions: OpenQuestion[];
  /** Set while a person holds the deployment. */
  held?: DecisionRecord;
  /** It goes on from an earlier point of its history: what was done after that is not known to it. */
  reset?: {
    at: number;
    text: string;
    /** Who has looked since. */
    answer?: DecisionRecord;
  };
  /** A decision that ends the forward path. */
  stop?: DecisionRecord;
  /** Why the forward path has ended, whoever or whatever ended it. */
  ending?: string;
  monitors: WatchRecord[];
  production: ProductionChanges;
  rollback?: RollbackRecord;
  /** Rollbacks that failed before the last one. */
  earlierRollbacks: RollbackRecord[];
  /** Nothing is run on its environment before it is settled, automatic rollback included. */
  unsettled?: Unsettled;
  /** What could not be announced, and why; and what could not be kept. */
  untold: string[];
  unkept?: string[];
  /** How the boxes of the checklist stand. */
  items?: ItemCounts;
}
