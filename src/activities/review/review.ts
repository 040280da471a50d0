/** Reviewed, approved, tested: proof from GitHub or from the repository itself, and from a JUnit file. */
import { ApplicationFailure } from '@temporalio/common';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { type Patience, type PatientRequest, patientRequests } from '../../adapters/http/patient-request.js';
import { GitFailed, type Repository, type Resolved, resolveCommit } from '../../adapters/review/git.js';
import { headOfDeleted } from '../../adapters/review/git-merges.js';
import { readGitReview } from '../../adapters/review/git-review.js';
import { type GitHub, GitHubUnusable, judgeBranch, openGitHub } from '../../adapters/review/github.js';
import { judgeTestResults, readTestResults } from '../../adapters/review/junit.js';
import type { ReviewActivities } from '../../contract/activities/review.js';
import type { ReleaseInRepository } from '../../contract/plan/parts.js';
import type { Review } from '../../contract/plan/proofs.js';
import { failures, passed } from '../../domain/evidence.js';
import { judgeChecks, type PullRequest, type ReviewFinding } from '../../domain/review.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

/** Facts: `reviewed`, `approved`, `tests`. */
export function createReviewActivities(options: { patience?: Patience } = {}): ReviewActivities {
  return {
    checkReview: ({ key, evidence, release, review }) =>
      withHeartbeat(async (signal) => {
        const ask = patientRequests(signal, options.patience);
        const found = await examine({ release, review, ask, signal }).catch((error: unknown) => {
          signal.throwIfAborted();
          return nothing(reviewMessage(error));
        });
        signal.throwIfAborted();
        const { read, ...findings } = found;
        const facts = Object.entries(findings).map(([name, finding]) => ({ name, ...finding }));
        const content = `${JSON.stringify({ read, facts }, undefined, 2)}\n`;
        const path = evidencePath(key, 'review.json');
        const reference = await storeEvidence(evidence, { title: 'Review, approval and tests', path, content });
        const report = { summary: facts.map(({ text }) => text).join('; '), facts, evidence: [reference] };
        return passed(report) ? report : { ...report, summary: failures(report) };
      }),
  };
}

interface Work {
  release: ReleaseInRepository;
  review: Review;
  ask: PatientRequest;
  signal: AbortSignal;
}

/** Each fact with its finding, and what they were found from. */
type ReviewFindings = Record<'reviewed' | 'approved' | 'tests', ReviewFinding> & { read?: unknown };

const unknown = (text: string): ReviewFinding => ({ ok: false, unknown: true, text });
const nothing = (why: string): ReviewFindings => ({
  reviewed: unknown(why),
  approved: unknown(why),
  tests: unknown(why),
});

async function examine({ release, review, ask, signal }: Work): Promise<ReviewFindings> {
  const repository: Repository = { folder: release.repository, signal };
  const [branch, target] = await Promise.all([
    resolveCommit(repository, release.branch),
    resolveCommit(repository, release.target),
  ]);
  if (!('commit' in target)) return nothing(whyNot(target));
  const deployed = target.commit;
  const branchCommit = 'commit' in branch ? branch.commit : undefined;

  if (review.source.kind === 'git') {
    const ends = { branch: release.branch, target: deployed };
    const head = branchCommit ?? (await headOfDeleted(repository, ends))?.head;
    if (head === undefined) return nothing('commit' in branch ? '' : whyNot(branch));
    const { reviewed, approved, read } = await readGitReview(repository, release, { head, target: deployed });
    const tests = await readTests({ review, deployed });
    return { reviewed, approved, tests: tests.finding, read: { deployed, ...read, tests: tests.read } };
  }
  const github = await openGitHub(review.source, ask);
  const pull = await orWhyNot(github.pullRequest(release.branch, deployed));
  const place = review.source;
  const judged =
    'why' in pull
      ? { reviewed: unknown(pull.why), approved: unknown(pull.why) }
      : judgeBranch(pull.got, { branch: release.branch, commit: branchCommit, place });
  const tests = await readTests({ review, deployed, github, pull: 'got' in pull ? pull.got : undefined });
  const read = { deployed, pullRequest: 'got' in pull ? pull.got : undefined, tests: tests.read };
  return { ...judged, tests: tests.finding, read };
}

const whyNot = (found: Exclude<Resolved, { commit: string }>): string => ('none' in found ? found.none : found.unknown);

/** What GitHub says of a commit's checks and what the JUnit file says of its tests: where the plan names both, both. */
async function readTests(seen: { review: Review; deployed: string; github?: GitHub; pull?: PullRequest }) {
  const { passRate: minimum, checks, junit } = seen.review.tests;
  const findings: ReviewFinding[] = [];
  const read: Record<string, unknown> = {};
  if (checks !== undefined && seen.github !== undefined) {
    const commit = checks === 'target' ? seen.deployed : seen.pull?.head;
    const found =
      commit === undefined
        ? { why: 'there is no pull request whose checks could be read' }
        : await orWhyNot(seen.github.checks(commit));
    findings.push('why' in found ? unknown(found.why) : judgeChecks(found.got, { commit: commit ?? '', minimum }));
    if ('got' in found) read.checks = found.got.slice(0, 500);
  }
  if (junit !== undefined) {
    const results = await readTestResults(junit);
    findings.push(judgeTestResults(results, { commit: seen.deployed, minimum }));
    read.junit = results;
  }
  const ok = findings.length > 0 && findings.every((finding) => finding.ok);
  // What failed has failed, whatever else could not be read.
  const failed = findings.some((finding) => !finding.ok && !finding.unknown);
  const text = findings.map((finding) => finding.text).join('; ') || 'no proof of tests is named';
  return { finding: ok || failed || findings.length === 0 ? { ok, text } : unknown(text), read };
}

/** What one reading gave, or why it gave nothing: the others go on. */
const orWhyNot = <T>(reading: Promise<T>): Promise<{ got: T } | { why: string }> =>
  reading.then(
    (got) => ({ got }),
    (error: unknown) => ({ why: reviewMessage(error) }),
  );

/** Other errors than our own are not known to be free of secrets. */
function reviewMessage(error: unknown): string {
  if (error instanceof GitHubUnusable) return `GitHub: ${error.message}`;
  if (error instanceof ApplicationFailure || error instanceof GitFailed) return error.message;
  return 'review and tests could not be read';
}
