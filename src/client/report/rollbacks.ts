/** Rollbacks, which are workflows of their own: what their histories say of them. */
import type { RollbackResult } from '../../contract/messages.js';
import type { RollbackRecord, StepRecord, WayBack } from '../../domain/ledger.js';
import type { Happening } from './happenings.js';
import { add, begin, isReport, keyOf, reasonOf } from './records.js';

/** The option that a workflow of this type carries out. */
export const WAYS: Record<string, WayBack> = {
  RollbackMigrationWorkflow: 'migration',
  RollbackCodeWorkflow: 'code',
  RollbackFullWorkflow: 'full',
  RollbackRestoreWorkflow: 'restore',
};

/** The steps of a rollback that is still going on, from its own history. */
export function rollbackSteps(happenings: readonly Happening[]): StepRecord[] {
  const steps = new Map<string, StepRecord>();
  for (const { at, ...happening } of happenings) {
    const key = 'input' in happening ? keyOf(happening.input) : undefined;
    if (!key) continue;
    const known = { id: key.step, phase: 'production', section: 'Rollback', title: key.step } as const;
    const record = steps.get(key.step) ?? begin(known, key.generation, at);
    steps.set(key.step, record);
    if (happening.kind === 'reported' && isReport(happening.result)) add(record, happening.result, at);
    if (happening.kind === 'failed')
      Object.assign(record, { state: 'failed', endedAt: at, reason: reasonOf(happening) });
  }
  return [...steps.values()];
}

/** How a rollback ended, as its record in the ledger has it. */
export const rollbackEnd = ({ startedAt, endedAt, ...result }: RollbackResult): Partial<RollbackRecord> => ({
  ...result,
  took: endedAt - startedAt,
  endedAt,
});
