/** What sign-offs rest on: the proposal that they name, and the signatures that prove who gave them. */
import { createHash } from 'node:crypto';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { IDENTITY_PROOFS } from '../../adapters/identity/identity-proofs.js';
import { type Resolved, resolveCommit, whyNoCommit } from '../../adapters/review/git.js';
import type { ApprovalActivities } from '../../contract/activities/review.js';
import { canonicalJson } from '../../plan/core/digest.js';
import { judgeWord } from '../../policy/judge-act.js';
import type { Policy } from '../../policy/policy.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

/** @param options.policy what decisions have to be signed as; without one none that is signed so can be verified */
export function createApprovalActivities({ policy }: { policy?: Policy } = {}): ApprovalActivities {
  return {
    sealProposal: ({ key, evidence, release, content }) =>
      withHeartbeat(async (signal) => {
        const { repository } = release;
        const target = repository ? await resolveCommit({ folder: repository, signal }, release.target) : undefined;
        const commit = target && 'commit' in target ? target.commit : '';
        const sealed = canonicalJson({ ...content, commit });
        const digest = createHash('sha256').update(sealed).digest('hex');
        const title = `What is signed off: ${digest.slice(0, 12)}`;
        // The stored file is the canonical text itself: anybody can hash it and find the digest.
        const path = evidencePath(key, `proposal-${digest.slice(0, 12)}.json`);
        const reference = await storeEvidence(evidence, { title, path, content: sealed });
        if (!target)
          return { summary: `sealed as ${digest.slice(0, 12)}`, facts: [], evidence: [reference], digest, commit };
        const proven = content.release.provenCommit;
        const unchanged = commit !== '' && commit === proven;
        const text = unchanged
          ? `${release.target} is still commit ${commit.slice(0, 12)}, which staging has proven`
          : `${resolvedText(release.target, target)}, but staging has proven ${proven?.slice(0, 12) ?? 'another one'}`;
        const facts = [{ name: 'unchanged', ok: unchanged, text }];
        return { summary: `sealed as ${digest.slice(0, 12)}; ${text}`, facts, evidence: [reference], digest, commit };
      }),

    verifySignature: ({ statement, signature, who, keys }) =>
      withHeartbeat((signal) => IDENTITY_PROOFS.ssh.verify({ statement, proof: signature, who, keys }, { signal })),

    verifyEnvelope: async ({ decision, ...subject }) => {
      if (!policy) return { valid: false, reason: 'this worker has no policy to verify it by' };
      const reason = await judgeWord(policy, subject, decision, Date.now());
      return reason === undefined
        ? { valid: true, reason: `signed with a key of ${decision.who}` }
        : { valid: false, reason };
    },
  };
}

const resolvedText = (name: string, found: Resolved): string =>
  'commit' in found ? `${name} is now ${found.commit.slice(0, 12)}` : whyNoCommit(found);
