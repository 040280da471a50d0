/** One kind of place where reviews are kept. */
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Review } from '../../contract/plan/proofs.js';
import type { CheckConclusion, ReviewFinding } from '../../domain/review.js';
import type { PatientRequest } from '../http/patient-request.js';
import type { Repository, Resolved } from './git.js';

export type ReviewSourceKind = Review['source']['kind'];

/** A source of one kind, as the plan names it. */
export type ReviewPlace<K extends ReviewSourceKind> = Extract<Review['source'], { kind: K }>;

/** How a source is asked; nothing that it is asked changes anything, so that the doctor tries the very same. */
export interface ReviewReading {
  repository: Repository;
  ask: PatientRequest;
}

export interface ReviewSource<K extends ReviewSourceKind> {
  /** @throws SecretMissing */
  open(source: ReviewPlace<K>, by: ReviewReading): Promise<OpenReviews>;
}

/** Its methods throw ReadFailure for what they could not learn. */
export interface OpenReviews {
  /** Whether a branch was reviewed and approved, by others than those who wrote it. */
  reviewOf(branch: ReviewedBranch): Promise<BranchReview>;
  /** How the source says that a branch was merged into what is deployed; undefined when it does not say so. */
  mergedBy?(ends: { branch: string; target: string; head?: string }): Promise<string | undefined>;
  /** Every check of exactly this commit; not there for a source that runs none. */
  checksOf?(commit: string): Promise<CheckConclusion[]>;
}

export interface ReviewedBranch {
  release: ResolvedPlan['release'];
  /** The branch as the repository still has it. */
  branch: Resolved;
  /** The commit that is deployed. */
  deployed: string;
}

export interface BranchReview {
  reviewed: ReviewFinding;
  approved: ReviewFinding;
  /** The last commit that was reviewed, where checks may be of it. */
  head?: string;
  /** What both were found from, for the evidence. */
  read: object;
}
