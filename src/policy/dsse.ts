/**
 * Envelopes: a statement with what proves who made it, as DSSE has them
 * (https://github.com/secure-systems-lab/dsse/blob/master/envelope.md).
 */
import { randomBytes } from 'node:crypto';
import { type Statement, wordLifetime } from '../contract/envelope.js';
import { challengeOf, type PasskeyAssertion } from './passkey.js';
import { unarmored } from './ssh-signature.js';

export const PAYLOAD_TYPE = 'application/vnd.surefoot.decision+json';

/** `ssh-keygen -Y` keeps signatures for different purposes apart by this word. */
export const ENVELOPE_NAMESPACE = 'surefoot-decision';

export interface Envelope {
  payloadType: string;
  /** The statement as it was signed, byte for byte, in base64. */
  payload: string;
  signatures: Signature[];
}

/** By which people prove that it is they who say something. */
export const SIGNATURE_KINDS = ['ssh', 'passkey', 'oidc'] as const;

export type SignatureKind = (typeof SIGNATURE_KINDS)[number];

/**
 * `kind` says what the proof is: an SSH signature, what a passkey has answered, or the ID token of an identity provider
 * (OpenID Connect). `sig` is base64.
 */
export interface Signature {
  kind: SignatureKind;
  sig: string;
}

/** DSSE's pre-authentication encoding: what is really signed, so that no type can be taken for another. */
export function preAuthentication(type: string, payload: Buffer): Buffer {
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  return Buffer.concat([Buffer.from(head), payload]);
}

/** A statement of now. @param said what does not apply is left out */
export function statementOf(
  said: Pick<Statement, 'deployment' | 'service' | 'plan' | 'role' | 'person' | 'decision'> & Partial<Statement>,
  now: number,
): Statement {
  const nothing = { commit: '', proposal: '', subject: '', option: '', revision: '', to: '', build: '', why: '' };
  const nonce = randomBytes(16).toString('hex');
  const expires = new Date(now + wordLifetime(said.decision)).toISOString();
  return { ...nothing, nonce, expires, ...said };
}

/** @param sign makes an armored SSH signature in {@link ENVELOPE_NAMESPACE}. @returns the envelope as it is sent */
export const sealed = (statement: Statement, sign: (message: Buffer) => Promise<string> | string): Promise<string> =>
  enveloped(statement, async (message) => ({ kind: 'ssh', sig: unarmored(await sign(message)) }));

/** @param ask has a passkey answer a challenge, with user verification. @returns the envelope as it is sent */
export const sealedByPasskey = (
  statement: Statement,
  ask: (challenge: string) => Promise<PasskeyAssertion>,
): Promise<string> =>
  enveloped(statement, async (message) => {
    const assertion = JSON.stringify(await ask(challengeOf(message)));
    return { kind: 'passkey', sig: Buffer.from(assertion).toString('base64') };
  });

/** What an identity provider is asked with in place of a message, as the `nonce`: its hash. */
export const nonceOf = (statement: Statement): string =>
  challengeOf(preAuthentication(PAYLOAD_TYPE, payloadOf(statement)));

/** @param token that the provider has made out for {@link nonceOf} the statement. @returns the envelope as it is sent */
export const sealedByProvider = (statement: Statement, token: string): Promise<string> =>
  enveloped(statement, async () => ({ kind: 'oidc', sig: Buffer.from(token).toString('base64') }));

const payloadOf = (statement: Statement): Buffer => Buffer.from(JSON.stringify(statement));

async function enveloped(statement: Statement, sign: (message: Buffer) => Promise<Signature>): Promise<string> {
  const payload = payloadOf(statement);
  const signature = await sign(preAuthentication(PAYLOAD_TYPE, payload));
  const envelope: Envelope = {
    payloadType: PAYLOAD_TYPE,
    payload: payload.toString('base64'),
    signatures: [signature],
  };
  return JSON.stringify(envelope);
}
