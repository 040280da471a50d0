/** Public keys of identity providers (RFC 7517): which are fit to go by, and which of them has signed a token. */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import { SHORTEST_RSA } from './ssh-key.js';
import { Malformed } from './ssh-wire.js';

/**
 * Keys that a provider is known to sign with, or was when it made out this very token; why they are not known otherwise.
 * Never what came with the token.
 */
export type FindProviderKeys = (
  issuer: string,
  token: string,
) => Promise<{ keys: readonly unknown[] } | { unknown: string }>;

/** Those of a key pair: whatever a provider shares with its clients proves nothing to others. */
export const SIGNATURE_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];

/** The parts of a public key: what else is published with it is nothing to go by, nor to be kept. */
const keyShape = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: z.string().optional(),
  alg: z.string().optional(),
  use: z.string().optional(),
  key_ops: z.array(z.string()).optional(),
  n: z.string().optional(),
  e: z.string().optional(),
  crv: z.string().optional(),
  x: z.string().optional(),
  y: z.string().optional(),
});

/** A key that a policy pins. @throws Malformed */
export function readProviderKey(written: Record<string, unknown>): JsonWebKey {
  if ('d' in written || 'k' in written) throw new Malformed('it is a secret one: only public keys belong here');
  const { data, error } = keyShape.safeParse(written);
  if (error) throw new Malformed('it is no JSON Web Key of the types RSA, EC and OKP');
  if (data.use !== undefined && data.use !== 'sig') throw new Malformed('it is not for signing');
  if (!isSound(data)) throw new Malformed(`no key has these numbers, or it is an RSA key below ${SHORTEST_RSA} bits`);
  return data;
}

function isSound(key: JsonWebKey): boolean {
  try {
    const { modulusLength = SHORTEST_RSA } = createPublicKey({ key, format: 'jwk' }).asymmetricKeyDetails ?? {};
    return modulusLength >= SHORTEST_RSA;
  } catch {
    return false;
  }
}

/** @returns which of the keys has signed a token, if any */
export async function signingKey(token: string, published: readonly unknown[]): Promise<JsonWebKey | undefined> {
  // It is needed where somebody signs so.
  const { compactVerify, createLocalJWKSet } = await import('jose');
  for (const one of published) {
    const { data: key } = keyShape.safeParse(one);
    if (!key || !isSound(key)) continue;
    const verified = compactVerify(token, createLocalJWKSet({ keys: [key] }), { algorithms: SIGNATURE_ALGORITHMS });
    const isBy = await verified.then(
      () => true,
      () => false,
    );
    if (isBy) return key;
  }
  return undefined;
}
