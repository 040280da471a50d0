/** Every step of a deployment by a plan: where it stands in the checklist, and what it establishes. */
import type { ResolvedPlan } from '../../../src/contract/plan.js';
import { type Phase, STEPS, type StepDefinition } from '../../../src/domain/steps.js';
import { establishedFacts } from '../../../src/plan/established-facts.js';

export interface KnownStep extends StepDefinition {
  /** Names of the facts that it establishes, when it is carried out. */
  facts: string[];
  /** Asked of people together with others: one does not wait for another. */
  confirmation?: { roles: string[]; title: string };
}

/** In the order in which a deployment comes to them; without those whose option is off. */
export function knownSteps(plan: ResolvedPlan): KnownStep[] {
  const definitions = definitionsOf(plan);
  const confirmations = new Map(
    Object.values(plan.confirmations).flatMap((list) => list.map(({ id, roles, title }) => [id, { roles, title }])),
  );
  return [...establishedFacts(plan)].flatMap(([id, { facts, off }]) => {
    const definition = definitions.get(id);
    if (off !== undefined || definition === undefined) return [];
    const confirmation = confirmations.get(id);
    return [{ ...definition, facts, ...(confirmation ? { confirmation } : {}) }];
  });
}

function definitionsOf(plan: ResolvedPlan): Map<string, StepDefinition> {
  const all: StepDefinition[] = Object.values(STEPS).filter(({ id }) => id !== STEPS.soak.id);
  const add = (phase: Phase, section: string, { id, title }: { id: string; title: string }) =>
    all.push({ id, phase, section, title });
  add('soak', STEPS.soak.section, plan.soak);
  for (const test of plan.loadTests) add('staging', '1.5', test);
  for (const watch of plan.watches) {
    add('watch', '', watch);
    add('watch', '4.2', { id: `${watch.id}.index-use`, title: "Indexes are used by production's queries" });
  }
  if (plan.production.loadTest) add('watch', '4.4', plan.production.loadTest.test);
  const { prerequisites, staging, preparation } = plan.confirmations;
  for (const each of prerequisites) add('prerequisites', '', each);
  for (const each of staging) add('staging', '', each);
  for (const each of preparation) add('approval', '', each);
  return new Map(all.map((definition) => [definition.id, definition]));
}
