/** What outlives Temporal's retention: a deployment's closing ledger, its histories and its report, in the evidence store. */
import type { EvidenceReference } from '../domain/evidence.js';

/** One run of the deployment, of a watch or of a rollback, event by event, as Temporal has it. */
export interface ArchivedHistory extends EvidenceReference {
  workflowId: string;
  runId: string;
  type: string;
  events: number;
  /** The last of them is the end of the run. The deployment's own ends after the archive was made. */
  closed: boolean;
}

/** What an archive consists of; paths are below the deployment's folder. Keys may be added. */
export interface ArchiveIndex {
  format: 1;
  deployment: string;
  service: string;
  workflowId: string;
  runId: string;
  /** Epoch milliseconds. */
  startedAt: number;
  archivedAt: number;
  /** The ledger as the workflow returns it: one payload, encrypted where payloads are. */
  ledger: EvidenceReference;
  /** The deployment's own first. */
  histories: ArchivedHistory[];
  report?: EvidenceReference;
  /** What is not in it, and why. */
  missing: string[];
}

/** Where the archives of a deployment's runs are, below its folder. */
export const ARCHIVE = 'archive';

/** Written last: an archive without it is none. */
export const archiveIndexPath = (runId: string): string => `${ARCHIVE}/${runId}.json`;

/** @param value of a file's content */
export function isArchiveIndex(value: unknown): value is ArchiveIndex {
  const { format, archivedAt, histories, missing, ledger, ...names } = (value ?? {}) as Partial<ArchiveIndex>;
  const { runId, workflowId, deployment, service } = names;
  return (
    format === 1 &&
    [runId, workflowId, deployment, service, ledger?.path].every((name) => typeof name === 'string') &&
    typeof archivedAt === 'number' &&
    [histories, missing].every(Array.isArray)
  );
}
