/** Commits by the names that git gives them, in full or cut off, and what is told of the one that runs. */
import { type Fact, unknownFact } from './evidence.js';
import { tally } from './watch/instances.js';

/** Git cuts no name off shorter; less than that says nothing. */
const NAME = /^[0-9a-f]{7,64}$/i;

export const isCommitName = (text: string): boolean => NAME.test(text);

/** Whether a name, which may be cut off, is the one of this commit. */
export const isNameOf = (name: string, commit: string): boolean =>
  isCommitName(name) && commit.startsWith(name.toLowerCase());

/**
 * Whether a name is surely that of a branch, which is another commit tomorrow. Undefined where it may be a version: what
 * such a name is, only the repository knows.
 */
export const isBranchByName = (name: string): true | undefined =>
  !isCommitName(name) && !/\d/.test(name) ? true : undefined;

/** What one answer tells of the commit that runs. */
export type ToldCommit = { value: string } | { unknown: string };

/**
 * Fact `commit`: all that was told is the commit that is to run.
 * @param expected empty where the repository did not tell it
 */
export function commitFact(told: readonly ToldCommit[], expected: string): Fact {
  const name = 'commit';
  if (expected === '') return unknownFact(name, 'which commit is to run is not known: the repository did not tell');
  const texts = told.map((one) => ('value' in one ? `commit ${shown(one.value)}` : one.unknown));
  const names = told.flatMap((one) => ('value' in one && isCommitName(one.value) ? [one.value] : []));
  const text = `${tally(texts)} instead of ${short(expected)}`;
  if (names.some((one) => !isNameOf(one, expected))) return { name, ok: false, text };
  if (names.length === told.length && told.length > 0) return { name, ok: true, text: `commit ${short(expected)}` };
  return unknownFact(name, `whether commit ${short(expected)} runs is not known: ${tally(texts)}`);
}

/** The commit that all answers tell, as they tell it; undefined where they do not agree, or tell none. */
export function commitIn(told: readonly ToldCommit[]): string | undefined {
  const [one, ...others] = new Set(told.map((each) => ('value' in each ? each.value : undefined)));
  return others.length === 0 && one !== undefined && isCommitName(one) ? one.toLowerCase() : undefined;
}

const short = (commit: string): string => commit.slice(0, 12);

const shown = (value: string): string =>
  isCommitName(value) ? short(value) : `${JSON.stringify(value.slice(0, 40))}, which is no name of a commit`;
