/** Items for every box: settled by facts where the plan has all that its words ask for, else by a person who is asked. */
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { runbookOf } from '../contract/runbook.js';
import type { WantedBox } from './compose-plan.js';
import type { SectionPlace } from './placed-boxes.js';

export interface SettledBox extends WantedBox {
  /** `STEP/FACT` each. */
  by: string[];
  isAsked: boolean;
}

/** When people are asked, with the question; the ID is a step of the plan. */
export interface PersonalQuestion {
  phase: 'prerequisites' | 'staging' | 'preparation';
  id: string;
  title: string;
}

const QUESTIONS = {
  prerequisites: { id: 'before-anything', en: 'Is this so?', 'pt-BR': 'Isto está feito?' },
  staging: { id: 'on-staging', en: 'Is this so on staging?', 'pt-BR': 'Isto está feito em staging?' },
  preparation: {
    id: 'before-production',
    en: 'Is this so before production?',
    'pt-BR': 'Isto está feito antes da produção?',
  },
  // Nobody is asked during and after a deployment: what is to be done then has somebody who will do it.
  afterwards: {
    id: 'during-and-after',
    en: 'Has somebody taken each of these on, to be done in production and afterwards?',
    'pt-BR': 'Alguém assumiu cada um destes, para fazer em produção e depois?',
  },
} as const;

const ASKED: Record<SectionPlace, keyof typeof QUESTIONS> = {
  prerequisites: 'prerequisites',
  staging: 'staging',
  soak: 'staging',
  approval: 'preparation',
  production: 'afterwards',
  watch: 'afterwards',
  rollback: 'afterwards',
};

/** Facts that this plan really establishes, by step. */
function establishedBy(plan: ResolvedPlan): Map<string, string[]> {
  // Looks that are taken only where a box asks for them are there as soon as one does.
  return new Map(
    runbookOf({ ...plan, items: undefined }).map(({ id, facts, off }) => [id, off === undefined ? facts : []]),
  );
}

export function settleBoxes(boxes: readonly WantedBox[], plan: ResolvedPlan): SettledBox[] {
  const established = establishedBy(plan);
  return boxes.map((box) => {
    const facts = box.wanted.map((wanted) => known(wanted, established));
    const isSettled = facts.length > 0 && facts.every((some) => some.length > 0);
    if (isSettled) return { ...box, by: facts.flat(), isAsked: false };
    return { ...box, by: [`${QUESTIONS[whenAsked(box, plan)].id}/confirmed`], isAsked: true };
  });
}

/** @returns none where the plan does not establish it */
function known(wanted: string, established: Map<string, string[]>): string[] {
  const slash = wanted.indexOf('/');
  const [step, fact] = [wanted.slice(0, slash), wanted.slice(slash + 1)];
  const facts = established.get(step) ?? [];
  return facts.filter((each) => fact === '*' || each === fact).map((each) => `${step}/${each}`);
}

function whenAsked({ place }: WantedBox, plan: ResolvedPlan): keyof typeof QUESTIONS {
  const when = place === undefined ? 'preparation' : ASKED[place];
  return when === 'staging' && plan.environments.staging === undefined ? 'preparation' : when;
}

/** The questions that boxes rest on, in the order in which they are asked. */
export function questionsOf(boxes: readonly SettledBox[], language: 'en' | 'pt-BR'): PersonalQuestion[] {
  const asked = new Set(boxes.filter(({ isAsked }) => isAsked).flatMap(({ by }) => by));
  return Object.entries(QUESTIONS).flatMap(([when, { id, ...title }]) => {
    const phase = when === 'afterwards' ? 'preparation' : (when as PersonalQuestion['phase']);
    return asked.has(`${id}/confirmed`) ? [{ phase, id, title: title[language] }] : [];
  });
}
