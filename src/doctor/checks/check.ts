/** What a check of the doctor is: what is tried, and where in the deployment it would have been met. */
import type { Patience } from '../../adapters/http/patient-request.js';
import type { EvidencePlace } from '../../contract/activities/step.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { ReleaseValue } from '../../contract/plan/release-values.js';
import type { Fact } from '../../domain/evidence.js';

/** One thing that was tried. `name` is unique within its step. */
export interface CheckResult {
  name: string;
  ok: boolean;
  /** What was seen, in one line. */
  text: string;
  /** What to do about it. */
  advice?: string;
  /** It would not have failed, and is worth knowing: what can't be tried, what people will be asked. */
  note?: true;
  /** Where it would have been met, when that is not the check's own step. */
  step?: string;
}

/** What a check works with. Nothing that it does changes anything that outlives it. */
export interface Means {
  /** Aborted when the check takes too long or the person has had enough. */
  signal: AbortSignal;
  patience: Patience;
  /** A temporary folder, for activities that keep evidence. */
  evidence: EvidencePlace;
  /** Gives activities the context that they expect. */
  inActivity<T>(work: () => Promise<T>): Promise<T>;
}

export interface Check {
  /** The name of what is reported when the check itself fails. */
  id: string;
  /** The step that needs it first. */
  step: string;
  /** Longest time, milliseconds; {@link LONGEST} when left out. */
  limit?: number;
  run(means: Means): Promise<CheckResult[]>;
}

export const LONGEST = 60_000;

/** What is asked for besides the plan. */
export interface CheckContext {
  plan: ResolvedPlan;
  /** What the plan leaves open of the release, and could not be found out, with the reason. */
  unknown?: readonly { name: ReleaseValue; unknown: string }[];
  /** Who would start it. */
  startedBy?: string;
  /** Folders searched for tools before PATH. */
  tools?: string[];
  /** When the deployment would start, epoch milliseconds. */
  at: number;
}

/** The key of activities that write under one. */
export const KEY = { deployment: 'doctor', step: 'doctor', generation: 1 };

/** Facts of a step's own activity; one that is advisory fails nothing. */
export const fromFacts = (facts: Fact[], advice?: string): CheckResult[] =>
  facts.map(({ name, ok, text, advisory }) => ({
    name,
    ok: ok || advisory === true,
    text,
    ...(!ok && advisory && { note: true as const }),
    ...(!ok && !advisory && advice !== undefined && { advice }),
  }));
