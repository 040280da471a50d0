/** The checklist's three rollback options: three tables of contents over the same steps. */
import type { RollbackInput, RollbackResult } from '../../contract/messages.js';
import { Rollback } from './rollback-steps.js';

/** Option 1: the migration caused problems, the code is fine. */
export async function RollbackMigrationWorkflow(input: RollbackInput): Promise<RollbackResult> {
  const rollback = new Rollback(input, 'migration');
  return rollback.run(async () => {
    await rollback.downgradeDatabase();
    await rollback.restartService();
    await rollback.awaitHealth();
    await rollback.verify({ revision: input.downgradeTo, migrationUndone: true });
  });
}

/** Option 2: the new code caused problems, the migration is fine. */
export async function RollbackCodeWorkflow(input: RollbackInput): Promise<RollbackResult> {
  const rollback = new Rollback(input, 'code');
  const { previous } = input;
  return rollback.run(async () => {
    await rollback.deployPreviousVersion();
    await rollback.awaitHealth(previous);
    await rollback.checkLogs();
    await rollback.verify({ version: previous, migrationUndone: false });
  });
}

/**
 * Option 3: both did. The downgrade comes first, as the previous release may not know the new revision: unless staging has
 * shown that it can be made from there, and that users are better served so (`src/domain/rollback/order.ts`).
 */
export async function RollbackFullWorkflow(input: RollbackInput): Promise<RollbackResult> {
  const rollback = new Rollback(input, 'full');
  const { previous, first = 'migration' } = input;
  return rollback.run(async () => {
    if (first === 'migration') await rollback.downgradeDatabase();
    await rollback.deployPreviousVersion();
    await rollback.awaitHealth(previous);
    if (first === 'code') await rollback.downgradeDatabase();
    await rollback.checkApplication();
    await rollback.verify({ version: previous, revision: input.downgradeTo, migrationUndone: true });
  });
}

/** The last resort, when the checklist's own options have failed: the backup from before the deploy, and the old code. */
export async function RollbackRestoreWorkflow(input: RollbackInput): Promise<RollbackResult> {
  const rollback = new Rollback(input, 'restore');
  const { previous } = input;
  return rollback.run(async () => {
    await rollback.restoreDatabase();
    await rollback.deployPreviousVersion();
    await rollback.awaitHealth(previous);
    await rollback.verify({ version: previous, revision: input.found.revision, migrationUndone: true });
  });
}
