/**
 * Accounts at identity providers (https://openid.net/specs/openid-connect-core-1_0.html): a person signs in anew for one
 * statement, whose hash is the nonce, and the provider's ID token says so.
 */
import { createHash, type JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import { type Statement, wordLifetime } from '../contract/envelope.js';
import { formatDuration } from '../domain/duration.js';
import { type FindProviderKeys, SIGNATURE_ALGORITHMS, signingKey } from './provider-keys.js';
import { Malformed } from './ssh-wire.js';

export interface IdentityProvider {
  issuer: string;
  /** The client's ID there: whom its tokens are made out to. */
  audience: string;
  /** The only ones that count, where the policy says which. */
  keys?: JsonWebKey[];
}

/** By one of the two: `subject` is the provider's own name for it and never another's; an e-mail may be given on. */
export interface Account {
  issuer: string;
  subject?: string;
  email?: string;
  fingerprint: string;
}

export interface IdentityToken {
  text: string;
  algorithm: string;
  type?: string;
  claims: z.output<typeof claimsShape>;
}

/** Seconds since the epoch, as JSON Web Tokens have times. */
const seconds = z.number().min(0).max(9_999_999_999);

const claimsShape = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(255),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  nonce: z.string().optional(),
  iat: seconds,
  exp: seconds,
  auth_time: seconds.optional(),
  email: z.string().optional(),
  email_verified: z.unknown().optional(),
});

const headerShape = z.object({ alg: z.string(), typ: z.string().optional() });

/** How far two clocks may be apart, milliseconds. */
const SKEW = 60_000;

/** From signing in until the token is made out, milliseconds: what lies between is a page of consent. */
const LONGEST_SIGN_IN = 10 * 60_000;

/** @throws Malformed */
export function readAccount({ issuer, subject, email }: Omit<Account, 'fingerprint'>): Account {
  if (email !== undefined && !EMAIL.test(email))
    throw new Malformed('write the e-mail as the provider has it, in ASCII: letters that look alike are not the same');
  const name = email === undefined ? ['subject', subject] : ['email', email.toLowerCase()];
  const hash = createHash('sha256').update(JSON.stringify([issuer, ...name]));
  return { issuer, subject, email, fingerprint: `SHA256:${hash.digest('base64').replace(/=+$/, '')}` };
}

const EMAIL = /^[!-?A-~]+@[A-Za-z0-9.-]+$/;

/** @throws Malformed, SyntaxError, ZodError */
export function readToken(blob: Buffer): IdentityToken {
  const text = blob.toString('utf8');
  const [head = '', body = ''] = /^([\w-]+)\.([\w-]+)\.[\w-]*$/.exec(text)?.slice(1) ?? [];
  if (head === '') throw new Malformed('it is no ID token');
  const parsed = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  const { alg: algorithm, typ: type } = headerShape.parse(parsed(head));
  return { text, algorithm, type, claims: claimsShape.parse(parsed(body)) };
}

/** By what the token says of itself, whoever has made it. */
export function isOf({ claims }: IdentityToken, { issuer, subject, email }: Account): boolean {
  if (claims.iss !== issuer) return false;
  if (email === undefined) return claims.sub === subject;
  const { email: told = '', email_verified: isVerified } = claims;
  // In ASCII only: other letters become these when they are made small.
  return isVerified === true && EMAIL.test(told) && told.toLowerCase() === email.toLowerCase();
}

interface AskedSignIn {
  provider: IdentityProvider;
  statement: Statement;
  /** The statement's hash. */
  nonce: string;
  findKeys?: FindProviderKeys;
  /** Epoch milliseconds. */
  now: number;
}

/** @returns the key that it is signed with; why it does not prove that somebody has signed in for this very statement */
export async function identified(
  token: IdentityToken,
  asked: AskedSignIn,
): Promise<{ lack: string } | { verifiedBy: JsonWebKey }> {
  const lack = claimProblem(token, asked);
  if (lack !== undefined) return { lack };
  const { issuer, keys: pinned } = asked.provider;
  const found = pinned ? { keys: pinned } : await asked.findKeys?.(issuer, token.text);
  if (!found) return { lack: `nothing here knows the keys of ${issuer}: pin them in the policy` };
  if ('unknown' in found) return { lack: `the keys of ${issuer} are not known: ${found.unknown}` };
  const key = await signingKey(token.text, found.keys);
  return key ? { verifiedBy: key } : { lack: `no key of ${issuer} that is known here has signed it` };
}

/** Whether an ID token still counted when it was first shown, as its provider has it. */
export const hasRunOut = ({ claims }: IdentityToken, now: number): boolean => claims.exp * 1_000 + SKEW <= now;

function claimProblem(token: IdentityToken, { provider, statement, nonce, now }: AskedSignIn): string | undefined {
  const { aud, azp, auth_time: signedInAt, iat, exp, nonce: of, iss } = token.claims;
  if (iss !== provider.issuer) return 'it is of another issuer';
  const audiences = [aud].flat();
  if (!audiences.includes(provider.audience)) return 'it is made out to another audience';
  if ((azp ?? provider.audience) !== provider.audience || (audiences.length > 1 && azp === undefined))
    return 'it is made out to several, and not for this one to use';
  if (of !== nonce) return 'its nonce is that of another statement';
  if (token.type !== undefined && token.type.toUpperCase() !== 'JWT') return 'it is a token for something else';
  if (!SIGNATURE_ALGORITHMS.includes(token.algorithm)) return 'it is signed in a way that proves nothing to others';
  return timeProblem({ signedInAt, iat, exp, statement, now });
}

function timeProblem({
  signedInAt,
  iat,
  exp,
  statement,
  now,
}: {
  signedInAt: number | undefined;
  iat: number;
  exp: number;
  statement: Statement;
  now: number;
}): string | undefined {
  if (signedInAt === undefined) return 'it does not say when the person signed in: ask the provider with max_age=0';
  const [made, signedIn] = [iat * 1_000, signedInAt * 1_000];
  if (made > now + SKEW) return 'it was made out later than now';
  if (signedIn > made + SKEW) return 'it was made out before the person signed in';
  if (made - signedIn > LONGEST_SIGN_IN)
    return `the person had signed in ${formatDuration(made - signedIn)} before: it was not for this statement`;
  if (exp <= iat) return 'it has never counted';
  const longest = wordLifetime(statement.decision);
  if (Date.parse(statement.expires) > made + longest + SKEW)
    return `what it is for is to count for longer than ${formatDuration(longest)}`;
  return undefined;
}
