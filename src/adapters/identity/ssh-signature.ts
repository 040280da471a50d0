/** Signatures with people's own SSH keys, as `ssh-keygen -Y sign` makes them; the real `ssh-keygen` verifies them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../contract/errors.js';
import { programVariables } from '../commands/program-variables.js';
import { type CommandEnd, commandText, endText, runShort } from '../commands/short-command.js';
import type { IdentityProof } from './identity-proof.js';

/** `ssh-keygen -Y` keeps signatures for different purposes apart by this word. */
const NAMESPACE = 'surefoot';

/** Longest time for ssh-keygen to look at a signature, milliseconds. */
const LONGEST = 20_000;

export const sshSignature: IdentityProof = {
  needs: 'ssh-keygen',

  verify: async ({ statement, proof, who, keys }, { signal, limit = LONGEST }) => {
    if (keys.length === 0) return { valid: false, reason: `${who} has no key on the plan's roster` };
    const folder = await mkdtemp(join(tmpdir(), 'surefoot-signature-'));
    try {
      const signers = join(folder, 'allowed_signers');
      const signature = join(folder, 'signature');
      const lines = keys.map((key) => `${who} namespaces="${NAMESPACE}" ${key}\n`);
      await writeFile(signers, lines.join(''), { mode: 0o600 });
      await writeFile(signature, proof, { mode: 0o600 });
      const words = ['-Y', 'verify', '-f', signers, '-I', who, '-n', NAMESPACE, '-s', signature];
      const run = await runShort({
        argv: ['ssh-keygen', ...words],
        environment: programVariables(),
        limit,
        input: statement,
        signal,
      });
      signal.throwIfAborted();
      // Only what ssh-keygen itself says is an answer: a signature is not wrong because it could not be looked at.
      if (run.end.kind !== 'exited') throw unverifiable(run.end, limit);
      if (run.ok) return { valid: true, reason: `signed with a key of ${who}` };
      return { valid: false, reason: `the signature is not one of ${who} for this very approval` };
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },

  probe: async () => {
    const environment = programVariables();
    const { end } = await runShort({ argv: ['ssh-keygen', '-?'], environment, limit: 10_000 });
    if (end.kind === 'exited') return { ok: true, text: 'ssh-keygen is there' };
    const text = `ssh-keygen could not be run (${commandText(end)}): signatures could not be verified`;
    return { ok: false, text, advice: 'Install the OpenSSH client.' };
  },
};

/** Not tried again: whoever signs waits for the answer. */
function unverifiable(end: CommandEnd, limit: number): ApplicationFailure {
  const absent = end.kind === 'not run' && end.reason === 'ENOENT';
  const why = absent ? 'ssh-keygen is not on this worker' : `ssh-keygen ${endText(end, limit)}`;
  return ApplicationFailure.create({
    type: FailureType.PreconditionFailed,
    message: `${why}: signatures cannot be verified`,
    nonRetryable: true,
  });
}
