/** How long what a deployment leaves behind is kept, in words for people. */
import { fileOf } from './parts.js';
import type { ResolvedPlan } from './plan.js';

const DAY = 24 * 3_600_000;

export const evidenceKept = ({ evidenceRetention: kept }: Pick<ResolvedPlan, 'evidenceRetention'>): string =>
  kept === undefined ? 'evidence for good' : `evidence for ${kept / DAY} days after the end`;

/** What the store sees to: see docs/backups.md. Whoever keeps a backup that is no file of ours deletes it. */
export function dumpsKept(plan: Pick<ResolvedPlan, 'backup'>): string | undefined {
  const kept = fileOf(plan);
  return kept && `dumps for ${kept.retention / DAY} days`;
}
