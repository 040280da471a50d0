/** What people have gone on without before production: told when it is signed off, and not held against production unasked. */
import { type Attestation, byWhom, stands } from '../evidence.js';
import type { StepRecord } from '../ledger/ledger.js';
import { BEFORE_APPROVAL, STEPS } from '../steps.js';

/** One line for each step: what, by whom, and why. */
export const waivedOf = (steps: readonly StepRecord[]): string[] =>
  steps.filter(({ phase }) => BEFORE_APPROVAL.includes(phase)).flatMap(waivedIn);

function waivedIn({ title, skippedBy, facts, reason }: StepRecord): string[] {
  if (skippedBy) return [`${title}: ${reason}`];
  const waived = facts.flatMap(({ ok, by, text }) => (!ok && by ? [`${text} (accepted ${byWhom(by)})`] : []));
  return waived.length === 0 ? [] : [`${title}: ${waived.join('; ')}`];
}

/** Checks of production, each with the one of staging that looks at the same. */
const TWINS: Record<string, string> = {
  [STEPS.productionHealth.id]: STEPS.stagingHealth.id,
  [STEPS.productionLogs.id]: STEPS.stagingLogs.id,
  [STEPS.productionMigration.id]: STEPS.stagingMigration.id,
  [STEPS.productionIndexes.id]: STEPS.stagingIndexes.id,
  [STEPS.smoke.id]: STEPS.functional.id,
};

/**
 * Who has gone on on staging without that which now has failed in production. A check that has come to no facts there was
 * waived as a whole.
 */
export function waivedBefore(
  { id, facts }: Pick<StepRecord, 'id' | 'facts'>,
  steps: readonly StepRecord[],
): Attestation | undefined {
  const twin = steps.find((step) => step.id === TWINS[id]);
  const waived = new Map((twin?.facts ?? []).flatMap(({ name, ok, by }) => (!ok && by ? [[name, by] as const] : [])));
  if (waived.size === 0) return twin?.skippedBy;
  const failed = facts.filter((fact) => !stands(fact));
  const [first] = failed;
  return first && failed.every(({ name }) => waived.has(name)) ? waived.get(first.name) : undefined;
}
