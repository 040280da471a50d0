/** What holds a deployment to the commit that its release stood for when it began: a branch is another one tomorrow. */
import { isBranchByName } from '../../domain/commit.js';
import type { Command } from './commands.js';
import type { Environment } from './environment.js';
import type { ResolvedPlan } from './plan.js';
import { OPEN } from './release-values.js';

/** Stands for the commit in commands. */
const COMMIT = '{commit}';

const takesCommit = ({ run }: Command): boolean => run.some((word) => word.includes(COMMIT));

type Deployed = Pick<ResolvedPlan, 'commands' | 'environments' | 'release' | 'acknowledged'>;

/** The deploy command is told the commit, or production tells it. */
const isHeldToCommit = ({ commands, environments }: Deployed): boolean =>
  takesCommit(commands.deploy) || environments.production.health?.commit !== undefined;

/** Whether only the commit that was signed off can pass; undefined where it may be a fixed name, or none is said yet. */
export function isCommitProven(plan: Deployed): boolean | undefined {
  if (isHeldToCommit(plan)) return true;
  const { target } = plan.release;
  return target !== OPEN.target && isBranchByName(target) ? false : undefined;
}

/** The key of `acknowledge` by which people do without. */
export const UNPROVEN_COMMIT = 'no-proof-of-commit';

/** Whether no branch may be deployed by this plan, as `checkRepository` is told it. */
export const noBranch = (plan: Deployed): { noBranch?: true } =>
  isHeldToCommit(plan) || plan.acknowledged?.[UNPROVEN_COMMIT] !== undefined ? {} : { noBranch: true };

/**
 * What a health check is asked of the commit, where the plan says that it is told.
 * @param commit missing or empty where the repository did not tell it: then it is not known whether it runs
 */
export const expectedCommit = ({ health }: Environment, commit: string | undefined): { commit?: string } =>
  health?.commit ? { commit: commit ?? '' } : {};

/**
 * What is filled in where a command is run with a release.
 * @param commit missing where it is not known: a command that asks for it is not run
 */
export const releaseWords = (command: Command, version: string, commit: string | undefined): Record<string, string> =>
  takesCommit(command) && commit ? { version, commit } : { version };

/** The release that a deployment found in production, and goes back to. */
export interface ReleaseBefore {
  version: string;
  /** Missing where production did not tell it before the deploy. */
  commit?: string;
}

/** The release before, where it is the one that was found. */
export const releaseFound = (version: string, found: Partial<ReleaseBefore> | undefined): ReleaseBefore =>
  found?.version === version && found.commit !== undefined ? { version, commit: found.commit } : { version };

/** What a health check is asked of its commit: the release before need not tell one. */
export const commitBefore = ({ commit }: ReleaseBefore): { commit?: string } =>
  commit === undefined ? {} : { commit };

/** On the way back a name has to do where no commit is known: it is mostly a tag. */
export const wordsBack = (command: Command, { version, commit = version }: ReleaseBefore): Record<string, string> =>
  releaseWords(command, version, commit);
