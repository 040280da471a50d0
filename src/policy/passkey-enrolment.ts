/** Making a passkey (WebAuthn, registration): where it can be, what a browser is asked with, and what has come of it. */
import { z } from 'zod';
import { inert } from '../domain/inert.js';
import { messageOf } from '../domain/message.js';
import { inOneLine } from '../domain/one-line.js';
import { isFromFrame, type PasskeyPlace, readPasskey } from './passkey.js';
import { PASSKEY_ORIGIN } from './schema.js';

/** The algorithms that {@link readPasskey} reads, by their COSE numbers: EdDSA, ES256, RS256. */
const ALGORITHMS = [-8, -7, -257];

/** A passkey as a policy has it. */
export interface MadePasskey {
  /** base64url. */
  credential: string;
  /** As COSE has it, in base64. */
  key: string;
  fingerprint: string;
}

/** Of what a browser answers, the parts that say which key it has made. */
const answerShape = z.strictObject({
  id: z.string().min(1),
  clientDataJSON: z.string(),
  attestationObject: z.string(),
});

/**
 * Where a passkey that is made on a page of this origin signs: the policy's place, or one of its own while the policy has
 * none.
 * @returns `elsewhere`: none can be made on it, and these are the origins where it can
 */
export function placeOn(
  origin: string,
  known: PasskeyPlace | undefined,
): { place: PasskeyPlace } | { elsewhere: string[] } {
  if (known) return known.origins.includes(origin) ? { place: known } : { elsewhere: known.origins };
  if (PASSKEY_ORIGIN.test(origin)) return { place: { id: new URL(origin).hostname, origins: [origin] } };
  // Passkeys are a domain's: an address in numbers has none, though it is this machine's.
  return { elsewhere: [`http://localhost:${new URL(origin).port}`] };
}

/** What `navigator.credentials.create` is asked with, as JSON. @param known the credentials that the person has already */
export async function creationOptions(options: {
  person: { id: string; name: string };
  place: PasskeyPlace;
  challenge: string;
  known: readonly string[];
}) {
  const { person, place, challenge, known } = options;
  const { generateRegistrationOptions } = await import('@simplewebauthn/server');
  return await generateRegistrationOptions({
    rpName: 'Surefoot',
    rpID: place.id,
    userName: person.id,
    userDisplayName: person.name,
    challenge: new Uint8Array(Buffer.from(challenge, 'base64url')),
    excludeCredentials: known.map((id) => ({ id })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
    supportedAlgorithmIDs: ALGORITHMS,
    timeout: 300_000,
  });
}

/**
 * @param answer as the page sends it: JSON
 * @param asked.isAsked whether this person was asked with a challenge; it is spent by that
 * @returns why no passkey of this person, on this very page, has come of it
 */
export async function madePasskey(
  answer: string,
  asked: { place: PasskeyPlace; origin: string; isAsked: (challenge: string) => boolean },
): Promise<MadePasskey | { refused: string }> {
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  try {
    const { id, ...response } = answerShape.parse(JSON.parse(answer));
    if (isFromFrame(response)) return { refused: 'it was made within a page of somebody else' };
    if (await isCertified(response)) return { refused: 'it comes with certificates, and none were asked for' };
    const { registrationInfo } = await verifyRegistrationResponse({
      response: { id, rawId: id, type: 'public-key', response, clientExtensionResults: {} },
      expectedChallenge: asked.isAsked,
      expectedOrigin: asked.origin,
      expectedRPID: asked.place.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: ALGORITHMS,
    });
    if (!registrationInfo) return { refused: 'its signature is of another key' };
    const { id: credential, publicKey } = registrationInfo.credential;
    const key = Buffer.from(publicKey).toString('base64');
    const { fingerprint } = readPasskey({ credential, key, counter: 0 });
    return { credential, key, fingerprint };
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) return { refused: 'it is no answer of a browser' };
    return { refused: inOneLine(inert(messageOf(error))).slice(0, 300) };
  }
}

/** Whoever reads certificates asks places that they name: nobody has asked for any. */
async function isCertified({ attestationObject }: { attestationObject: string }): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers');
  const attestation = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')));
  const isPlain = ['none', 'packed'].includes(attestation.get('fmt'));
  return !isPlain || attestation.get('attStmt').get('x5c') !== undefined;
}
