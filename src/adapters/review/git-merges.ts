/**
 * Whether and how a branch came into what is deployed: as it is, squashed into one commit, or rebased. The last two
 * leave no trace in the history but their changes: the same patch is found there again (`git patch-id`).
 */
import { ask, askBytes, incomplete, isAncestor, mergeBase, type Repository } from './git.js';

/** `commit` is what it became in the target; its own commits are those after `base`. */
export type Merge =
  | { how: 'as it is' }
  | { how: 'squashed' | 'rebased'; commit: string; base: string }
  | { how: 'not' }
  | { how: 'unknown'; why: string };

/** @throws GitFailed */
export async function howMerged(
  repository: Repository,
  { head, target }: { head: string; target: string },
): Promise<Merge> {
  if (await isAncestor(repository, { ancestor: head, of: target })) return { how: 'as it is' };
  const lack = await incomplete(repository);
  if (lack !== undefined) return { how: 'unknown', why: `no merge is seen in ${repository.folder}, ${lack}` };
  const base = await mergeBase(repository, head, target);
  if (base === undefined) return { how: 'not' };
  const range = { base, target };
  if (await everyCommitIsIn(repository, { head, ...range })) {
    const commit = await sameChange(repository, { from: `${head}^`, to: head }, range);
    if (commit !== undefined) return { how: 'rebased', commit, base };
  }
  const commit = await sameChange(repository, { from: base, to: head }, range);
  return commit === undefined ? { how: 'not' } : { how: 'squashed', commit, base };
}

/**
 * The last commit of a branch that has been deleted since: a merge commit names the branch that it merged, as git and
 * GitHub write it. Undefined when none does.
 */
export async function headOfDeleted(
  repository: Repository,
  { branch, target }: { branch: string; target: string },
): Promise<{ head: string; merge: string } | undefined> {
  const words = ['log', '--merges', '--fixed-strings', `--grep=${branch}`, '--max-count=100', '--format=%H %P%x09%s'];
  for (const line of await ask(repository, [...words, '--end-of-options', target])) {
    const [commits = '', subject = ''] = line.split('\t', 2);
    const [merge, , head] = commits.split(' ');
    if (merge && head && mergedBranch(subject) === branch) return { head, merge };
  }
  return undefined;
}

/** `Merge branch 'x'`, `Merge branch 'x' into main`, `Merge pull request #7 from owner/x`. */
const mergedBranch = (subject: string): string | undefined =>
  /^Merge (?:remote-tracking )?branch '(?:origin\/)?([^']+)'/.exec(subject)?.[1] ??
  /^Merge pull request #\d+ from [^/\s]+\/(\S+)$/.exec(subject)?.[1];

/** Merges on a branch may hold changes of their own, which no patch of its commits shows. */
async function everyCommitIsIn(
  repository: Repository,
  { head, base, target }: { head: string; base: string; target: string },
): Promise<boolean> {
  const merges = await ask(repository, ['rev-list', '--merges', '--max-count=1', `${base}..${head}`]);
  if (merges.length > 0) return false;
  const commits = await ask(repository, ['cherry', target, head]);
  return commits.length > 0 && commits.every((line) => line.startsWith('- '));
}

const PATCH = ['-p', '--full-index', '--no-renames', '--no-ext-diff', '--no-textconv', '--no-color'];

/** The commit of the target that makes the same change. */
async function sameChange(
  repository: Repository,
  change: { from: string; to: string },
  { base, target }: { base: string; target: string },
): Promise<string | undefined> {
  const words = ['diff-tree', '-r', '--end-of-options', change.from, change.to];
  const [file] = await ask(repository, insert(words, '--name-only', '--no-renames'));
  if (file === undefined) return undefined;
  const [own] = await patchIds(repository, await askBytes(repository, insert(words, ...PATCH)));
  // Whatever makes the whole change touches its first file as well: the rest need not be read.
  const candidates = [
    'log',
    '--no-merges',
    '--full-diff',
    ...PATCH,
    '--end-of-options',
    `${base}..${target}`,
    '--',
    file,
  ];
  const others = await patchIds(repository, await askBytes(repository, candidates));
  return others.find(({ patch }) => patch === own?.patch)?.commit;
}

/** Options after the command's own name. */
const insert = ([command = '', ...rest]: string[], ...options: string[]): string[] => [command, ...options, ...rest];

async function patchIds(repository: Repository, patches: string): Promise<{ patch: string; commit: string }[]> {
  const lines = await ask(repository, ['patch-id', '--stable'], patches);
  return lines.map((line) => {
    const [patch = '', commit = ''] = line.split(' ');
    return { patch, commit };
  });
}
