/** The port to what proves who has said something. `identity-proofs.ts` has one for each kind of proof. */

/** A statement, and what is meant to prove who made it. */
export interface IdentityClaim {
  statement: string;
  /** As it came: nothing about it is known yet. */
  proof: string;
  who: string;
  /** What this person is known by, in the plan's roster. */
  keys: string[];
}

export interface IdentityProof {
  /** The program that it rests on: the name of what doctor looks for. */
  needs: string;
  /**
   * Whether this person has made this very statement. `reason` is for people.
   * @throws PreconditionFailed when that could not be looked at, which is no proof that they have not; the signal's reason
   */
  verify(claim: IdentityClaim, options: { signal: AbortSignal; limit?: number }): Promise<IdentityJudgement>;
  /** Whether proofs could be verified here. `advice` is what to do about it. */
  probe(): Promise<{ ok: boolean; text: string; advice?: string }>;
}

export interface IdentityJudgement {
  valid: boolean;
  reason: string;
}
