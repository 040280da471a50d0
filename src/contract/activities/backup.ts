/** Backups, and the way back from one. */
import type { StepReport } from '../../domain/evidence.js';
import type { StoredBackup } from '../../domain/ledger/ledger.js';
import type { Backup } from '../plan/backup.js';
import type { Environment } from '../plan/environment.js';
import type { EvidencePlace, StepKey } from './step.js';

export interface BackupActivities {
  /**
   * Dumps the database in custom format, proves the dump by a trial restore, and stores it (checklist 1.1, 3.1).
   * @returns also its size, its sha256, where it is stored when it is, and how long the restore took, milliseconds
   */
  backUpDatabase(input: {
    key: StepKey;
    evidence: EvidencePlace;
    service: string;
    environment: Environment;
    backup: Backup;
    /** The plan's migration tool: its table says at which revision the database is. */
    tool: string;
  }): Promise<StepReport & { bytes: number; sha256: string; location?: string; restoreMilliseconds?: number }>;
}

export interface RestoreActivities {
  /**
   * The last resort after a rollback that failed: puts the dump from before the deploy in the database's place. What was
   * there is kept beside it under another name. Facts: `fetched` (with the sha256 it had), `restored` (as the record of
   * the dump says), `in-place`.
   */
  restoreDatabase(input: {
    key: StepKey;
    evidence: EvidencePlace;
    service: string;
    environment: Environment;
    backup: Backup;
    /** As for a backup. */
    tool: string;
    from: StoredBackup;
  }): Promise<StepReport>;
}
