/** What of a release a plan may leave open, so that it serves many: it is said, or found out, for each deployment. */
import type { Release, ResolvedPlan } from './plan.js';

export const RELEASE_VALUES = ['branch', 'target', 'previous', 'revision'] as const;
export type ReleaseValue = (typeof RELEASE_VALUES)[number];

/** Those that are known. */
export type ReleaseValues = Partial<Record<ReleaseValue, string>>;

/** What stands for an open value in a plan of which nothing is executed. Nobody can write a version so. */
export const OPEN: Record<ReleaseValue, string> = {
  branch: '<branch>',
  target: '<target>',
  previous: '<previous>',
  revision: '<revision>',
};

type OfRelease = Pick<ResolvedPlan, 'release' | 'migration'>;

/** As they stand in a resolved plan, placeholders too; a branch and a revision only where there are such. */
export const releaseValues = ({
  release,
  migration,
}: OfRelease): Pick<Release, 'target' | 'previous'> & ReleaseValues => ({
  branch: release.branch,
  target: release.target,
  previous: release.previous,
  revision: migration?.revision,
});

/** Those that are not known yet: no deployment starts before there is none. */
export function openValues(plan: OfRelease): ReleaseValue[] {
  const values = releaseValues(plan);
  return RELEASE_VALUES.filter((value) => values[value] === OPEN[value]);
}

/** What is deployed, in a few words: `v5.0.0 → v5.1.0, revision 5403edb1d087`. */
export function releaseText(plan: OfRelease): string {
  const { target, previous, revision } = releaseValues(plan);
  return revision === undefined ? `${previous} → ${target}` : `${previous} → ${target}, revision ${revision}`;
}
