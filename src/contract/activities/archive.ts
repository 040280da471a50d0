/** The last of a deployment: what proves it is kept where Temporal's retention does not reach. */
import type { Ledger } from '../../domain/ledger/ledger.js';
import type { EvidencePlace } from './step.js';

export interface ArchiveActivities {
  /**
   * Keeps ledger, histories and report of the deployment that asks, and of all its watches and rollbacks. May be done
   * twice: each try writes files of its own, and the last index counts.
   * @param input `ledger`: as the workflow is about to return it
   * @returns `untold`: what could not be kept, and why
   */
  archiveDeployment(input: { evidence: EvidencePlace; ledger: Ledger }): Promise<{ untold: string[] }>;
}
