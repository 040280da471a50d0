/** Whose account it is that somebody has signed in with: by the policy, letter by letter. Pure. */
import { type IdentityToken, isOf } from '../../policy/identity-token.js';
import type { Policy } from '../../policy/policy.js';
import { isCounting } from '../../policy/words.js';
import type { SignedIn } from '../signed-in.js';

/**
 * @param token whose signature has been verified
 * @param now epoch milliseconds
 * @returns undefined where it is nobody's of the policy, or does not count now
 */
export function accountHolder({ people }: Policy, token: IdentityToken, now: number): SignedIn | undefined {
  for (const { id, name, roles, keys } of people.values()) {
    const isTheirs = keys.some((key) => key.kind === 'oidc' && isOf(token, key.public) && isCounting(key, now));
    if (isTheirs) return { person: id, name, roles };
  }
  return undefined;
}
