/** What has been written into the migration's new tables and columns: a downgrade would take it along. */
import { urgentReads, urgentReadsOn } from '../common/policies.js';
import type { Context } from './context.js';
import { isFailure } from './failures.js';
import { placed } from './runner.js';

/**
 * How much is in what the migration has added and a downgrade would drop. Counted right after the migration, too: what it
 * filled in itself was not written by users.
 * @returns undefined when the database cannot be asked
 */
export async function countStored(context: Context): Promise<Record<string, number> | undefined> {
  const { plan, ledger } = context;
  const { drops } = ledger.eligibility ?? {};
  if (!drops || drops.tables.length + drops.columns.length === 0) return {};
  return placed(context, urgentReads, urgentReadsOn)
    .countStored.executeWithOptions({ summary: 'Count what a downgrade would drop' }, [
      { environment: plan.environments.production, drops },
    ])
    .catch((error: unknown) => {
      if (!isFailure(error)) throw error;
      return undefined;
    });
}
