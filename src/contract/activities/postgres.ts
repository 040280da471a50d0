/** What the database says of itself. */
import type { StepReport } from '../../domain/evidence.js';
import type { Eligibility } from '../../domain/ledger/ledger.js';
import type { Environment } from '../plan/environment.js';
import type { IndexExpectations, Migration } from '../plan/migration.js';
import type { EvidencePlace, StepKey } from './step.js';

export interface DatabaseActivities {
  /** Slow queries and locks (checklist 4.2). */
  reviewDatabase(input: { key: StepKey; evidence: EvidencePlace; environment: Environment }): Promise<StepReport>;
  /** Counts the rows of a table, exactly. */
  countRows(input: { environment: Environment; table: string }): Promise<number>;
}

/** How often indexes have been scanned, as the server has counted by then. */
export interface IndexUse {
  /** When its statistics were last reset, as text; null: never. */
  reset: string | null;
  /** By index; one that is not there is not named. */
  scans: Record<string, number>;
  /** Why the server counts none, when it doesn't. */
  uncounted?: string;
}

export interface IndexActivities {
  /**
   * Validity, columns and order from the catalogue, and what plans the queries get (checklist 1.3, 3.5).
   * @returns with `use` as it is afterwards: what use in production is counted from
   */
  checkIndexes(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    indexes: IndexExpectations;
  }): Promise<StepReport & { use: IndexUse }>;
  /** Each index of the plan's queries has been scanned since the baseline (checklist 4.2); waits for late counters. */
  checkIndexUse(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    indexes: IndexExpectations;
    baseline?: IndexUse;
    /** What is not used yet does not fail the step. */
    advisory: boolean;
  }): Promise<StepReport>;
}

export interface VerificationActivities {
  /** How much is in what a downgrade would drop: rows by `table`, values by `table.column`. */
  countStored(input: {
    environment: Environment;
    drops: NonNullable<Eligibility['drops']>;
  }): Promise<Record<string, number>>;
  /**
   * At which revision the database is by the tool's own books in it, without the tool; null for none yet.
   * @throws ApplicationFailure when it is not known
   */
  storedRevision(input: { environment: Environment; migration: Migration }): Promise<string | null>;
  /** Reads production's real state: revision from the database, version and commit from /health, validity of the indexes. */
  verifyState(input: {
    key: StepKey;
    evidence: EvidencePlace;
    environment: Environment;
    healthPath: string;
    expected: {
      version?: string;
      /** As for `awaitHealth`. */
      commit?: string;
      revision?: string | null;
      /** The plan's migration tool, with a revision. */
      tool?: string;
      /** The revision that the tool reports; without it the tool's own table in the database is read. */
      reported?: string | null;
      indexes?: { present: boolean; expectations: IndexExpectations };
    };
  }): Promise<StepReport>;
}
