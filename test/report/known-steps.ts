/** Every step of a deployment by a plan: where it stands in the checklist, and what it establishes. */
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { runbookOf } from '../../src/contract/runbook.js';
import { STEPS, type StepDefinition } from '../../src/domain/steps.js';

export interface KnownStep extends StepDefinition {
  section: string;
  /** Names of the facts that it establishes, when it is carried out. */
  facts: string[];
  /** Asked of people together with others: one does not wait for another. */
  confirmation?: { roles: string[]; title: string };
}

/** In the order in which a deployment comes to them; without those whose option is off. */
export function knownSteps(plan: ResolvedPlan): KnownStep[] {
  const asked = new Set(Object.values(plan.confirmations).flatMap((list) => list.map(({ id }) => id)));
  return runbookOf(plan)
    .filter(({ id, off }) => off === undefined && id !== STEPS.admission.id)
    .map(({ id, phase, section, title, facts, asks: roles = [] }) => ({
      id,
      phase,
      section,
      title,
      facts,
      ...(asked.has(id) ? { confirmation: { roles, title } } : {}),
    }));
}
