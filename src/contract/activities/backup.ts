/** Backups, and the way back from one. */
import type { StepReport } from '../../domain/evidence.js';
import type { StoredBackup } from '../../domain/ledger/ledger.js';
import type { CommandBackup, DumpBackup } from '../plan/backup.js';
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
    backup: DumpBackup;
    /** The plan's migration tool: its table says at which revision the database is. */
    tool: string;
  }): Promise<BackupReport>;
}

/** `location` is missing where nothing is stored that could be gone back to. */
export type BackupReport = StepReport & {
  bytes: number;
  /** Empty where there is none. */
  sha256: string;
  location?: string;
  restoreMilliseconds?: number;
};

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
    backup: DumpBackup;
    /** As for a backup. */
    tool: string;
    from: StoredBackup;
  }): Promise<StepReport>;
}

/** The same by the plan's own commands: each runs at most once for its step and generation, on the runner's machine. */
export interface CommandBackupActivities {
  /**
   * Asks the database, makes the backup, asks again, has it verified and restored into its scratch place, and asks there.
   * Facts: those of a dump that its commands can establish, and `removed` where the scratch place is cleared.
   * @throws ApplicationFailure `OutcomeUnknown`
   */
  backUpByCommands(input: {
    key: StepKey;
    evidence: EvidencePlace;
    service: string;
    environment: Environment;
    backup: CommandBackup;
  }): Promise<BackupReport>;
  /**
   * The last resort by the plan's command. Facts: as `restoreDatabase` has them; `in-place`: the database answers as it
   * did when the backup was made. An earlier attempt whose command has ended well, or of which nobody knows how it
   * ended, is not followed by another unless a person has said so (`again`).
   * @throws ApplicationFailure `OutcomeUnknown`
   */
  restoreByCommands(input: {
    key: StepKey;
    evidence: EvidencePlace;
    service: string;
    environment: Environment;
    backup: CommandBackup;
    from: StoredBackup;
    again?: boolean;
  }): Promise<StepReport>;
}
