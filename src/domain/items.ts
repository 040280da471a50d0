/** Items: the boxes of the checklist, each settled by facts of steps or by people, never by nothing. */
import type { Attestation, EvidenceReference, Fact } from './evidence.js';

/** One box of the checklist. */
export interface Item {
  /** Section and position, as `1.1.1`. */
  id: string;
  /** In the checklist's own words. */
  title: string;
  /** What settles it: all of these facts. */
  by: FactReference[];
  /** The part of the plan that is not there or off, so that the item does not apply. */
  off?: string;
}

export interface FactReference {
  step: string;
  fact: string;
}

/**
 * passed: every fact holds, seen by a machine. attested: every fact holds, and a person vouches for one of them.
 * failed: a fact does not hold. skipped: a person went on although one does not. unknown: one has not been established.
 */
export const ITEM_STATES = ['passed', 'failed', 'unknown', 'attested', 'skipped', 'notApplicable'] as const;
export type ItemState = (typeof ITEM_STATES)[number];

export type ItemCounts = Record<ItemState, number> & { total: number };

export interface ItemStatus extends Item {
  state: ItemState;
  /** What was seen, or why nothing is known. */
  text: string;
  /** When it was settled, epoch milliseconds. */
  at?: number;
  /** Who vouches for it, or who went on without it. */
  people: Attestation[];
  evidence: EvidenceReference[];
}

/** What settles items of a step's record; structural, for the ledger itself counts items. */
export interface SettlingStep {
  id: string;
  state: string;
  endedAt?: number;
  facts: Fact[];
  evidence: EvidenceReference[];
  reason?: string;
  skippedBy?: Attestation;
}

/** How every item stands, by the records of the steps alone. */
export function itemStatuses(items: readonly Item[], steps: readonly SettlingStep[]): ItemStatus[] {
  const byId = indexed(steps);
  return items.map((item) => statusOf(item, byId));
}

/** How many items stand how: the same, without a word said of any; a deployment counts at all that happens to it. */
export function itemCounts(items: readonly Item[], steps: readonly SettlingStep[]): ItemCounts {
  const byId = indexed(steps);
  return countItems(items.map((item) => ({ state: itemState(item, byId) })));
}

type StepsById = ReadonlyMap<string, SettlingStep>;

/** The first of an ID counts. */
const indexed = (steps: readonly SettlingStep[]): StepsById =>
  new Map([...steps].reverse().map((step) => [step.id, step]));

const itemState = ({ off, by }: Item, steps: StepsById): ItemState =>
  off === undefined ? combine(by.map((reference) => stateOf(settling(reference, steps)))) : 'notApplicable';

function statusOf(item: Item, steps: StepsById): ItemStatus {
  const state = itemState(item, steps);
  if (state === 'notApplicable') {
    return { ...item, state, text: `${item.off} is off in the plan`, people: [], evidence: [] };
  }
  const found = item.by.map((reference) => lookUp(reference, steps));
  const known = found.flatMap(({ step, fact }) => (step && fact ? [{ step, fact }] : []));
  const skippers = found.flatMap(({ step, fact }) => (!fact && step?.skippedBy) || []);
  const evidence = known.flatMap(({ step }) => step.evidence);
  const shown = known.filter(({ fact }) => state !== 'failed' || !fact.ok);
  const missing = found.filter(({ fact }) => !fact).map(({ reason }) => reason);
  const ended = known.flatMap(({ step }) => step.endedAt ?? []);
  return {
    ...item,
    state,
    text: [...new Set([...missing, ...shown.map(({ fact }) => fact.text)])].join('; '),
    at: state === 'unknown' || ended.length === 0 ? undefined : Math.max(...ended),
    people: [...known.flatMap(({ fact }) => fact.by ?? []), ...skippers],
    evidence: evidence.filter(
      ({ path }, index) => evidence.findIndex((reference) => reference.path === path) === index,
    ),
  };
}

interface SettlingFact {
  step?: SettlingStep;
  fact?: Fact;
}

function settling({ step: id, fact: name }: FactReference, steps: StepsById): SettlingFact {
  const step = steps.get(id);
  return { step, fact: step?.facts.find((candidate) => candidate.name === name) };
}

/** With why there is no such fact, where there is none. */
function lookUp(reference: FactReference, steps: StepsById): SettlingFact & { reason: string } {
  const { step: id, fact: name } = reference;
  const { step, fact } = settling(reference, steps);
  if (!step) return { reason: `${id} has not been reached` };
  if (fact) return { step, fact, reason: '' };
  if (step.state === 'running') return { step, reason: `${id} is under way` };
  return { step, reason: `${id} did not establish ${name}${step.reason ? `: ${step.reason}` : ''}` };
}

function stateOf({ step, fact }: SettlingFact): Exclude<ItemState, 'notApplicable'> {
  if (!fact) return step?.skippedBy ? 'skipped' : 'unknown';
  if (fact.ok) return fact.by ? 'attested' : 'passed';
  if (fact.by) return 'skipped';
  return fact.unknown ? 'unknown' : 'failed';
}

/** The worst of the facts decides; what is unknown never hides a failure, and is never hidden by what is known. */
function combine(states: Exclude<ItemState, 'notApplicable'>[]): ItemState {
  for (const state of ['failed', 'unknown', 'skipped', 'attested'] as const) {
    if (states.includes(state)) return state;
  }
  return states.length === 0 ? 'unknown' : 'passed';
}

export function countItems(statuses: readonly Pick<ItemStatus, 'state'>[]): ItemCounts {
  const counts = { total: statuses.length } as ItemCounts;
  for (const state of ITEM_STATES) counts[state] = statuses.filter((status) => status.state === state).length;
  return counts;
}
