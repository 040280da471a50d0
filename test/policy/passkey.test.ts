/** Words signed by a passkey: a real browser, and an authenticator of its own that asks nobody. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeCBOR } from '@levischuck/tiny-cbor';
import { verifyRegistrationResponse } from '@simplewebauthn/server';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withPage } from '../../src/adapters/application/browser.js';
import type { Statement } from '../../src/contract/envelope.js';
import { sealedByPasskey, statementOf } from '../../src/policy/dsse.js';
import { judgeWord } from '../../src/policy/judge-act.js';
import { openEnvelope } from '../../src/policy/open-envelope.js';
import { loadPolicy } from '../../src/policy/policy.js';
import { grantsOf } from '../../src/policy/words.js';
import { serve, type TestServer } from '../helpers/server.js';
import { makeKey } from '../helpers/ssh-keys.js';
import { askIn, inPage, type VirtualAuthenticator, virtualAuthenticator } from '../helpers/virtual-authenticator.js';
import { problemText } from './problems.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-passkey-'));
const bob = makeKey(folder, 'bob');
const ends: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

interface Credential {
  credential: string;
  key: string;
}

const DIGEST = 'd'.repeat(64);
let site: TestServer;
let page: Page;
let authenticator: VirtualAuthenticator;
let ana: Credential;
let eve: Credential;

const origin = () => `http://localhost:${site.port}`;

beforeAll(async () => {
  site = await serve(
    (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>'),
    (end) => ends.push(end),
  );
  await new Promise<void>((ready, failed) => {
    const open = new Promise<void>((close) => ends.push(close));
    const work = withPage(AbortSignal.timeout(100_000), async (observed) => {
      ({ page } = observed);
      await page.goto(origin());
      authenticator = await virtualAuthenticator(page);
      ana = await register('ana');
      eve = await register('eve');
      ready();
      await open;
    });
    work.catch(failed);
  });
}, 60_000);

async function register(name: string): Promise<Credential> {
  const challenge = Buffer.from(`register ${name}`).toString('base64url');
  const response = await inPage<Parameters<typeof verifyRegistrationResponse>[0]['response']>(page, 'create', {
    challenge,
    rp: { id: 'localhost', name: 'Surefoot' },
    user: { id: Buffer.from(name).toString('base64url'), name, displayName: name },
    pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
    authenticatorSelection: { userVerification: 'required' },
  });
  const asked = { expectedChallenge: challenge, expectedOrigin: origin(), expectedRPID: 'localhost' };
  const { registrationInfo } = await verifyRegistrationResponse({ response, ...asked });
  const { id = '', publicKey = new Uint8Array() } = registrationInfo?.credential ?? {};
  return { credential: id, key: Buffer.from(publicKey).toString('base64') };
}

const ask = ({ credential }: Credential, userVerification?: string) => askIn(page, credential, userVerification);

interface Written {
  key?: string;
  more?: string;
  place?: string;
  credential?: string;
}

function policyOf({ key = ana.key, credential = ana.credential, more = '', place }: Written = {}) {
  const file = join(folder, 'policy.yaml');
  const passkey = `{kind: passkey, credential: "${credential}", key: "${key}"${more}}`;
  const text = [
    'policy: 1\npeople:\n',
    `  ana: {name: Ana, roles: [lead], keys: [${passkey}]}\n`,
    `  bob: {name: Bob, roles: [qa], keys: [{kind: ssh, key: "${bob.publicKey}"}]}\n`,
    place ?? `passkeys: {id: localhost, origins: ["${origin()}"]}\n`,
    'services:\n  shop: {start: [lead], approve: [qa]}\ndecisions:\n  rollback: [lead]\n',
  ];
  writeFileSync(file, text.join(''));
  return loadPolicy(file);
}

const problemOf = (written: Written): string => problemText(() => policyOf(written));

const about = { deployment: 'shop-1', service: 'shop', plan: DIGEST, role: 'lead', person: 'ana' } as const;
const statement = (said: Partial<Statement> = {}) => statementOf({ ...about, decision: 'skip', ...said }, Date.now());
const seal = (by = ana, said: Partial<Statement> = {}) => sealedByPasskey(statement(said), ask(by));

describe('a decision that is signed by a passkey', () => {
  test('counts as any other signed word, by the policy alone', async () => {
    const envelope = await seal();
    const opened = await openEnvelope(policyOf(), envelope, Date.now());
    expect(opened).toMatchObject({ person: { id: 'ana' }, statement: { decision: 'skip' } });
    const subject = { deployment: 'shop-1', service: 'shop', digest: DIGEST };
    const said = { kind: 'skip', who: 'ana', role: 'lead', envelope } as const;
    expect(await judgeWord(policyOf(), subject, said, Date.now())).toBeUndefined();
    expect(await judgeWord(policyOf(), subject, { ...said, kind: 'retry' }, Date.now())).toContain('is skip');
  });

  test('is of one statement: another one under the same answer is refused', async () => {
    const envelope = JSON.parse(await seal());
    const payload = Buffer.from(JSON.stringify(statement({ decision: 'rollback' }))).toString('base64');
    const opened = await openEnvelope(policyOf(), JSON.stringify({ ...envelope, payload }), Date.now());
    expect(opened).toEqual({ refused: expect.stringContaining('is not one of ana for this very statement') });
    expect(opened).toEqual({ refused: expect.stringContaining('challenge') });
  });

  test('is refused where nobody has looked at who is there', async () => {
    const { cdp, authenticatorId } = authenticator;
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
    const envelope = await sealedByPasskey(statement(), ask(ana, 'discouraged'));
    await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
    expect(await openEnvelope(policyOf(), envelope, Date.now())).toEqual({
      refused: expect.stringContaining('User verification required'),
    });
  });

  test('is refused when it was given on another page, or for another domain', async () => {
    const envelope = await seal();
    const elsewhere = policyOf({ place: 'passkeys: {id: localhost, origins: ["https://surefoot.example.com"]}\n' });
    expect(await openEnvelope(elsewhere, envelope, Date.now())).toEqual({
      refused: expect.stringContaining('origin'),
    });
    const other = policyOf({ place: `passkeys: {id: example.com, origins: ["${origin()}"]}\n` });
    expect(await openEnvelope(other, envelope, Date.now())).toEqual({ refused: expect.stringMatching(/RP ?ID/i) });
  });

  test('is refused by a passkey that is somebody else’s, is revoked, or says that it is of another key', async () => {
    expect(await openEnvelope(policyOf(), await seal(eve), Date.now())).toEqual({
      refused: 'it is signed with a key that is none of ana',
    });
    const envelope = await seal();
    const otherKey = policyOf({ key: eve.key });
    expect(await openEnvelope(otherKey, envelope, Date.now())).toEqual({
      refused: expect.stringContaining('its signature is of another key or message'),
    });
    const revoked = policyOf({ more: ', revoked: 2026-01-01' });
    expect(await openEnvelope(revoked, envelope, Date.now())).toEqual({ refused: 'the key of ana is revoked' });
  });

  test('counts no more once the policy asks for a higher counter: what a copy has signed ends so', async () => {
    const envelope = await seal();
    const ahead = policyOf({ more: ', counter: 1000000' });
    expect(await openEnvelope(ahead, envelope, Date.now())).toEqual({ refused: expect.stringContaining('counter') });
  });
});

describe('a policy', () => {
  test('says in words who signs with a passkey, and where', () => {
    const words = grantsOf(policyOf(), Date.now());
    expect(words[0]).toMatch(/^ana \(Ana\) is lead, and signs with passkey SHA256:/);
    expect(words).toContain(`passkeys sign on ${origin()}, as those of localhost`);
  });

  test('is refused with a passkey that is cut off, of another kind, or has no place to sign on', () => {
    const cut = Buffer.from(ana.key, 'base64').subarray(0, 40).toString('base64');
    expect(problemOf({ key: cut })).toContain('people.ana.keys[0].key: Is no key to go by: it is no COSE key');
    const unknown = Buffer.from(encodeCBOR(new Map([[1, 2]]))).toString('base64');
    expect(problemOf({ key: unknown })).toContain('of a kind that is not known: ES256, EdDSA and RS256 are');
    expect(problemOf({ credential: 'a' })).toContain('its credential ID is not base64url');
    expect(problemOf({ place: '' })).toContain('Nothing says where passkeys sign');
    expect(problemOf({ place: 'passkeys: {id: a.com, origins: ["http://a.com"]}\n' })).toContain('Write an origin');
  });
});
