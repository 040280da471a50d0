/** What of a plan no scenario has tried out: rules that have never been broken, phases in which nothing ever went wrong. */
import type { ResolvedPlan } from '../contract/plan/plan.js';
import { DECISIONS, type DecisionKind } from '../domain/ledger/decision-kinds.js';
import { PHASES } from '../domain/steps.js';
import type { RehearsalResult } from './result.js';
import { criteriaOfPlan } from './scenario/plan-names.js';

/** One kind of thing: how many there are, and which were not exercised. */
export interface Covered {
  total: number;
  missing: string[];
}

export interface Coverage {
  /** Criteria and trends: exercised when a scenario has broken them. */
  criteria: Covered;
  /** Exercised when something failed in them, or the deployment ended there. */
  phases: Covered;
  decisions: Covered;
  /** Boxes of the checklist: settled by a scenario, whichever way. Those that do not apply to the plan are left out. */
  items: Covered;
  /** Boxes that some scenario has failed, or had a person skip. */
  brokenItems: Covered;
}

/** More are told by `--json` only. */
const MOST_NAMED = 60;
const SETTLED = ['passed', 'attested', 'failed', 'skipped'];
const BROKEN = ['failed', 'skipped'];

export function coverageOf(plan: ResolvedPlan, results: readonly RehearsalResult[]): Coverage {
  const seen = <T extends string>(all: readonly T[], isExercised: (name: T) => boolean): Covered => ({
    total: all.length,
    missing: all.filter((name) => !isExercised(name)),
  });
  const any = (is: (exercised: RehearsalResult['exercised']) => boolean) =>
    results.some(({ exercised }) => is(exercised));
  const items = plan.items.filter(({ off }) => off === undefined).map(({ id }) => id);
  const inState = (states: string[]) => (id: string) => any((exercised) => states.includes(exercised.items[id] ?? ''));
  return {
    criteria: seen(criteriaOfPlan(plan), (id) => any(({ criteria }) => criteria.includes(id))),
    phases: seen(PHASES, (phase) => any(({ phases }) => phases.includes(phase))),
    decisions: seen(DECISIONS as readonly DecisionKind[], (kind) => any(({ decisions }) => decisions.includes(kind))),
    items: seen(items, inState(SETTLED)),
    brokenItems: seen(items, inState(BROKEN)),
  };
}

export function coverageText(coverage: Coverage): string {
  const titles: Record<keyof Coverage, string> = {
    criteria: 'criteria and trends broken',
    phases: 'phases gone wrong',
    decisions: 'decisions taken',
    items: 'items settled',
    brokenItems: 'items failed or skipped',
  };
  const rows = Object.entries(coverage) as [keyof Coverage, Covered][];
  return rows
    .map(([kind, { total, missing }]) => {
      const counted = `${titles[kind]}: ${total - missing.length} of ${total}`;
      const more = missing.length - MOST_NAMED;
      const named = `${missing.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
      return missing.length === 0 ? counted : `${counted}; never: ${named}`;
    })
    .join('\n');
}
