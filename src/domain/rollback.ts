/** Which rollback undoes what went wrong: one pure choice, with its reasons (checklist, "Rollback Plan"). */
import type { RollbackOption } from './criteria.js';

export interface RollbackFacts {
  /** What the person, the broken criterion or the plan's policy asks for, and who says so. */
  wanted: RollbackOption;
  because: string;
  /** The new code has been deployed (or may have been). */
  codeDeployed: boolean;
  /** The database is at another revision than before the deploy (or may be). */
  migrated: boolean;
}

/** Picks the option that is wanted, narrowed to what there is to undo. */
export function chooseRollback(facts: RollbackFacts): { option: RollbackOption; reasons: string[] } {
  const reasons = [facts.because];
  if (facts.wanted !== 'code' && !facts.migrated) {
    reasons.push('the database is still at the revision from before the deploy: there is no migration to undo');
    return { option: 'code', reasons };
  }
  if (facts.wanted !== 'migration' && !facts.codeDeployed && facts.migrated) {
    reasons.push('the new code was never deployed: only the migration is undone');
    return { option: 'migration', reasons };
  }
  return { option: facts.wanted, reasons };
}
