/** Questions to a local git repository. Nothing is fetched or changed, and what its copy cannot show is unknown. */
import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { isNameOf } from '../../domain/commit.js';
import { type CommandAnswer, endText, lastSaid, runShort, type ShortCommand } from '../commands/short-command.js';
import { ReadFailure } from './read-failure.js';

export interface Repository {
  folder: string;
  /** Longest time for one question, milliseconds. */
  limit?: number;
  signal?: AbortSignal;
}

/** git could not tell. The message is for people. */
export class GitFailed extends ReadFailure {
  override name = 'GitFailed';
}

/** What a name stands for; that there is none; or why that is not known. */
export type Resolved = { commit: string; from?: 'remote' } | { none: string } | { unknown: string };

/** Why a name stands for no commit, as far as is known. */
export const whyNoCommit = (found: Exclude<Resolved, { commit: string }>): string =>
  'none' in found ? found.none : found.unknown;

const LIMIT = 30_000;
const LARGEST_ANSWER = 32 * 1024 * 1024;
const FULL_NAME = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** Where a name is looked for, as people say it. */
const PLACES = {
  tag: (name: string) => `refs/tags/${name}`,
  branch: (name: string) => `refs/heads/${name}`,
  "origin's branch": (name: string) => `refs/remotes/origin/${name}`,
};

/**
 * The commit that a branch, tag or commit name stands for; branches also as they were last fetched. A name that stands
 * for several commits is unknown: which of them is meant, git would only guess.
 */
export async function resolveCommit(repository: Repository, name: string): Promise<Resolved> {
  const places = Object.entries(PLACES);
  const found = await Promise.all(places.map(([, ref]) => commitOf(repository, ref(name))));
  const known = places.flatMap(([place], index) => (found[index] ? [{ place, commit: found[index] }] : []));
  const [first, ...others] = known;
  if (first === undefined) {
    const commit = await commitOf(repository, name);
    return commit === undefined ? await absent(repository, name) : { commit };
  }
  if (others.every(({ commit }) => commit === first.commit)) {
    return { commit: first.commit, ...(first.place === "origin's branch" && { from: 'remote' as const }) };
  }
  const each = known.map(({ place, commit }) => `the ${place} is ${commit.slice(0, 12)}`).join(', ');
  return {
    unknown: `${name} stands for several commits in ${repository.folder} (${each}): name the one that is meant`,
  };
}

/** Whether a name that stands for a commit may stand for another one tomorrow. @throws GitFailed */
export async function isBranch(repository: Repository, name: string, commit: string): Promise<boolean> {
  const isThere = async (ref: string) => (await commitOf(repository, ref)) !== undefined;
  if ((await isThere(PLACES.branch(name))) || (await isThere(PLACES["origin's branch"](name)))) return true;
  // `HEAD` and `origin/main` move, too.
  return !isNameOf(name, commit) && !(await isThere(PLACES.tag(name)));
}

async function commitOf(repository: Repository, name: string): Promise<string | undefined> {
  const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  const run = await git(repository, words);
  if (run.ok) return run.stdout.trim();
  if (run.end.kind === 'exited' && (run.end.code === 1 || /Needed a single revision/.test(run.stderr)))
    return undefined;
  throw failed(repository, words, run);
}

/** A copy does not know what came about after it was made, nor what it left out. */
async function absent(repository: Repository, name: string): Promise<Resolved> {
  const text = `${name} is not in ${repository.folder}`;
  const lack = FULL_NAME.test(name) ? await incomplete(repository) : undefined;
  if (lack !== undefined) return { unknown: `${text}, ${lack}` };
  const fetched = await lastFetch(repository);
  return fetched === undefined ? { none: text } : { unknown: `${text} ${fetched}` };
}

/** Whether everything in one commit is also in the other. @throws GitFailed when git cannot tell */
export async function isAncestor(repository: Repository, commits: { ancestor: string; of: string }): Promise<boolean> {
  const words = ['merge-base', '--is-ancestor', commits.ancestor, commits.of];
  const run = await git(repository, words);
  if (run.end.kind === 'exited' && run.end.code <= 1) return run.end.code === 0;
  throw failed(repository, words, run);
}

/** Where two commits part; undefined when they have nothing in common. @throws GitFailed */
export async function mergeBase(repository: Repository, one: string, other: string): Promise<string | undefined> {
  const words = ['merge-base', one, other];
  const run = await git(repository, words);
  if (run.ok) return run.stdout.trim();
  if (run.end.kind === 'exited' && run.end.code === 1) return undefined;
  throw failed(repository, words, run);
}

/** Why a repository does not hold all history; undefined when it does. @throws GitFailed */
export async function shallow(repository: Repository): Promise<string | undefined> {
  const [said] = await ask(repository, ['rev-parse', '--is-shallow-repository']);
  return said === 'false' ? undefined : 'which is a shallow clone: what came before is not known';
}

/** Why a repository does not hold all history or all contents; undefined when it does. @throws GitFailed */
export async function incomplete(repository: Repository): Promise<string | undefined> {
  const lack = await shallow(repository);
  if (lack !== undefined) return lack;
  const words = ['config', '--get-regexp', '^(remote\\..*\\.promisor|extensions\\.partialclone)$'];
  const run = await git(repository, words);
  if (run.ok) return 'which is a partial clone: what it left out is not known';
  if (run.end.kind === 'exited' && run.end.code === 1) return undefined;
  throw failed(repository, words, run);
}

/** As of when the repository knows its origin: `as it was last fetched, 2026-01-31 12:00 UTC`; undefined without one. */
export async function lastFetch(repository: Repository): Promise<string | undefined> {
  if ((await ask(repository, ['remote'])).length === 0) return undefined;
  const [folder, common] = await ask(repository, ['rev-parse', '--absolute-git-dir', '--git-common-dir']);
  const files = [folder, common].flatMap((at) =>
    at === undefined ? [] : [resolve(repository.folder, at, 'FETCH_HEAD')],
  );
  const times = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  const at = Math.max(...times);
  // A clone that was never fetched into is as old as it is.
  if (at === 0) return 'as it was cloned, and never fetched since';
  return `as it was last fetched, ${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** The files of a list that a commit does not hold, and those of which that is not known, with the reason. */
export async function missingFiles(
  repository: Repository,
  commit: string,
  files: readonly string[],
): Promise<{ missing: string[]; unknown: string[] }> {
  const found = await Promise.all(files.map((file) => findFile(repository, commit, file)));
  const missing = files.filter((_, index) => found[index] === 'missing');
  return { missing, unknown: found.filter((one) => one !== 'there' && one !== 'missing') };
}

async function findFile(repository: Repository, commit: string, file: string): Promise<string> {
  const parts = file.split('/').filter((part) => part !== '' && part !== '.');
  // The tree itself is asked, not the content, which a partial clone may not have.
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const path = parts.slice(0, depth).join('/');
    const [entry] = await ask(repository, ['ls-tree', '--full-tree', commit, '--', path]);
    if (entry === undefined) return 'missing';
    if (entry.startsWith('160000 ') && depth < parts.length)
      return `${file} is in the submodule ${path}, which is not looked into`;
  }
  return 'there';
}

/** The files of a commit with a line that matches. @throws GitFailed */
export async function filesWith(repository: Repository, commit: string, pattern: string): Promise<string[]> {
  const words = ['grep', '--name-only', '--extended-regexp', '-e', pattern, commit];
  const run = await git(repository, words);
  // No such line is an answer, too.
  if (run.end.kind === 'exited' && run.end.code === 1) return [];
  return lines(whole(repository, words, run)).map((line) => line.slice(commit.length + 1));
}

/** The text of a file of a commit. @throws GitFailed */
export async function contentAt(repository: Repository, commit: string, file: string): Promise<string> {
  const words = ['cat-file', 'blob', `${commit}:${file}`];
  return whole(repository, words, await git(repository, words));
}

/** Whether the folder is a git repository that can be read. @returns why not, when it isn't */
export async function unreadable(repository: Repository): Promise<string | undefined> {
  const run = await git(repository, ['rev-parse', '--git-dir']);
  if (run.ok) return undefined;
  const why = lastSaid(run) || endText(run.end, repository.limit ?? LIMIT);
  if (/dubious ownership|unsafe repository/.test(run.stderr)) {
    return `${repository.folder} belongs to another user than the worker's, and this git is too old to be told that it may read it (2.38 is needed)`;
  }
  const own = /not a git repository/.test(run.stderr)
    ? ', nor is it read as a part of the one that it lies in: name that one, or check its submodule out'
    : '';
  return `${repository.folder} is no readable git repository (${why})${own}`;
}

/** The lines of an answer. @param bytes what it reads, a character a byte. @throws GitFailed */
export async function ask(repository: Repository, words: string[], bytes?: string): Promise<string[]> {
  return lines(whole(repository, words, await git(repository, words, { input: bytes, inputEncoding: 'latin1' })));
}

const lines = (text: string): string[] => text.split('\n').filter(Boolean);

/** An answer as it is, a character a byte. @throws GitFailed */
export async function askBytes(repository: Repository, words: string[]): Promise<string> {
  return whole(repository, words, await git(repository, words, { outputEncoding: 'latin1' }));
}

function whole(repository: Repository, words: string[], run: CommandAnswer): string {
  if (!run.ok) throw failed(repository, words, run);
  if (run.cut.stdout > 0) throw new GitFailed(`git ${words[0]} says more about ${repository.folder} than is read`);
  return run.stdout;
}

function failed(repository: Repository, words: string[], run: CommandAnswer): GitFailed {
  const said = lastSaid(run);
  const how = endText(run.end, repository.limit ?? LIMIT) ?? 'failed';
  return new GitFailed(`git ${words[0]} ${how} in ${repository.folder}${said && `: ${said}`}`);
}

/** What a repository's own settings must not do: fetch, run programs, sign. That its owner is another is the plan's consent. */
const SETTINGS = [
  'safe.directory=*',
  'protocol.allow=never',
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'log.showSignature=false',
  'core.quotePath=false',
].flatMap((setting) => ['-c', setting]);

/** Never fails by itself. */
async function git(repository: Repository, words: string[], more: Partial<ShortCommand> = {}): Promise<CommandAnswer> {
  const { folder, limit = LIMIT, signal } = repository;
  const answer = await runShort({
    argv: ['git', ...SETTINGS, '-C', folder, ...words],
    environment: await environmentFor(folder),
    limit,
    largest: LARGEST_ANSWER,
    signal,
    ...more,
  });
  signal?.throwIfAborted();
  return answer;
}

/** Only these: `GIT_DIR` and its kin would have another repository answer, and a user's settings change the answers. */
async function environmentFor(folder: string): Promise<NodeJS.ProcessEnv> {
  const place = await realpath(folder).catch(() => resolve(folder));
  return {
    PATH: process.env.PATH,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    // Stronger than `protocol.….allow` of the repository itself, and known to a git that would still fetch by itself.
    GIT_ALLOW_PROTOCOL: '',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_LITERAL_PATHSPECS: '1',
    // A folder inside another repository, as a submodule that was not checked out, is not that repository.
    GIT_CEILING_DIRECTORIES: dirname(place),
  };
}
