/** Whose evidence may go: what is older than the plan keeps it, and that nothing rests on any more. Unknown stays. Pure. */
/** All that is kept of one deployment. */
export interface KeptEvidence {
  deployment: string;
  bytes: number;
  /** When anything of it was last written, epoch milliseconds. */
  writtenAt: number;
  /** What its archive says; missing where it has none. */
  end?: ArchivedEnd;
  /** What could not be seen of it, and why. */
  unknown?: string;
}

export interface ArchivedEnd {
  /** By the clock of the worker that archived it, epoch milliseconds. */
  at: number;
  /** It has brought production to a good end. */
  succeeded: boolean;
  /** How long its own plan keeps its evidence, milliseconds; missing: that does not say. */
  retention?: number;
}

export interface EvidenceRules {
  /** How long the plan keeps evidence, milliseconds; missing: for good. */
  retention: number | undefined;
  /** Epoch milliseconds. */
  now: number;
  /** Deployments of which something goes on, or of whose production nobody has taken care since they were cut off. */
  open: ReadonlySet<string>;
}

export interface EvidenceJudgement {
  deployment: string;
  bytes: number;
  isRemovable: boolean;
  /** In words. */
  why: string;
}

/** @param all that a service has */
export function judgeEvidence(all: readonly KeptEvidence[], rules: EvidenceRules): EvidenceJudgement[] {
  const fromFuture = all.find((each) => lastSign(each) > rules.now);
  const inDoubt = fromFuture && `the clock is in doubt: ${fromFuture.deployment} is of ${dayOf(lastSign(fromFuture))}`;
  return all.map((each) => {
    const why = inDoubt ?? whyKept(each, all, rules);
    const { deployment, bytes } = each;
    return { deployment, bytes, isRemovable: why === undefined, why: why ?? `ended ${dayOf(lastSign(each))}` };
  });
}

function whyKept(each: KeptEvidence, all: readonly KeptEvidence[], rules: EvidenceRules): string | undefined {
  const { deployment, end, unknown } = each;
  if (unknown !== undefined) return `not known: ${unknown}`;
  if (rules.open.has(deployment)) return 'it goes on, or its way back, or nobody has taken production over from it';
  if (end === undefined) return 'it has no archive: it goes on, or was ended from outside';
  if (rules.retention === undefined) return 'it is kept for good: the plan has no `evidenceRetention`';
  const retention = Math.max(rules.retention, end.retention ?? 0);
  const until = lastSign(each) + retention;
  if (rules.now <= until) return `it is kept until ${dayOf(until)}`;
  const isFollowed = all.some((other) => other.unknown === undefined && other.end?.succeeded && other.end.at > end.at);
  return isFollowed ? undefined : 'no later deployment has succeeded: production, and the way back, rest on it';
}

const lastSign = ({ writtenAt, end }: KeptEvidence): number => Math.max(writtenAt, end?.at ?? writtenAt);

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
