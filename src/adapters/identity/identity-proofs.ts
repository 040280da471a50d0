/** The registry of what proves who has said something: SSH signatures, and nothing else so far. */
import type { IdentityProof } from './identity-proof.js';
import { sshSignature } from './ssh-signature.js';

export const IDENTITY_PROOFS = { ssh: sshSignature } satisfies Record<string, IdentityProof>;
