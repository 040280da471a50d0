/** Reviewed, approved, tested: proof from GitHub or from the repository itself, and from a JUnit file. */
import { ApplicationFailure } from '@temporalio/common';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { type Patience, type PatientRequest, patientRequests } from '../../adapters/http/patient-request.js';
import { type Repository, resolveCommit, whyNoCommit } from '../../adapters/review/git.js';
import { judgeTestResults, readTestResults } from '../../adapters/review/junit.js';
import { ReadFailure } from '../../adapters/review/read-failure.js';
import type { OpenReviews } from '../../adapters/review/review-source.js';
import { openReviews } from '../../adapters/review/review-sources.js';
import type { ReviewActivities } from '../../contract/activities/review.js';
import type { ResolvedPlan } from '../../contract/plan/plan.js';
import type { Review } from '../../contract/plan/proofs.js';
import { failures, passed } from '../../domain/evidence.js';
import { judgeChecks, type ReviewFinding, unknownFinding } from '../../domain/review.js';
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
  release: ResolvedPlan['release'];
  review: Review;
  ask: PatientRequest;
  signal: AbortSignal;
}

/** Each fact with its finding, and what they were found from. */
type ReviewFindings = Record<'reviewed' | 'approved' | 'tests', ReviewFinding> & { read?: unknown };

const nothing = (why: string): ReviewFindings => ({
  reviewed: unknownFinding(why),
  approved: unknownFinding(why),
  tests: unknownFinding(why),
});

async function examine({ release, review, ask, signal }: Work): Promise<ReviewFindings> {
  const repository: Repository = { folder: release.repository, signal };
  const [branch, target] = await Promise.all([
    resolveCommit(repository, release.branch),
    resolveCommit(repository, release.target),
  ]);
  if (!('commit' in target)) return nothing(whyNoCommit(target));
  const deployed = target.commit;
  const source = await openReviews(review.source, { repository, ask });
  const { reviewed, approved, head, read } = await source.reviewOf({ release, branch, deployed });
  const tests = await readTests({ review, deployed, head, source });
  return { reviewed, approved, tests: tests.finding, read: { deployed, ...read, tests: tests.read } };
}

/** What the source says of a commit's checks and what the JUnit file says of its tests: where the plan names both, both. */
async function readTests(seen: { review: Review; deployed: string; head?: string; source: OpenReviews }) {
  const { passRate: minimum, checks, junit } = seen.review.tests;
  const findings: ReviewFinding[] = [];
  const read: Record<string, unknown> = {};
  if (checks !== undefined) {
    const commit = checks === 'target' ? seen.deployed : seen.head;
    const found = await checksOf(seen.source, commit);
    findings.push(
      'why' in found ? unknownFinding(found.why) : judgeChecks(found.got, { commit: commit ?? '', minimum }),
    );
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
  return { finding: ok || failed || findings.length === 0 ? { ok, text } : unknownFinding(text), read };
}

async function checksOf(source: OpenReviews, commit: string | undefined) {
  if (source.checksOf === undefined) return { why: 'the source of reviews runs no checks' };
  if (commit === undefined) return { why: 'there is no pull request whose checks could be read' };
  return orWhyNot(source.checksOf(commit));
}

/** What one reading gave, or why it gave nothing: the others go on. */
const orWhyNot = <T>(reading: Promise<T>): Promise<{ got: T } | { why: string }> =>
  reading.then(
    (got) => ({ got }),
    (error: unknown) => ({ why: reviewMessage(error) }),
  );

/** Other errors than our own are not known to be free of secrets. */
function reviewMessage(error: unknown): string {
  if (error instanceof ApplicationFailure || error instanceof ReadFailure) return error.message;
  return 'review and tests could not be read';
}
