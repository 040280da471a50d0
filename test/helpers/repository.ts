/** A real git repository in a folder of its own, for as long as a test runs. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { temporaryFolder } from '../activities/support.js';

export interface TestRepository {
  folder: string;
  git(...words: string[]): Promise<string>;
  /** Writes a file and commits it. @returns the commit */
  commit(file: string, content: string, message?: string): Promise<string>;
}

const SETTINGS = [
  'user.name=Ana',
  'user.email=ana@example.com',
  'commit.gpgsign=false',
  'protocol.file.allow=always',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting]);

/** Commands in a folder that is a repository, or is about to be. */
export function repositoryIn(folder: string): TestRepository {
  const git = async (...words: string[]) => (await execa('git', [...SETTINGS, '-C', folder, ...words])).stdout;
  return {
    folder,
    git,
    async commit(file, content, message = file) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), content);
      await git('add', '--', file);
      await git('commit', '--quiet', '--message', message);
      return git('rev-parse', 'HEAD');
    },
  };
}

/** `main` with one commit, tagged v1. */
export async function newRepository(): Promise<TestRepository> {
  const made = repositoryIn(temporaryFolder());
  await made.git('init', '--quiet', '--initial-branch', 'main');
  await made.commit('README', 'first\n');
  await made.git('tag', 'v1');
  return made;
}

/** The same with a branch `work` of two commits, which nobody has merged; `main` has gone on meanwhile. */
export async function withBranch(): Promise<TestRepository & { head: string }> {
  const made = await newRepository();
  await made.git('checkout', '--quiet', '-b', 'work');
  await made.commit('app/one.py', 'one\n');
  const head = await made.commit('app/two.py', 'two\n');
  await made.git('checkout', '--quiet', 'main');
  await made.commit('other.py', 'other\n');
  return { ...made, head };
}

/** The same, squashed into `main`: the squash says who reviewed and approved it. */
export async function approvedBranch(): ReturnType<typeof withBranch> {
  const made = await withBranch();
  const message = 'Work (#7)\n\nReviewed-by: Bruno <b@example.com>\nApproved-by: Carla <c@example.com>';
  await made.git('merge', '--quiet', '--squash', 'work');
  await made.git('commit', '--quiet', '--message', message);
  return made;
}

/** A clone, with git's own options. */
export async function cloneOf({ folder }: { folder: string }, ...options: string[]): Promise<TestRepository> {
  const copy = join(temporaryFolder(), 'clone');
  await execa('git', [...SETTINGS, 'clone', '--quiet', ...options, `file://${folder}`, copy]);
  return repositoryIn(copy);
}
