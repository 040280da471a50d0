/** What proves an item: named facts with a short text, and references to the whole in the evidence store. */

/** A reference into the evidence store: what it is, where it is, and what it must hash to. */
export interface EvidenceReference {
  title: string;
  /** Path below the deployment's folder in the store. */
  path: string;
  sha256: string;
  bytes: number;
}

/** One thing a step established, true or not. `name` is unique within its step. */
export interface Fact {
  name: string;
  ok: boolean;
  /** What was seen, in one line. Never a secret. */
  text: string;
}

/** What every step comes back with. A step passed when all its facts are ok. */
export interface StepReport {
  summary: string;
  facts: Fact[];
  evidence: EvidenceReference[];
}

export const passed = (report: StepReport): boolean => report.facts.every((fact) => fact.ok);

/** The facts that did not hold, in one line. */
export function failures(report: StepReport): string {
  return report.facts
    .filter((fact) => !fact.ok)
    .map((fact) => fact.text)
    .join('; ');
}
