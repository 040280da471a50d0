/**
 * Review and approval as a git repository has them: trailers `Reviewed-by: Name <e-mail>` and `Approved-by: …` of the
 * merge commit, or of the branch's last commit. They are as trustworthy as those who may write to the repository.
 */
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { ReviewFinding } from '../../domain/review.js';
import { ask, GitFailed, type Repository, resolveCommit, shallow, whyNoCommit } from './git.js';
import { headOfDeleted, howMerged } from './git-merges.js';
import type { BranchReview, ReviewedBranch, ReviewSource } from './review-source.js';

export const gitReviews: ReviewSource<'git'> = {
  open: async (_, { repository }) => ({
    reviewOf: async ({ release, branch, deployed }) => {
      const head = await lastCommit(repository, { release, branch, deployed });
      return readGitReview(repository, release, { head, target: deployed });
    },
  }),
};

/** Of the branch, also of one that was deleted since. */
async function lastCommit(repository: Repository, { release, branch, deployed }: ReviewedBranch): Promise<string> {
  if ('commit' in branch) return branch.commit;
  const deleted = await headOfDeleted(repository, { branch: release.branch, target: deployed });
  if (deleted === undefined) throw new GitFailed(whyNoCommit(branch));
  return deleted.head;
}

interface Person {
  name: string;
  email: string;
}

interface GitReview extends BranchReview {
  read: { merge?: string; head: string; authors: Person[]; reviewers: Person[]; approvers: Person[] };
}

/** @param commits the branch's last commit, and the one that is deployed. @throws GitFailed */
export async function readGitReview(
  repository: Repository,
  release: ResolvedPlan['release'],
  { head, target }: { head: string; target: string },
): Promise<GitReview> {
  const lack = await shallow(repository);
  if (lack !== undefined)
    throw new GitFailed(`who wrote ${release.branch} is not seen in ${repository.folder}, ${lack}`);
  const { merged, merge } = await findMerge(repository, { head, target });
  const before = merge?.into ?? (await previousCommit(repository, release.previous));
  const authors = await authorsOf(repository, `${before}..${head}`);
  const isAuthor = ({ name, email }: Person) =>
    authors.some((author) => (email !== '' && fold(author.email) === fold(email)) || fold(author.name) === fold(name));
  const sources = merge ? [merge.commit, head] : [head];
  const named = async (key: string) =>
    distinct((await Promise.all(sources.map((at) => trailers(repository, at, key)))).flat());
  const [reviewers, approvers] = await Promise.all([named('Reviewed-by'), named('Approved-by')]);
  const judge = (people: Person[], word: string): ReviewFinding => {
    const others = people.filter((person) => !isAuthor(person));
    const of = `${release.branch} (${head.slice(0, 12)})`;
    if (others.length > 0) return { ok: true, text: `${of} was ${word} by ${list(others)}` };
    if (people.length > 0) return { ok: false, text: `${of} was ${word} only by who wrote it (${list(people)})` };
    const where = merge ? `commit ${merge.commit.slice(0, 12)} in ${release.target}` : 'last commit';
    return { ok: false, text: `nobody has ${word} ${of}: its ${where} names none` };
  };
  const approval = judge(approvers, 'approved');
  const approved = merged ? approval : { ok: false, text: `${release.branch} is not merged into ${release.target}` };
  return {
    reviewed: judge(reviewers, 'reviewed'),
    approved,
    read: { merge: merge?.commit, head, authors, reviewers, approvers },
  };
}

interface Found {
  merged: boolean;
  /** What the branch became in the target, and from where on its commits are its own; none when it was simply followed. */
  merge?: { commit: string; into: string };
}

async function findMerge(repository: Repository, { head, target }: { head: string; target: string }): Promise<Found> {
  const lines = await ask(repository, ['rev-list', '--merges', '--parents', target, `^${head}`]);
  for (const line of lines) {
    const [commit, into, ...others] = line.split(' ');
    if (commit && into && others.includes(head)) return { merged: true, merge: { commit, into } };
  }
  const merge = await howMerged(repository, { head, target });
  if (merge.how === 'unknown') throw new GitFailed(merge.why);
  if (merge.how === 'not' || merge.how === 'as it is') return { merged: merge.how !== 'not' };
  return { merged: true, merge: { commit: merge.commit, into: merge.base } };
}

async function previousCommit(repository: Repository, name: string): Promise<string> {
  const previous = await resolveCommit(repository, name);
  if ('commit' in previous) return previous.commit;
  throw new GitFailed(whyNoCommit(previous));
}

/** Who wrote the commits, and who is named in them as having written with them. */
async function authorsOf(repository: Repository, range: string): Promise<Person[]> {
  const format = '--format=%an <%ae>%n%(trailers:key=Co-authored-by,valueonly,unfold)';
  return distinct((await ask(repository, ['log', format, '--end-of-options', range])).map(readPerson));
}

async function trailers(repository: Repository, commit: string, key: string): Promise<Person[]> {
  const format = `--format=%(trailers:key=${key},valueonly,unfold)`;
  return (await ask(repository, ['log', '-1', format, '--end-of-options', commit])).map(readPerson);
}

function readPerson(written: string): Person {
  const text = written.trim();
  const open = text.lastIndexOf('<');
  if (open < 0 || !text.endsWith('>')) return { name: text, email: '' };
  return { name: text.slice(0, open).trim(), email: text.slice(open + 1, -1) };
}

const fold = (text: string): string => text.trim().toLowerCase();
const list = (people: Person[]): string => people.map(({ name, email }) => name || email).join(', ');

function distinct(people: Person[]): Person[] {
  return [...new Map(people.map((person) => [`${fold(person.name)} ${fold(person.email)}`, person])).values()];
}
