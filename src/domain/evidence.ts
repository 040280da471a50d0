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
  /** A person vouches for it; on a fact that does not hold, a person has waived it. */
  by?: Attestation;
  /** Worth knowing, and no reason to stop: it does not fail its step. */
  advisory?: boolean;
  /** Nobody could tell: it does not hold, and is not shown to be false either. */
  unknown?: true;
}

/** What could not be established, and why. It stops its step like a failure, and no box fails by it. */
export const unknownFact = (name: string, text: string): Fact => ({ name, ok: false, unknown: true, text });

export interface Attestation {
  who: string;
  role: string;
  why?: string;
}

/** Of a decision only who stands for it, and why. */
export const attestationOf = ({ who, role, why }: Attestation): Attestation => ({ who, role, why });

/** `ana as qa: the reason`. @param did what it is the reason of: `ana as qa chose full: the reason` */
export const whoAndWhy = ({ who, role, why }: Attestation, did?: string): string =>
  `${[who, 'as', role, did].filter(Boolean).join(' ')}${why ? `: ${why}` : ''}`;

/** `by ana as qa: the reason` */
export const byWhom = (attestation: Attestation): string => `by ${whoAndWhy(attestation)}`;

/** What every step comes back with. A step passed when every fact holds, is advisory, or was waived by a person. */
export interface StepReport {
  summary: string;
  facts: Fact[];
  evidence: EvidenceReference[];
}

/** It holds, does not matter, or a person stands for it. */
export const stands = ({ ok, advisory, by }: Fact): boolean => ok || advisory === true || by !== undefined;

export const passed = (report: StepReport): boolean => report.facts.every(stands);

/** It has been seen that one of them does not hold: more than that nobody could tell. */
export const isSeenToFail = ({ facts }: Pick<StepReport, 'facts'>): boolean =>
  facts.some((fact) => !stands(fact) && fact.unknown !== true);

/** The facts that keep a step from passing, in one line. */
export function failures(report: StepReport): string {
  return report.facts
    .filter((fact) => !stands(fact))
    .map((fact) => fact.text)
    .join('; ');
}

/** How little a fact says for its step: the least counts where it was established in several places. */
function rank(fact: Fact): number {
  if (fact.ok) return 3;
  if (stands(fact)) return 2;
  return fact.unknown ? 1 : 0;
}

/** The same facts, established in several places, as one report: each holds where it holds in all of them. */
export function inAllPlaces(places: readonly { where: string; report: StepReport }[]): StepReport {
  const found = places.flatMap(({ where, report }) => report.facts.map((fact) => ({ where, fact })));
  const facts = [...new Set(found.map(({ fact }) => fact.name))].map((name) => {
    const same = found.filter(({ fact }) => fact.name === name);
    const least = Math.min(...same.map(({ fact }) => rank(fact)));
    const deciding = same.filter(({ fact }) => rank(fact) === least);
    const text = deciding.map(({ where, fact }) => `${where}: ${fact.text}`).join('; ');
    return { ...(deciding[0]?.fact as Fact), text };
  });
  return {
    summary: places.map(({ where, report }) => `${where}: ${report.summary}`).join('; '),
    facts,
    evidence: places.flatMap(({ report }) => report.evidence),
  };
}
