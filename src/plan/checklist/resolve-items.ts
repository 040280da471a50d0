/** Items: every box of the checklist is settled by facts that a step of this very plan establishes. */
import type { Confirmation } from '../../contract/plan/plan.js';
import { type PlanWithoutItems, type RunbookStep, stepsByID } from '../../contract/runbook.js';
import type { FactReference, Item } from '../../domain/items.js';
import { STEPS } from '../../domain/steps.js';
import type { Path } from '../core/problems.js';
import { type MachineMaps, own, type Resolution as ResolutionOf } from '../core/resolution.js';
import { nearest } from '../core/suggest.js';
import type { AuthoredItems } from './schema-items.js';

type Resolution = ResolutionOf<MachineMaps & { items?: AuthoredItems }>;

/** @param broken top-level keys in which something is wrong: whether a step or a fact would come from there is not known */
export function resolveItems(
  resolution: Resolution,
  plan: PlanWithoutItems,
  broken: ReadonlySet<string> = new Set(),
): Item[] {
  const established = stepsByID(plan);
  return Object.entries(resolution.sections.items ?? {}).map(([id, { title, by }]) => {
    const written = typeof by === 'string' ? [by] : by;
    if (written.length === 0) resolution.report(['items', id, 'by'], 'Nothing settles this item: write STEP/FACT');
    const path = (index: number): Path => ['items', id, 'by', ...(typeof by === 'string' ? [] : [index])];
    const references = written.map(readReference);
    references.forEach((reference, index) => {
      checkReference(resolution, { reference, established, path: path(index), broken });
    });
    const applying = references.filter((reference) => whyNot(reference, established) === undefined);
    // A box rests on what there is; where there is nothing at all, it does not apply.
    if (applying.length > 0) return { id, title, by: applying };
    const off = references.flatMap((reference) => whyNot(reference, established) ?? []).at(0);
    return { id, title, by: references, ...(off === undefined ? {} : { off }) };
  });
}

/** The part of the plan without which a fact is not established. */
function whyNot({ step, fact }: FactReference, established: Map<string, RunbookStep>): string | undefined {
  const { off, without = {} } = established.get(step) ?? {};
  return off ?? own(without, fact);
}

function readReference(written: string): FactReference {
  const slash = written.indexOf('/');
  return slash < 0 ? { step: written, fact: '' } : { step: written.slice(0, slash), fact: written.slice(slash + 1) };
}

function checkReference(
  resolution: Resolution,
  at: { reference: FactReference; established: Map<string, RunbookStep>; path: Path; broken: ReadonlySet<string> },
): void {
  const { step, fact } = at.reference;
  const known = at.established.get(step);
  if (known === undefined) {
    if (ADDS_STEPS.some((section) => at.broken.has(section))) return;
    const steps = [...at.established.keys()];
    const suggestion = nearest(step, steps);
    const list = suggestion === undefined ? `; steps: ${steps.join(', ')}` : '';
    resolution.report(at.path, { message: `There is no step \`${step}\` in this plan${list}`, suggestion });
    return;
  }
  if (known.facts.includes(fact) || own(known.without, fact) !== undefined) return;
  // What checks, rules and roles would establish is not known where there are none.
  if (fact !== '' && known.off !== undefined && known.facts.length === 0) return;
  if (fact !== '' && factSections(known).some((section) => at.broken.has(section))) return;
  const message =
    fact === ''
      ? `Name the fact as well: \`${step}/FACT\`, one of ${known.facts.join(', ')}`
      : `The step \`${step}\` establishes no fact \`${fact}\`; its facts: ${known.facts.join(', ')}`;
  const near = fact === '' ? undefined : nearest(fact, known.facts);
  resolution.report(at.path, { message, suggestion: near && `${step}/${near}` });
}

/** Sections from which steps come, beside those that every plan has. */
const ADDS_STEPS = ['checks', 'confirmations', 'load', 'soak', 'watches'];

const WATCHED = ['environments', 'soak', 'watches', 'criteria', 'trends', 'metrics', 'providers'];
/** The sections that say which facts a step establishes; those of any other step are the same in every plan. */
const ADDS_FACTS: Record<string, string[]> = {
  [STEPS.access.id]: ['access'],
  [STEPS.tools.id]: ['prerequisites'],
  [STEPS.stagingIndexes.id]: ['indexes'],
  [STEPS.productionIndexes.id]: ['indexes'],
  [STEPS.functional.id]: ['environments', 'functional'],
  [STEPS.smoke.id]: ['environments', 'smoke'],
  [STEPS.signOffs.id]: ['approvals'],
  [STEPS.notices.id]: ['notifications'],
  [STEPS.alerts.id]: ['alerts'],
  [STEPS.maintenanceOn.id]: ['production'],
  [STEPS.maintenanceOff.id]: ['production'],
};

const factSections = ({ id, phase }: RunbookStep): string[] =>
  ADDS_FACTS[id] ?? (phase === 'soak' || phase === 'watch' ? WATCHED : []);

/** What a confirmation asks in the end: its own words, then the items that it alone settles. */
export function withItems(confirmation: Confirmation, items: readonly Item[]): Confirmation {
  const settled = items.filter(({ by }) => by.some(({ step }) => step === confirmation.id));
  return { ...confirmation, items: [...confirmation.items, ...settled.map(({ title }) => title)] };
}
