/** What sign-offs rest on: the proposal that they name, and the signatures that prove who gave them. */
import { createHash } from 'node:crypto';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { IDENTITY_PROOFS } from '../../adapters/identity/identity-proofs.js';
import { type Resolved, resolveCommit, whyNoCommit } from '../../adapters/review/git.js';
import type { ApprovalActivities } from '../../contract/activities/review.js';
import { canonicalJson } from '../../plan/core/digest.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

export function createApprovalActivities(): ApprovalActivities {
  return {
    sealProposal: ({ key, evidence, release, content }) =>
      withHeartbeat(async (signal) => {
        const target = await resolveCommit({ folder: release.repository, signal }, release.target);
        const commit = 'commit' in target ? target.commit : '';
        const sealed = canonicalJson({ ...content, commit });
        const digest = createHash('sha256').update(sealed).digest('hex');
        const title = `What is signed off: ${digest.slice(0, 12)}`;
        // The stored file is the canonical text itself: anybody can hash it and find the digest.
        const path = evidencePath(key, `proposal-${digest.slice(0, 12)}.json`);
        const reference = await storeEvidence(evidence, { title, path, content: sealed });
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
  };
}

const resolvedText = (name: string, found: Resolved): string =>
  'commit' in found ? `${name} is now ${found.commit.slice(0, 12)}` : whyNoCommit(found);
