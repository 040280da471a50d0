/** Whether a change was reviewed, approved and tested (checklist, Pré-requisitos): judged from what was read. */

/** What was found, in one line. */
export interface ReviewFinding {
  ok: boolean;
  text: string;
  /** Nobody could tell. */
  unknown?: true;
}

export const unknownFinding = (why: string): ReviewFinding => ({ ok: false, unknown: true, text: why });

export interface PullRequest {
  number: number;
  author: string;
  /** Everybody who wrote a part of it, the author too. */
  authors: string[];
  /** Its last commit. */
  head: string;
  mergeCommit?: string;
  /** Whether the merge commit is in what is deployed. */
  inTarget: boolean;
  /** In the order in which they were given. */
  reviews: PullRequestReview[];
}

export interface PullRequestReview {
  who: string;
  /** GitHub's own: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING. */
  state: string;
  /** The commit that was looked at. */
  commit: string;
}

const short = (commit: string): string => commit.slice(0, 12);
const names = (reviews: readonly PullRequestReview[]): string => reviews.map(({ who }) => who).join(', ');

/**
 * `reviewed`: somebody who wrote no part of it approves of it. `approved`: such an approval is for the very last commit,
 * nobody's request for changes is open, and the merge commit is in what is deployed.
 */
export function judgePullRequest(pull: PullRequest): { reviewed: ReviewFinding; approved: ReviewFinding } {
  const standing = lastWords(pull.reviews);
  const approvals = standing.filter(({ state }) => state === 'APPROVED');
  const independent = approvals.filter(({ who }) => !pull.authors.includes(who));
  const name = `#${pull.number}`;
  const lack = nobodyApproved({ name, approvals, standing, reviews: pull.reviews });
  const reviewed =
    independent.length > 0
      ? { ok: true, text: `${name} by ${pull.author} was reviewed by ${names(independent)}` }
      : { ok: false, text: lack };
  return { reviewed, approved: judgeApproval({ pull, name, standing, independent, lack }) };
}

/** What each reviewer holds last; a comment takes nothing back. */
function lastWords(reviews: readonly PullRequestReview[]): PullRequestReview[] {
  const decisive = reviews.filter(({ state }) => ['APPROVED', 'CHANGES_REQUESTED', 'DISMISSED'].includes(state));
  return [...new Map(decisive.map((review) => [review.who, review])).values()];
}

function nobodyApproved(seen: {
  name: string;
  approvals: PullRequestReview[];
  standing: PullRequestReview[];
  reviews: PullRequestReview[];
}): string {
  if (seen.approvals.length > 0) return `${seen.name} is approved only by who wrote it (${names(seen.approvals)})`;
  const dismissed = seen.standing.filter(({ state }) => state === 'DISMISSED');
  if (dismissed.length > 0) return `nobody approves of ${seen.name}: the review by ${names(dismissed)} was dismissed`;
  return `nobody approves of ${seen.name} (${seen.reviews.length} reviews)`;
}

function judgeApproval(seen: {
  pull: PullRequest;
  name: string;
  standing: PullRequestReview[];
  independent: PullRequestReview[];
  lack: string;
}): ReviewFinding {
  const { pull, name, independent } = seen;
  const no = (text: string): ReviewFinding => ({ ok: false, text });
  const objections = seen.standing.filter(({ state }) => state === 'CHANGES_REQUESTED');
  if (objections.length > 0) return no(`${name}: ${names(objections)} asked for changes and has not taken it back`);
  if (independent.length === 0) return no(seen.lack);
  const covering = independent.filter(({ commit }) => commit === pull.head);
  if (covering.length === 0) {
    const older = independent.map(({ who, commit }) => `${who} for ${short(commit)}`).join(', ');
    return no(`${name} was approved by ${older}, but its last commit is ${short(pull.head)}`);
  }
  if (pull.mergeCommit === undefined) return no(`${name} is approved by ${names(covering)}, but not merged`);
  if (!pull.inTarget) return no(`${name} was merged as ${short(pull.mergeCommit)}, which is not in what is deployed`);
  const merged = pull.mergeCommit === pull.head ? '' : ` and merged as ${short(pull.mergeCommit)}`;
  return {
    ok: true,
    text: `${name} is approved by ${names(covering)} for its last commit ${short(pull.head)}${merged}`,
  };
}

/** A check run or a commit status, by name: `success`, `failure` and the like, or `pending`. */
export interface CheckConclusion {
  name: string;
  conclusion: string;
}

/**
 * The pass rate over check runs and statuses of one commit: passed of passed and failed. Neutral and skipped ones say
 * nothing either way; one that has not ended leaves the rate unknown.
 */
export function judgeChecks(
  checks: readonly CheckConclusion[],
  { commit, minimum }: { commit: string; minimum: number },
): ReviewFinding {
  const of = (...conclusions: string[]) => checks.filter(({ conclusion }) => conclusions.includes(conclusion));
  const pending = of('pending');
  const passed = of('success');
  const silent = of('neutral', 'skipped');
  const failed = checks.filter((check) => ![...pending, ...passed, ...silent].includes(check));
  const at = `for commit ${short(commit)}`;
  if (checks.length === 0) return { ok: false, text: `GitHub has no check run and no status ${at}` };
  const list = (some: readonly CheckConclusion[]) =>
    some
      .slice(0, 5)
      .map(({ name }) => name)
      .join(', ');
  if (pending.length > 0) return { ok: false, text: `${pending.length} checks ${at} have not ended: ${list(pending)}` };
  const rate = passRate({ passed: passed.length, failed: failed.length, minimum });
  const left = silent.length > 0 ? `, ${silent.length} neutral or skipped` : '';
  const broken = failed.length > 0 ? ` (failed: ${list(failed)})` : '';
  return { ok: rate.ok, text: `${rate.text} check runs and statuses ${at} passed${broken}${left}${rate.need}` };
}

/** A share of what ran, held against a minimum in percent. Nothing ran: nothing is proven. */
export function passRate(counts: { passed: number; failed: number; minimum: number }) {
  const { passed, failed, minimum } = counts;
  const ran = passed + failed;
  const ok = ran > 0 && passed * 100 >= minimum * ran;
  // Rounded down, so that 98.399 % is never shown as the 98.4 % that it falls short of.
  const percent = ran > 0 ? `${Math.floor((passed / ran) * 10_000) / 100} % (${passed} of ${ran})` : 'none';
  return { ok, text: `${percent} of the`, need: ok ? '' : `; at least ${minimum} % are needed` };
}
