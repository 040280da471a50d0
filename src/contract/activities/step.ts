/** What every activity of a step is given. */
import type { SecretReference } from '../plan/environment.js';

/** real: wall-clock time. virtual: the server skips time (demo and rehearsal only). */
export type Clock = 'real' | 'virtual';

/** Identifies one run of one step: the key of its side effects. A retry that a person asked for is a new generation. */
export interface StepKey {
  deployment: string;
  step: string;
  generation: number;
  /** Commands of it that an activity before this one has begun on its runner, as far as that was heard of. */
  begun?: string[];
}

/** Where the evidence of a deployment goes. */
export interface EvidencePlace {
  store: string;
  deployment: string;
  /** Which folder it is, known once admitted: another one of the same path is not. */
  identity?: string;
  /** Every reference to a secret in the plan: what must not stand in evidence, results or failures, whoever printed it. */
  secrets?: SecretReference[];
}
