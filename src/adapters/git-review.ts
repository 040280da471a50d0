/**
 * Review and approval as a git repository has them: trailers `Reviewed-by: Name <e-mail>` and `Approved-by: …` of the
 * merge commit, or of the branch's last commit. They are as trustworthy as those who may write to the repository.
 */
import type { ResolvedPlan } from '../contract/plan.js';
import type { Finding } from '../domain/review.js';
import { git, isAncestor } from './git.js';

interface Person {
  name: string;
  email: string;
}

/** What was found, and what it was found from. */
export interface GitReview {
  reviewed: Finding;
  approved: Finding;
  read: { merge?: string; head: string; authors: Person[]; reviewers: Person[]; approvers: Person[] };
}

/** @param commits the branch's last commit, and the one that is deployed */
export async function readGitReview(
  release: ResolvedPlan['release'],
  { head, target }: { head: string; target: string },
): Promise<GitReview> {
  const { repository } = release;
  const merge = await findMerge(repository, { head, target });
  const authors = await authorsOf(repository, `${merge?.into ?? release.previous}..${head}`);
  const isAuthor = ({ name, email }: Person) =>
    authors.some((author) => (email !== '' && fold(author.email) === fold(email)) || fold(author.name) === fold(name));
  const sources = merge ? [merge.commit, head] : [head];
  const named = async (key: string) =>
    distinct((await Promise.all(sources.map((at) => trailers(repository, at, key)))).flat());
  const [reviewers, approvers] = await Promise.all([named('Reviewed-by'), named('Approved-by')]);
  const merged = merge !== undefined || (await isAncestor(repository, { ancestor: head, of: target }));
  const judge = (people: Person[], word: string): Finding => {
    const others = people.filter((person) => !isAuthor(person));
    const of = `${release.branch} (${head.slice(0, 12)})`;
    if (others.length > 0) return { ok: true, text: `${of} was ${word} by ${list(others)}` };
    if (people.length > 0) return { ok: false, text: `${of} was ${word} only by who wrote it (${list(people)})` };
    const where = merge ? `merge commit ${merge.commit.slice(0, 12)}` : 'last commit';
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

/** The merge commit of the branch, and the commit it was merged into; none when the branch was simply followed. */
async function findMerge(
  repository: string,
  { head, target }: { head: string; target: string },
): Promise<{ commit: string; into: string } | undefined> {
  const lines = await ask(repository, ['rev-list', '--merges', '--parents', target, `^${head}`]);
  for (const line of lines) {
    const [commit, into, ...others] = line.split(' ');
    if (commit && into && others.includes(head)) return { commit, into };
  }
  return undefined;
}

/** Who wrote the commits, and who is named in them as having written with them. */
async function authorsOf(repository: string, range: string): Promise<Person[]> {
  const format = '--format=%an <%ae>%n%(trailers:key=Co-authored-by,valueonly,unfold)';
  return distinct((await ask(repository, ['log', format, range])).map(readPerson));
}

async function trailers(repository: string, commit: string, key: string): Promise<Person[]> {
  const format = `--format=%(trailers:key=${key},valueonly,unfold)`;
  return (await ask(repository, ['log', '-1', format, commit])).map(readPerson);
}

/** git could not tell. The message is for people. */
export class GitFailed extends Error {
  override name = 'GitFailed';
}

/** @throws GitFailed */
async function ask(repository: string, words: string[]): Promise<string[]> {
  const run = await git(repository, words);
  if (run.failed) throw new GitFailed(`git ${words[0]} failed in ${repository}: ${run.stderr.slice(-300) || run.code}`);
  return run.stdout.split('\n').filter(Boolean);
}

function readPerson(written: string): Person {
  const [, name, email] = /^(.*?)\s*<([^<>]*)>\s*$/.exec(written) ?? [];
  return name === undefined || email === undefined ? { name: written.trim(), email: '' } : { name, email };
}

const fold = (text: string): string => text.trim().toLowerCase();
const list = (people: Person[]): string => people.map(({ name, email }) => name || email).join(', ');

function distinct(people: Person[]): Person[] {
  return [...new Map(people.map((person) => [`${fold(person.name)} ${fold(person.email)}`, person])).values()];
}
