/** What others have said of the release, and what people sign. */
import type { ProposalContent } from '../../domain/decisions/proposal.js';
import type { StepReport } from '../../domain/evidence.js';
import type { SaidDecision } from '../envelope.js';
import type { ReleaseInRepository } from '../plan/parts.js';
import type { Release } from '../plan/plan.js';
import type { Review } from '../plan/proofs.js';
import type { EvidencePlace, StepKey } from './step.js';

export interface ReviewActivities {
  /** Reviewed by others than the authors, approved for the head commit and merged, tested (checklist, Pré-requisitos). */
  checkReview(input: {
    key: StepKey;
    evidence: EvidencePlace;
    release: ReleaseInRepository;
    review: Review;
  }): Promise<StepReport>;
}

export interface ApprovalActivities {
  /**
   * Keeps what people are asked to sign off as evidence, with the commit that the release is at this moment.
   * Fact `unchanged`: it is still the commit that staging has proven; none where the plan names no repository.
   */
  sealProposal(input: {
    key: StepKey;
    evidence: EvidencePlace;
    release: Release;
    content: ProposalContent;
  }): Promise<StepReport & { digest: string; commit: string }>;
  /** Whether a statement was signed by one of a person's keys (`ssh-keygen -Y verify`, namespace `surefoot`). */
  verifySignature(input: {
    statement: string;
    signature: string;
    who: string;
    keys: string[];
  }): Promise<{ valid: boolean; reason: string }>;
  /**
   * Whether a decision was signed as the worker's policy asks, so that its sender hears at once. Nothing rests on the
   * answer: who acts opens the envelope again.
   */
  verifyEnvelope(input: {
    deployment: string;
    service: string;
    digest: string;
    decision: SaidDecision;
  }): Promise<{ valid: boolean; reason: string }>;
}
