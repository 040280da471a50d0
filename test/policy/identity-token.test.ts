/** Words that an identity provider vouches for: its ID token, made out for the hash of one statement. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Statement } from '../../src/contract/envelope.js';
import { ENVELOPE_NAMESPACE, nonceOf, sealed, sealedByProvider, statementOf } from '../../src/policy/dsse.js';
import { judgeStart, judgeWord } from '../../src/policy/judge-act.js';
import { openEnvelope } from '../../src/policy/open-envelope.js';
import { loadPolicy, type Policy } from '../../src/policy/policy.js';
import type { FindProviderKeys } from '../../src/policy/provider-keys.js';
import { grantsOf } from '../../src/policy/words.js';
import { makeKey } from '../helpers/ssh-keys.js';
import { problemText } from './problems.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-identity-token-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bob = makeKey(folder, 'bob');

const ISSUER = 'https://accounts.example.com';
const AUDIENCE = 'surefoot';
const DIGEST = 'd'.repeat(64);
const NOW = Date.parse('2026-11-30T12:00:00Z');
const MINUTE = 60_000;

interface Pair {
  privateKey: CryptoKey;
  jwk: JWK;
}

async function pairOf(kid: string, algorithm = 'RS256'): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: algorithm, use: 'sig' } };
}

let provider: Pair;
let stranger: Pair;
beforeAll(async () => {
  [provider, stranger] = await Promise.all([pairOf('2026'), pairOf('2026')]);
});

interface Written {
  account?: string;
  keys?: readonly unknown[] | 'published';
  more?: string;
  people?: string;
}

const SUBJECT = 'subject: "248289761001"';

function fileOf({ account = SUBJECT, keys = [provider.jwk], more = '', people = '' }: Written = {}): string {
  const pinned = keys === 'published' ? '' : `, keys: ${JSON.stringify(keys)}`;
  return [
    'policy: 1\npeople:\n',
    `  ana: {name: Ana, roles: [lead], keys: [{kind: oidc, issuer: "${ISSUER}", ${account}}]}\n`,
    `  bob: {name: Bob, roles: [qa], keys: [{kind: ssh, key: "${bob.publicKey}"}]}\n`,
    people,
    `identityProviders:\n  - {issuer: "${ISSUER}", audience: ${AUDIENCE}${pinned}}\n`,
    'services:\n  shop: {start: [lead], approve: [qa]}\ndecisions:\n  rollback: [lead]\n',
    more,
  ].join('');
}

function policyOf(written: Written = {}): Policy {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, fileOf(written));
  return loadPolicy(file);
}

const problemsOf = (written: Written): string => problemText(() => policyOf(written));

const about = { deployment: 'shop-1', service: 'shop', plan: DIGEST, role: 'lead', person: 'ana' } as const;
const statement = (said: Partial<Statement> = {}) => statementOf({ ...about, decision: 'skip', ...said }, NOW);

interface Made {
  of?: Statement;
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
  by?: CryptoKey | Uint8Array;
}

const at = (milliseconds: number) => Math.floor(milliseconds / 1_000);

/** As a provider makes it out to somebody who has signed in for this statement just now. */
function tokenOf({ of = statement(), claims = {}, header = {}, by = provider.privateKey }: Made = {}): Promise<string> {
  const told = {
    iss: ISSUER,
    sub: '248289761001',
    aud: AUDIENCE,
    nonce: nonceOf(of),
    iat: at(NOW),
    auth_time: at(NOW),
    exp: at(NOW) + 3_600,
  };
  const payload = JSON.parse(JSON.stringify({ ...told, ...claims }));
  return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: '2026', ...header }).sign(by);
}

async function sealedWord(made: Made = {}): Promise<string> {
  const { of = statement() } = made;
  return sealedByProvider(of, await tokenOf({ ...made, of }));
}

const opened = async (made: Made = {}, policy = policyOf(), now = NOW + MINUTE) =>
  openEnvelope(policy, await sealedWord(made), now);

describe('a decision that an identity provider vouches for', () => {
  test('counts as any other signed word, by the policy alone', async () => {
    const envelope = await sealedWord();
    const found = await openEnvelope(policyOf(), envelope, NOW);
    expect(found).toMatchObject({ person: { id: 'ana' }, statement: { decision: 'skip' } });
    expect(found).toMatchObject({ verifiedBy: { kid: '2026', n: provider.jwk.n }, hasRunOut: false });
    const subject = { deployment: 'shop-1', service: 'shop', digest: DIGEST };
    const said = { kind: 'skip', who: 'ana', role: 'lead', envelope } as const;
    expect(await judgeWord(policyOf(), subject, said, NOW)).toBeUndefined();
    expect(await judgeWord(policyOf(), subject, { ...said, kind: 'retry' }, NOW)).toContain('what was signed is skip');
  });

  test('is of one statement: a token of another sign-in, or of another statement, proves nothing', async () => {
    const token = await tokenOf();
    const other = await sealedByProvider(statement({ decision: 'rollback' }), token);
    expect(await openEnvelope(policyOf(), other, NOW)).toEqual({
      refused: expect.stringContaining('its nonce is that of another statement'),
    });
    expect(await opened({ claims: { nonce: undefined } })).toEqual({ refused: expect.stringContaining('its nonce') });
  });

  test.each([
    ['another issuer', { claims: { iss: 'https://accounts.example.org' } }, 'with an account that is none of ana'],
    ['an issuer spelt otherwise', { claims: { iss: `${ISSUER}/` } }, 'with an account that is none of ana'],
    ['another audience', { claims: { aud: 'payroll' } }, 'made out to another audience'],
    ['several audiences, for another’s use', { claims: { aud: [AUDIENCE, 'x'], azp: 'x' } }, 'not for this one to use'],
    ['several audiences, for nobody’s use', { claims: { aud: [AUDIENCE, 'x'] } }, 'not for this one to use'],
    ['another account', { claims: { sub: '248289761002' } }, 'with an account that is none of ana'],
    ['a time to come', { claims: { iat: at(NOW) + 600 } }, 'made out later than now'],
    ['a sign-in to come', { claims: { auth_time: at(NOW) + 600 } }, 'before the person signed in'],
    ['a sign-in of this morning', { claims: { auth_time: at(NOW) - 4 * 3_600 } }, 'had signed in 4 h before'],
    ['a sign-in at no time', { claims: { auth_time: undefined } }, 'ask the provider with max_age=0'],
    ['no time in which it counts', { claims: { exp: at(NOW) } }, 'it has never counted'],
    ['another kind of token', { header: { typ: 'at+jwt' } }, 'a token for something else'],
    ['a key that the provider does not have', { header: { kid: '2025' } }, 'no key of https://accounts.example.com'],
  ] as [string, Made, string][])('is refused in words with a token of %s', async (_, made, why) => {
    expect(await opened(made)).toEqual({ refused: expect.stringContaining(why) });
  });

  test('is refused when somebody else has signed the token, in whatever way', async () => {
    expect(await opened({ by: stranger.privateKey })).toEqual({
      refused: expect.stringContaining('no key of https://accounts.example.com that is known here has signed it'),
    });
    // The provider's public key is no secret: taken for one, anybody could sign with it.
    const publicKey = Buffer.from(JSON.stringify(provider.jwk));
    const withSecret = await opened({ header: { alg: 'HS256' }, by: publicKey });
    expect(withSecret).toEqual({ refused: expect.stringContaining('proves nothing to others') });
    const [, body] = (await tokenOf()).split('.');
    const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const alg of ['none', 'None', 'NONE', '']) {
      for (const signature of ['', createHmac('sha256', '').update('x').digest('base64url')]) {
        const token = `${encoded({ alg, kid: '2026' })}.${body}.${signature}`;
        const unsigned = await openEnvelope(policyOf(), await sealedByProvider(statement(), token), NOW);
        expect(unsigned).toHaveProperty('refused');
      }
    }
    // A key that the token brings along is its own, and nobody's.
    const brought = await opened({ header: { jwk: stranger.jwk, jku: 'https://evil.test' }, by: stranger.privateKey });
    expect(brought).toHaveProperty('refused');
  });

  test('is refused by the account of somebody else, or one that is revoked', async () => {
    const revoked = policyOf({ account: `${SUBJECT}, revoked: 2026-01-01` });
    expect(await opened({}, revoked)).toEqual({ refused: 'the account of ana is revoked' });
    const of = statement({ person: 'bob', role: 'qa' });
    expect(await opened({ of })).toEqual({ refused: 'it is signed with an account that is none of bob' });
  });

  test('is to be taken before its token runs out, and counts on from then as long as was signed', async () => {
    const envelope = await sealedWord({ claims: { exp: at(NOW) + 300 } });
    const subject = { deployment: 'shop-1', service: 'shop', digest: DIGEST };
    const said = { kind: 'skip', who: 'ana', role: 'lead', envelope } as const;
    expect(await judgeWord(policyOf(), subject, said, NOW + 4 * MINUTE)).toBeUndefined();
    expect(await judgeWord(policyOf(), subject, said, NOW + 10 * MINUTE)).toContain('its ID token had run out');
    expect(await openEnvelope(policyOf(), envelope, NOW + 60 * MINUTE)).toMatchObject({ hasRunOut: true });
  });

  test('does not count for longer than such a word does, whatever the console has written into it', async () => {
    const of = { ...statement(), expires: new Date(NOW + 10 * 24 * 60 * MINUTE).toISOString() };
    expect(await opened({ of })).toEqual({ refused: expect.stringContaining('to count for longer than 24 h') });
  });

  test('a verified e-mail names a person where the policy says so, and no other does', async () => {
    const policy = policyOf({ account: 'email: "Ana.Souza@example.com"' });
    const email = 'ana.souza@example.com';
    expect(await opened({ claims: { email, email_verified: true } }, policy)).toMatchObject({ person: { id: 'ana' } });
    const refused = { refused: 'it is signed with an account that is none of ana' };
    for (const claims of [
      { email },
      { email, email_verified: false },
      { email, email_verified: 'true' },
      { email_verified: true },
      { email: 'eve@example.com', email_verified: true },
    ]) {
      expect(await opened({ claims }, policy)).toEqual(refused);
    }
    // The sign for kelvin becomes a k when it is made small.
    const kai = policyOf({ account: 'email: "kai@example.com"' });
    const kelvin = { email: '\u212Aai@example.com', email_verified: true };
    expect(await opened({ claims: kelvin }, kai)).toEqual(refused);
    // Whoever is named by subject is not found by an e-mail.
    expect(await opened({ claims: { sub: 'x', email, email_verified: true } })).toEqual(refused);
  });

  test('no token with anything else in place of what is right opens the envelope', async () => {
    const policy = policyOf();
    const wrong = fc.record(
      {
        iss: fc.webUrl().filter((url) => url !== ISSUER),
        sub: fc.string({ minLength: 1 }).filter((sub) => sub !== '248289761001'),
        aud: fc.string().filter((aud) => aud !== AUDIENCE),
        nonce: fc.string(),
        auth_time: fc.integer({ min: 0, max: at(NOW) - 601 }),
        iat: fc.integer({ min: at(NOW) + 121, max: 9_999_999_999 }),
      },
      { requiredKeys: [] },
    );
    const forgery = wrong.filter((claims) => Object.keys(claims).length > 0);
    await fc.assert(
      fc.asyncProperty(forgery, async (claims) => {
        expect(await opened({ claims }, policy)).toHaveProperty('refused');
      }),
      { numRuns: 200 },
    );
  });

  test('no character of a token can be changed', async () => {
    const [policy, token, of] = [policyOf(), await tokenOf(), statement()];
    const fixed = { ...of, nonce: 'f'.repeat(32) };
    const good = await tokenOf({ of: fixed });
    expect(await openEnvelope(policy, await sealedByProvider(fixed, good), NOW)).toHaveProperty('person');
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_.='), async (place, character) => {
        const changed = good.slice(0, place) + character + good.slice(place + 1);
        // The last character of a signature has bits that mean nothing.
        fc.pre(changed !== good && place < good.length - 1);
        expect(await openEnvelope(policy, await sealedByProvider(fixed, changed), NOW)).toHaveProperty('refused');
      }),
      { numRuns: 200 },
    );
  });
});

describe('the keys of an identity provider', () => {
  const finding =
    (answer: Awaited<ReturnType<FindProviderKeys>>): FindProviderKeys =>
    async () =>
      answer;

  test('are those that the policy pins, and then no others', async () => {
    const findProviderKeys = finding({ keys: [stranger.jwk] });
    const policy = { ...policyOf(), findProviderKeys };
    expect(await opened({}, policy)).toMatchObject({ person: { id: 'ana' } });
    expect(await opened({ by: stranger.privateKey }, policy)).toHaveProperty('refused');
  });

  test('are looked for where the policy pins none, and are unknown, with the reason, where they are not found', async () => {
    const policy = policyOf({ keys: 'published' });
    expect(await opened({}, policy)).toEqual({ refused: expect.stringContaining('pin them in the policy') });
    const found = { ...policy, findProviderKeys: finding({ keys: [stranger.jwk, provider.jwk] }) };
    expect(await opened({}, found)).toMatchObject({ verifiedBy: { n: provider.jwk.n } });
    const silent = { ...policy, findProviderKeys: finding({ unknown: 'no answer within 5 s' }) };
    expect(await opened({}, silent)).toEqual({
      refused: expect.stringContaining('the keys of https://accounts.example.com are not known: no answer within 5 s'),
    });
  });

  test('are those for signing, of every usual kind', async () => {
    for (const algorithm of ['PS256', 'ES256', 'ES384', 'EdDSA']) {
      const pair = await pairOf('2026', algorithm);
      const policy = policyOf({ keys: [pair.jwk] });
      const made = { header: { alg: algorithm }, by: pair.privateKey };
      expect(await opened(made, policy)).toMatchObject({ person: { id: 'ana' } });
    }
    const secret = new TextEncoder().encode('s'.repeat(32));
    const shared = { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: '2026' };
    const published = { ...policyOf({ keys: 'published' }), findProviderKeys: finding({ keys: [shared] }) };
    expect(await opened({ header: { alg: 'HS256' }, by: secret }, published)).toHaveProperty('refused');
    const forEncryption = finding({ keys: [{ ...provider.jwk, use: 'enc' }] });
    const other = { ...published, findProviderKeys: forEncryption };
    expect(await opened({}, other)).toHaveProperty('refused');
  });
});

describe('a policy', () => {
  test('says which roles take which proof, and no other counts', async () => {
    const policy = policyOf({ more: 'proofs: {lead: [passkey, oidc], qa: [ssh]}\n' });
    expect(await opened({}, policy)).toMatchObject({ person: { id: 'ana' } });
    const key = `, {kind: ssh, key: "${makeKey(folder, 'ana').publicKey}"}`;
    const stricter = policyOf({ account: `${SUBJECT}}${key.slice(0, -1)}`, more: 'proofs: {lead: [ssh]}\n' });
    expect(await opened({}, stricter)).toEqual({ refused: 'as lead, ana has to prove it by ssh, not by oidc' });
    const start = await sealedWord({ of: statement({ decision: 'start', role: '' }) });
    expect(await openEnvelope(stricter, start, NOW)).toEqual({
      refused: 'as lead, ana has to prove it by ssh, not by oidc',
    });
    const subject = { deployment: 'shop-1', service: 'shop', digest: DIGEST };
    const said = { kind: 'start', who: 'ana', role: '', envelope: start } as const;
    expect(await judgeStart(policy, subject, [said], NOW)).toBeUndefined();
    expect(await judgeStart(policy, subject, [said], NOW + 120 * MINUTE)).toContain('its ID token had run out');
    const of = statement({ person: 'bob', role: 'constructor' });
    const odd = await sealed(of, (message) => bob.sign(message, ENVELOPE_NAMESPACE));
    expect(await openEnvelope(policy, odd, NOW)).toMatchObject({ person: { id: 'bob' } });
  });

  test('says in words who is vouched for by whom', () => {
    const words = grantsOf(policyOf({ more: 'proofs: {lead: [passkey, oidc]}\n' }), NOW);
    expect(words[0]).toBe(`ana (Ana) is lead, and signs with the account 248289761001 at ${ISSUER}`);
    expect(words).toContain(`${ISSUER} says to surefoot who has signed in, by the keys that are pinned here`);
    expect(words).toContain('a word of lead is proven by passkey or oidc');
    const published = grantsOf(policyOf({ keys: 'published' }), NOW);
    expect(published).toContain(`${ISSUER} says to surefoot who has signed in, by the keys that it publishes`);
  });

  const eve = (account: string) =>
    `  eve: {name: Eve, roles: [qa], keys: [{kind: oidc, issuer: "${ISSUER}", ${account}}]}\n`;

  test.each([
    ['an account of two people', () => ({ people: eve(SUBJECT) }), /eve.keys\[0\].issuer: Is a key of ana already/],
    [
      'people named by subject and by e-mail',
      () => ({ people: eve('email: "eve@example.com"') }),
      /eve.keys\[0\].email: Name all people of https:\/\/accounts.example.com by the same/,
    ],
    [
      'an account that has both',
      () => ({ people: eve('subject: a, email: "eve@example.com"') }),
      /exactly one of subject, email/,
    ],
    ['an account that has neither', () => ({ people: eve('from: 2026-01-01') }), /exactly one of subject, email/],
    ['an e-mail in other letters', () => ({ people: eve('email: "\u0435ve@example.com"') }), /in ASCII/],
    [
      'a provider that it does not know',
      () => ({ people: eve('subject: a').replace(ISSUER, `${ISSUER}/`) }),
      /eve.keys\[0\].issuer: Is none of `identityProviders`/,
    ],
    ['a provider without TLS', () => ({ people: eve('subject: a').replace('https', 'http') }), /Write an issuer/],
    ['a secret key', () => ({ keys: [{ ...stranger.jwk, d: 'AQAB' }] }), /keys\[0\]: .*it is a secret one/],
    ['a shared key', () => ({ keys: [{ kty: 'oct', k: 'AQAB' }] }), /keys\[0\]: .*it is a secret one/],
    ['a key that is cut off', () => ({ keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] }), /RSA key below 2048 bits/],
    ['a key of no kind', () => ({ keys: [{ kty: 'AKP' }] }), /no JSON Web Key/],
    ['a key for something else', () => ({ keys: [{ ...stranger.jwk, use: 'enc' }] }), /it is not for signing/],
    ['proofs of a role of nobody', () => ({ more: 'proofs: {leed: [oidc]}\n' }), /Nobody has the role leed/],
    ['a proof of no kind', () => ({ more: 'proofs: {lead: [password]}\n' }), /proofs.lead/],
    [
      'a role that its people cannot prove',
      () => ({ more: 'proofs: {qa: [passkey, oidc]}\n' }),
      /people.bob.keys: Has no passkey or oidc, which is what proves a word of qa/,
    ],
  ] as [string, () => Written, RegExp][])('is refused with its place: %s', (_, written, problem) => {
    expect(problemsOf(written())).toMatch(problem);
  });
});
