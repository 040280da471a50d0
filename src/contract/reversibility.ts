/** What the proof on staging is asked, and what it answers. */
import type { StepReport } from '../domain/evidence.js';
import type { Eligibility } from '../domain/ledger/ledger.js';
import type { CommandQueues } from '../domain/runner.js';
import type { EvidencePlace, StepKey } from './activities/step.js';
import type { Authority } from './envelope.js';
import type { ResolvedPlan } from './plan/plan.js';
import type { ReleaseBefore } from './plan/proof-of-commit.js';

export interface ReversibilityInput extends CommandQueues {
  deployment: string;
  plan: ResolvedPlan;
  /** By whose word it is done; nothing where the runner has no policy. */
  authority?: Authority;
  evidence: EvidencePlace;
  generation: number;
  /** The upgrade of staging that is to be undone; missing when staging was at the new revision from the start. */
  upgrade?: FirstUpgrade;
  /** What the target stands for, where the repository told it. */
  commit?: string;
  /** What production ran when it was looked at. */
  found?: Partial<ReleaseBefore>;
}

/** An upgrade that took stock of the database before and after. */
export interface FirstUpgrade {
  key: StepKey;
  /** The revision it started from; null: none. */
  before: string | null;
}

/** `endedAt`: epoch milliseconds, by the child's own clock. */
export type ReversibilityResult = StepReport & { eligibility: Eligibility; endedAt: number };
