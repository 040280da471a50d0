/** Questions to a local git repository. Nothing is fetched or changed. */
import { execa } from 'execa';

/** The commit that a branch, tag or commit name stands for; branches also as they were last fetched. */
export async function resolveCommit(repository: string, name: string): Promise<string | undefined> {
  for (const candidate of [name, `refs/remotes/origin/${name}`]) {
    const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${candidate}^{commit}`];
    const { failed, stdout } = await git(repository, words);
    if (!failed) return stdout.trim();
  }
  return undefined;
}

/** Whether everything in one commit is also in the other. @throws when git cannot tell */
export async function isAncestor(repository: string, commits: { ancestor: string; of: string }): Promise<boolean> {
  const run = await git(repository, ['merge-base', '--is-ancestor', commits.ancestor, commits.of]);
  if (run.exitCode === 0 || run.exitCode === 1) return run.exitCode === 0;
  throw new Error(`git cannot compare commits in ${repository}: ${run.stderr.slice(-300) || run.code}`);
}

/** The files of a list that a commit does not hold. */
export async function missingFiles(repository: string, commit: string, files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(files.map((file) => git(repository, ['cat-file', '-e', `${commit}:${file}`])));
  return files.filter((_, index) => found[index]?.failed);
}

/** Whether the folder is a git repository that can be read. @returns why not, when it isn't */
export async function unreadable(repository: string): Promise<string | undefined> {
  const { failed, stderr, code } = await git(repository, ['rev-parse', '--git-dir']);
  return failed ? `${repository} is no readable git repository (${stderr.trim().slice(-200) || code})` : undefined;
}

/** Runs git, never failing by itself. The repository may belong to another user than the worker's: naming it is the plan's consent. */
export const git = (repository: string, words: string[]) =>
  execa('git', ['-c', `safe.directory=${repository}`, '-C', repository, ...words], {
    reject: false,
    timeout: 30_000,
    stdin: 'ignore',
    env: { LC_ALL: 'C', GIT_TERMINAL_PROMPT: '0' },
  });
