/** Passkeys (WebAuthn, https://www.w3.org/TR/webauthn-3): keys that never leave what they are kept in. */
import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { decodeCBOR } from '@levischuck/tiny-cbor';
import { z } from 'zod';
import { inert } from '../domain/inert.js';
import { messageOf } from '../domain/message.js';
import { inOneLine } from '../domain/one-line.js';
import { SHORTEST_RSA } from './ssh-key.js';
import { Malformed, strictBase64 } from './ssh-wire.js';

/** The pages on which passkeys may sign. */
export interface PasskeyPlace {
  /** The relying party's ID: a domain that passkeys are bound to. */
  id: string;
  origins: string[];
}

export interface Passkey {
  /** The credential's ID, base64url. */
  credential: string;
  /** As the authenticator has made it (RFC 9052, section 7). */
  cose: Uint8Array<ArrayBuffer>;
  fingerprint: string;
  /** Only answers with a higher one count, where the authenticator counts. */
  counter: number;
}

/** The parts of an answer that prove something, base64url each. */
const assertionShape = z.strictObject({
  id: z.string().min(1),
  authenticatorData: z.string(),
  clientDataJSON: z.string(),
  signature: z.string(),
});

export type PasskeyAssertion = z.output<typeof assertionShape>;

/** What a passkey is asked to sign in place of a message: its hash. */
export const challengeOf = (message: Buffer): string => createHash('sha256').update(message).digest('base64url');

/** @throws Malformed, SyntaxError, ZodError */
export const readAssertion = (blob: Buffer): PasskeyAssertion =>
  assertionShape.parse(JSON.parse(blob.toString('utf8')));

/** Reads a credential's public key in base64. What one is told from another by is the key, however it is written. @throws Malformed */
export function readPasskey({
  credential,
  key,
  counter,
}: {
  credential: string;
  key: string;
  counter: number;
}): Passkey {
  if (!/^[\w-]{16,1400}$/.test(credential)) throw new Malformed('its credential ID is not base64url, or is cut off');
  const cose = new Uint8Array(strictBase64(key));
  const spki = createKey(jwkOf(decoded(cose))).export({ type: 'spki', format: 'der' });
  const fingerprint = `SHA256:${createHash('sha256').update(spki).digest('base64').replace(/=+$/, '')}`;
  return { credential, cose, fingerprint, counter };
}

/** It is large, and needed where somebody signs so. */
const library = () => import('@simplewebauthn/server');

/** Has it loaded by the time that somebody's word is looked at: no act is to wait for that. */
export function preparePasskeys(): void {
  // Who then needs it is told why it cannot be had.
  library().catch(() => {});
}

/** @returns why the answer does not prove that the passkey has signed this very message, for people */
export async function whyNotAsserted(
  passkey: Passkey,
  { place, message, assertion }: { place: PasskeyPlace; message: Buffer; assertion: PasskeyAssertion },
): Promise<string | undefined> {
  const { id, ...response } = assertion;
  const { verifyAuthenticationResponse } = await library();
  try {
    if (isFromFrame(assertion)) return 'it was given within a page of somebody else';
    const { verified } = await verifyAuthenticationResponse({
      response: { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} },
      expectedChallenge: challengeOf(message),
      expectedOrigin: place.origins,
      expectedRPID: place.id,
      requireUserVerification: true,
      credential: { id: passkey.credential, publicKey: passkey.cose, counter: passkey.counter },
    });
    return verified ? undefined : 'its signature is of another key or message';
  } catch (error) {
    return inOneLine(inert(messageOf(error))).slice(0, 300);
  }
}

/** Whether a browser has answered it in a frame of another site's page. @throws SyntaxError */
export function isFromFrame({ clientDataJSON }: Pick<PasskeyAssertion, 'clientDataJSON'>): boolean {
  const { crossOrigin = false } = JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString('utf8'));
  return crossOrigin !== false;
}

function decoded(cose: Uint8Array): Map<unknown, unknown> {
  try {
    const value = decodeCBOR(cose);
    if (value instanceof Map) return value;
  } catch {
    // Said below.
  }
  throw new Malformed('it is no COSE key, or is cut off');
}

/** The labels of RFC 9053: what every key has, and those of its kind. */
const [KTY, ALG, CRV, X, Y, N, E] = [1, 3, -1, -2, -3, -1, -2];

/** The three algorithms that WebAuthn's authenticators have in common, as JSON Web Keys have them. */
function jwkOf(key: Map<unknown, unknown>): JsonWebKey {
  const number = (label: number, length?: number): string => {
    const bytes = key.get(label);
    if (!(bytes instanceof Uint8Array) || (length !== undefined && bytes.length !== length))
      throw new Malformed('one of its numbers is not there, or not whole');
    return Buffer.from(bytes).toString('base64url');
  };
  const [kty, alg, crv] = [KTY, ALG, CRV].map((label) => key.get(label ?? 0));
  if (kty === 2 && alg === -7 && crv === 1) return { kty: 'EC', crv: 'P-256', x: number(X, 32), y: number(Y, 32) };
  if (kty === 1 && alg === -8 && crv === 6) return { kty: 'OKP', crv: 'Ed25519', x: number(X, 32) };
  if (kty === 3 && alg === -257) return { kty: 'RSA', n: number(N), e: number(E) };
  throw new Malformed('it is of a kind that is not known: ES256, EdDSA and RS256 are');
}

function createKey(jwk: JsonWebKey) {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const { modulusLength = SHORTEST_RSA } = key.asymmetricKeyDetails ?? {};
    if (modulusLength >= SHORTEST_RSA) return key;
  } catch {
    throw new Malformed('no key has these numbers');
  }
  throw new Malformed(`an RSA key has ${SHORTEST_RSA} bits or more`);
}
