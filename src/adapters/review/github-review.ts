/** Review, approval, merge and checks as GitHub has them. */
import { judgePullRequest, type PullRequest, type ReviewFinding, unknownFinding } from '../../domain/review.js';
import { GitHubUnusable, openGitHub } from './github.js';
import type { ReviewPlace, ReviewSource } from './review-source.js';

export const gitHubReviews: ReviewSource<'github'> = {
  open: async (place, { ask }) => {
    const github = await openGitHub(place, ask);
    return {
      reviewOf: async ({ release, branch, deployed }) => {
        const pull = await github.pullRequest(release.branch, deployed).catch(whyNot);
        if (pull instanceof GitHubUnusable) {
          const unknown = unknownFinding(pull.message);
          return { reviewed: unknown, approved: unknown, read: {} };
        }
        const commit = 'commit' in branch ? branch.commit : undefined;
        const judged = judgeBranch(pull, { branch: release.branch, commit, place });
        return { ...judged, head: pull?.head, read: { pullRequest: pull } };
      },
      mergedBy: async ({ branch, target, head }) => {
        const pull = await github.pullRequest(branch, target);
        if (pull?.mergeCommit === undefined || !pull.inTarget) return undefined;
        if (head !== undefined && head !== pull.head) return undefined;
        return `was merged by #${pull.number} as ${pull.mergeCommit.slice(0, 12)}`;
      },
      checksOf: (commit) => github.checks(commit),
    };
  },
};

/** Without its pull request, a branch may still have checks. */
function whyNot(error: unknown): GitHubUnusable {
  if (error instanceof GitHubUnusable) return error;
  throw error;
}

/**
 * What an answer of GitHub comes to, for `reviewed` and `approved`.
 * @param seen.commit the branch's last commit in the repository, where it still is: nobody approved what came later
 */
function judgeBranch(
  pull: PullRequest | undefined,
  seen: { branch: string; commit?: string; place: ReviewPlace<'github'> },
): { reviewed: ReviewFinding; approved: ReviewFinding } {
  const { branch, commit, place } = seen;
  if (pull === undefined) {
    const none = { ok: false, text: `${place.owner}/${place.repository} has no pull request of ${branch}` };
    return { reviewed: none, approved: none };
  }
  const judged = judgePullRequest(pull);
  if (commit === undefined || commit === pull.head || !judged.approved.ok) return judged;
  const text = `#${pull.number} ends at ${pull.head.slice(0, 12)}, but ${branch} is at ${commit.slice(0, 12)}`;
  return { ...judged, approved: { ok: false, text } };
}
