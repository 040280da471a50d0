/** What sign-offs rest on: the proposal that they name, and the signatures that prove who gave them. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { inheritedVariables } from '../../adapters/commands/command-line.js';
import { type CommandEnd, endText, runShort } from '../../adapters/commands/short-command.js';
import { storeEvidence } from '../../adapters/evidence/evidence-store.js';
import { type Resolved, resolveCommit, whyNoCommit } from '../../adapters/review/git.js';
import type { ApprovalActivities } from '../../contract/activities/review.js';
import { FailureType } from '../../contract/errors.js';
import { canonicalJson } from '../../plan/core/digest.js';
import { withHeartbeat } from '../commands/heartbeat.js';
import { evidencePath } from '../commands/recorded-commands.js';

/** `ssh-keygen -Y` keeps signatures for different purposes apart by this word. */
export const SIGNATURE_NAMESPACE = 'surefoot';

/** Longest time for ssh-keygen to look at a signature, milliseconds. */
const VERIFY_LIMIT = 20_000;

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
      withHeartbeat(async (signal) => {
        if (keys.length === 0) return { valid: false, reason: `${who} has no key on the plan's roster` };
        const folder = await mkdtemp(join(tmpdir(), 'surefoot-signature-'));
        try {
          const signers = join(folder, 'allowed_signers');
          const signed = join(folder, 'signature');
          const lines = keys.map((key) => `${who} namespaces="${SIGNATURE_NAMESPACE}" ${key}\n`);
          await writeFile(signers, lines.join(''), { mode: 0o600 });
          await writeFile(signed, signature, { mode: 0o600 });
          const words = ['-Y', 'verify', '-f', signers, '-I', who, '-n', SIGNATURE_NAMESPACE, '-s', signed];
          const run = await runShort({
            argv: ['ssh-keygen', ...words],
            environment: inheritedVariables(),
            limit: VERIFY_LIMIT,
            input: statement,
            signal,
          });
          signal.throwIfAborted();
          // Only what ssh-keygen itself says is an answer: a signature is not wrong because it could not be looked at.
          if (run.end.kind !== 'exited') throw unverifiable(run.end);
          if (run.ok) return { valid: true, reason: `signed with a key of ${who}` };
          return { valid: false, reason: `the signature is not one of ${who} for this very approval` };
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      }),
  };
}

const resolvedText = (name: string, found: Resolved): string =>
  'commit' in found ? `${name} is now ${found.commit.slice(0, 12)}` : whyNoCommit(found);

/** Not tried again: whoever signs waits for the answer. */
function unverifiable(end: CommandEnd): ApplicationFailure {
  const absent = end.kind === 'not run' && end.reason === 'ENOENT';
  const why = absent ? 'ssh-keygen is not on this worker' : `ssh-keygen ${endText(end, VERIFY_LIMIT)}`;
  return ApplicationFailure.create({
    type: FailureType.PreconditionFailed,
    message: `${why}: signatures cannot be verified`,
    nonRetryable: true,
  });
}
