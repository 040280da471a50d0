/** What a bucket's lifecycle rules mean for one object: when it expires, and whether it is then gone. */
import type { LifecycleRule } from '@aws-sdk/client-s3';

export interface Lifetime {
  /** The fewest days after which a rule deletes the object; undefined: it is kept for ever. */
  days?: number;
  /** A rule deletes it on a fixed date. */
  date?: Date;
  /** The fewest days after which an earlier version of it is deleted. */
  noncurrentDays?: number;
}

export function lifetimeOf(rules: LifecycleRule[], object: { key: string; bytes: number }): Lifetime {
  const effective = rules.filter((rule) => rule.Status === 'Enabled' && covers(rule, object));
  const least = (days: (number | undefined)[]) => {
    const known = days.filter((count) => count !== undefined);
    return known.length > 0 ? Math.min(...known) : undefined;
  };
  return {
    days: least(effective.map((rule) => rule.Expiration?.Days)),
    date: effective.find((rule) => rule.Expiration?.Date)?.Expiration?.Date,
    noncurrentDays: least(effective.map((rule) => rule.NoncurrentVersionExpiration?.NoncurrentDays)),
  };
}

/** A rule for tagged objects never covers ours: they have no tags. */
function covers(rule: LifecycleRule, { key, bytes }: { key: string; bytes: number }): boolean {
  const { Filter: filter } = rule;
  const all = { ...filter, ...filter?.And };
  if (filter?.Tag !== undefined || (filter?.And?.Tags?.length ?? 0) > 0) return false;
  if (!key.startsWith(all.Prefix ?? rule.Prefix ?? '')) return false;
  return bytes > (all.ObjectSizeGreaterThan ?? -1) && bytes < (all.ObjectSizeLessThan ?? Number.POSITIVE_INFINITY);
}

/** How much longer than asked for is still "about": a fifth. */
export const longestLifetime = (days: number): number => Math.floor(days * 1.2);

export interface LifetimeJudgement {
  ok: boolean;
  text: string;
  /** One more rule would mend it; a rule that deletes too early is somebody else's to mend. */
  mendable: boolean;
}

export function judgeLifetime(lifetime: Lifetime, wanted: { days: number; versioned: boolean }): LifetimeJudgement {
  const { days, date, noncurrentDays } = lifetime;
  const bad = (text: string, mendable: boolean) => ({ ok: false, text, mendable });
  const between = `between ${wanted.days} and ${longestLifetime(wanted.days)} days are wanted`;
  if (date !== undefined) return bad(`a lifecycle rule deletes dumps on a fixed date, ${date.toISOString()}`, false);
  if (days !== undefined && days < wanted.days)
    return bad(`a lifecycle rule deletes dumps after only ${days} days; ${between}`, false);
  if (days === undefined) return bad(`no lifecycle rule deletes dumps; ${between}`, true);
  if (days > longestLifetime(wanted.days))
    return bad(`lifecycle rules delete dumps only after ${days} days; ${between}`, true);
  const text = `a lifecycle rule deletes dumps after ${days} days`;
  if (!wanted.versioned) return { ok: true, text, mendable: false };
  if (noncurrentDays === undefined)
    return bad(`${text}, but the bucket keeps versions, and no rule deletes earlier versions`, true);
  if (noncurrentDays > longestLifetime(wanted.days))
    return bad(`${text}, but their earlier versions only after another ${noncurrentDays} days; ${between}`, true);
  return { ok: true, text: `${text}, and their earlier versions ${noncurrentDays} days later`, mendable: false };
}

/** The rules with one of ours added, or in the place of an earlier one of ours; all others as they are. */
export function withRule(rules: LifecycleRule[], wanted: { prefix: string; days: number }): LifecycleRule[] {
  const id = `surefoot-${wanted.prefix}`.slice(0, 255);
  const ours: LifecycleRule = {
    ID: id,
    Status: 'Enabled',
    Filter: { Prefix: wanted.prefix },
    Expiration: { Days: wanted.days },
    NoncurrentVersionExpiration: { NoncurrentDays: 1 },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  };
  return [...rules.filter((rule) => rule.ID !== id), ours];
}
