/** What the repository says of a release: merged, there, and with the files that the plan names. */
import { type Patience, patientRequests } from '../../adapters/http/patient-request.js';
import {
  isBranch,
  lastFetch,
  missingFiles,
  type Repository,
  type Resolved,
  resolveCommit,
  unreadable,
} from '../../adapters/review/git.js';
import { headOfDeleted, howMerged } from '../../adapters/review/git-merges.js';
import { ReadFailure } from '../../adapters/review/read-failure.js';
import { openReviews } from '../../adapters/review/review-sources.js';
import type { ReleaseInRepository } from '../../contract/plan/parts.js';
import type { Review } from '../../contract/plan/proofs.js';
import { type Fact, unknownFact } from '../../domain/evidence.js';

interface Examination {
  release: ReleaseInRepository;
  /** Where the forge is, which remembers what a squash leaves no trace of in the repository. */
  review?: Review;
  /** The target must not be a branch. */
  noBranch?: true;
  signal: AbortSignal;
  /** Longest time for one question to git, milliseconds. */
  limit?: number;
  patience?: Patience;
}

/** Facts: `merged`, `target`, `previous`, `files`. */
export async function examineRepository(examination: Examination): Promise<{ facts: Fact[]; commit: string }> {
  const { release, signal, limit } = examination;
  const repository: Repository = { folder: release.repository, limit, signal };
  const problem = await unreadable(repository);
  const find = (name: string): Promise<Resolved> =>
    problem === undefined ? whatIs(repository, name) : Promise.resolve({ unknown: problem });
  const [branch, target, previous] = await Promise.all([
    find(release.branch),
    find(release.target),
    find(release.previous),
  ]);
  const commit = 'commit' in target ? target.commit : '';
  const merged = await orUnknown('merged', () => mergedFact({ ...examination, repository, branch, target }));
  const files = await orUnknown('files', () => filesFact(repository, release, commit));
  const [targetFact, previousFact] = await Promise.all([
    orUnknown('target', () => targetFactOf({ ...examination, repository, target })),
    refFact(repository, { fact: 'previous', name: release.previous, found: previous }),
  ]);
  return { facts: [merged, targetFact, previousFact, files], commit };
}

const whatIs = (repository: Repository, name: string): Promise<Resolved> =>
  resolveCommit(repository, name).catch((error: unknown) => ({ unknown: reasonOf(error) }));

const orUnknown = (name: string, examine: () => Promise<Fact>): Promise<Fact> =>
  examine().catch((error: unknown) => unknownFact(name, reasonOf(error)));

/** @throws what is neither git's nor the forge's: a cancellation */
function reasonOf(error: unknown): string {
  if (error instanceof ReadFailure) return error.message;
  throw error;
}

async function refFact(
  repository: Repository,
  { fact, name, found }: { fact: string; name: string; found: Resolved },
): Promise<Fact> {
  if ('unknown' in found) return unknownFact(fact, found.unknown);
  if ('none' in found) return { name: fact, ok: false, text: found.none };
  const asOf = found.from === 'remote' ? ` (${await lastFetch(repository)})` : '';
  return { name: fact, ok: true, text: `${name} is commit ${found.commit.slice(0, 12)}${asOf}` };
}

/** A branch may be another commit by the time it is deployed: something has to hold the deployment to this one. */
async function targetFactOf({
  release: { target: name },
  noBranch,
  repository,
  target: found,
}: Omit<Refs, 'branch'>): Promise<Fact> {
  const fact = await refFact(repository, { fact: 'target', name, found });
  if (noBranch === undefined || !('commit' in found) || !(await isBranch(repository, name, found.commit))) return fact;
  const text =
    `${fact.text}, a branch, and nothing holds the deployment to that commit: say where the one that runs is told ` +
    '(health.commit), or hand {commit} to commands.deploy, or deploy a tag';
  return { ...fact, ok: false, text };
}

type Refs = Examination & { repository: Repository; branch: Resolved; target: Resolved };

async function mergedFact(refs: Refs): Promise<Fact> {
  const { release, repository, branch, target } = refs;
  if (!('commit' in target)) {
    return unknownFact('merged', `whether ${release.branch} is merged is not known without ${release.target}`);
  }
  const into = `into ${release.target}`;
  const good = (text: string): Fact => ({ name: 'merged', ok: true, text: `${release.branch} ${text}` });
  const ends = { branch: release.branch, target: target.commit };
  if ('commit' in branch) {
    const merge = await howMerged(repository, { head: branch.commit, target: target.commit });
    if (merge.how === 'as it is') return good(`is merged ${into}`);
    if (merge.how === 'squashed' || merge.how === 'rebased')
      return good(`is merged ${into}, ${merge.how} as ${merge.commit.slice(0, 12)}`);
    const atForge = await mergedAtForge(refs, { ...ends, head: branch.commit });
    if (atForge !== undefined) return good(`${atForge} ${into}`);
    if (merge.how === 'unknown')
      return unknownFact('merged', `whether ${release.branch} is merged is not known: ${merge.why}`);
    return notMerged(repository, release);
  }
  const deleted = await headOfDeleted(repository, ends);
  if (deleted) return good(`was merged ${into} by ${deleted.merge.slice(0, 12)} and deleted since`);
  const atForge = await mergedAtForge(refs, ends);
  if (atForge !== undefined) return good(`${atForge} ${into} and deleted since`);
  const hint = 'if it was deleted after a squash, only the forge knows (`review.source`)';
  if ('unknown' in branch) return unknownFact('merged', `${branch.unknown}; ${hint}`);
  return { name: 'merged', ok: false, text: `${branch.none}; ${hint}` };
}

/** A copy of another repository may not have heard of the merge yet. */
async function notMerged(repository: Repository, { branch, target }: ReleaseInRepository): Promise<Fact> {
  const text = `${branch} is not merged into ${target}`;
  const fetched = await lastFetch(repository);
  return fetched === undefined ? { name: 'merged', ok: false, text } : unknownFact('merged', `${text} ${fetched}`);
}

/** How the forge says that a branch was merged into what is deployed; undefined when it does not say so. */
async function mergedAtForge(
  { repository, review, signal, patience }: Refs,
  ends: { branch: string; target: string; head?: string },
): Promise<string | undefined> {
  if (review === undefined) return undefined;
  const source = await openReviews(review.source, { repository, ask: patientRequests(signal, patience) });
  return source.mergedBy?.(ends);
}

async function filesFact(
  repository: Repository,
  { target, files }: ReleaseInRepository,
  commit: string,
): Promise<Fact> {
  if (files.length === 0) return { name: 'files', ok: true, text: `${target} holds what the plan names: nothing` };
  if (commit === '') return unknownFact('files', `what ${target} holds is not known`);
  const { missing, unknown } = await missingFiles(repository, commit, files);
  if (missing.length > 0) return { name: 'files', ok: false, text: `${target} does not hold ${missing.join(', ')}` };
  if (unknown.length > 0) return unknownFact('files', unknown.join('; '));
  return { name: 'files', ok: true, text: `${target} holds ${files.join(', ')}` };
}
