/** Signing in to the console, and standing for a decision there: at a real identity provider. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { publishedKeys } from '../../../src/activities/published-keys.js';
import { clientSecret } from '../../../src/console/identity/client-secret.js';
import { identitySignIn } from '../../../src/console/identity/identity-sign-in.js';
import { CONFIRMED } from '../../../src/console/pages/decision-page.js';
import { SIGN_IN_PATH, type SignIn, signInLink } from '../../../src/console/signed-in.js';
import { saidBy } from '../../../src/contract/envelope.js';
import type { Decision, Ledger } from '../../../src/domain/ledger/ledger.js';
import { type Envelope, PAYLOAD_TYPE, preAuthentication } from '../../../src/policy/dsse.js';
import { judgeWord } from '../../../src/policy/judge-act.js';
import { openEnvelope } from '../../../src/policy/open-envelope.js';
import { loadPolicy, type Policy } from '../../../src/policy/policy.js';
import { type RealProvider, realProvider, TestBrowser } from '../../helpers/identity-provider.js';
import { lookWith, consoleWith as pagesWith, signOffs } from '../looks.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-sign-in-'));
const OWN = 'http://127.0.0.1:8080';
const DIGEST = 'd'.repeat(64);
const SESSION = 'surefoot-session';

let provider: RealProvider;
beforeAll(async () => {
  provider = await realProvider({ client: 'surefoot', back: [OWN] });
});
afterAll(async () => {
  await provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @param by what people are known by */
function policyOf(by: 'subject' | 'email' = 'subject', more = '', issuer = provider.issuer): Policy {
  const file = join(folder, 'policy.yaml');
  const account = (id: string) => (by === 'subject' ? `subject: ${id}` : `email: "${id}@example.com"`);
  const person = (id: string, role: string, keys: string) =>
    `  ${id}: {name: ${id.toUpperCase()}, roles: [${role}], keys: [${keys}]}\n`;
  const oidc = (id: string) => `{kind: oidc, issuer: "${issuer}", ${account(id)}}`;
  const text = [
    `policy: 1\npeople:\n${person('ana', 'lead', oidc('ana'))}${person('bob', 'qa', oidc('bob'))}`,
    `identityProviders: [{issuer: "${issuer}", audience: surefoot}]\n`,
    'services:\n  shop: {start: [lead], approve: [qa]}\ndecisions:\n  rollback: [lead]\n',
    more,
  ];
  writeFileSync(file, text.join(''));
  return loadPolicy(file);
}

const ledger = {
  deployment: 'shop-1',
  service: 'shop',
  digest: DIGEST,
  proposal: { digest: 'p'.repeat(64), commit: 'c'.repeat(40) },
  demands: { signed: ['start', 'approve', 'skip'], people: [], approve: ['qa'], roles: {} },
  questions: [],
} as unknown as Ledger;

const approval: Decision = { kind: 'approve', who: 'bob', role: 'qa', deployment: 'shop-1', digest: 'p'.repeat(64) };

/** The console, as far as signing in goes, and what was sent from it. */
async function consoleWith(policy = policyOf(), clock: () => number = Date.now) {
  const signIn: SignIn = await identitySignIn({ policy, issuer: provider.issuer, clock });
  const sent: Decision[] = [];
  const said = { decision: approval, ledger };
  const app = new Hono();
  app.route(SIGN_IN_PATH, signIn.pages);
  app.get('/who', async ({ req, json }) => json((await signIn.whoAsks(req.raw)) ?? null));
  app.post('/say', ({ req }) =>
    signIn.prove({ ...said, request: req.raw, page: '/deployments/shop-1' }, async (proven) => {
      sent.push(proven);
      return new Response('sent');
    }),
  );
  app.onError((error, { text }) => text(error.message, 403));
  const browser = () => new TestBrowser(OWN, (request) => app.fetch(request));
  return { signIn, sent, said, browser };
}

async function signedIn(browser: TestBrowser, account: string) {
  const { next = '' } = await browser.go(`${OWN}${signInLink('/waiting?role=qa')}`);
  return await browser.go(await browser.signInAt(next, account));
}

const whoIs = async (browser: TestBrowser) => (await browser.go(`${OWN}/who`)).response.json();

/** Says it, and signs in for it anew. @returns where the provider sends the browser back to */
async function saidAndSignedIn(browser: TestBrowser, account: string): Promise<string> {
  const { next = '' } = await browser.go(`${OWN}/say`, {});
  return await browser.signInAt(next, account);
}

describe('whoever signs in', () => {
  test('is asked by code, PKCE, state and nonce, and is who the policy says from then on', async () => {
    const { browser: newBrowser, signIn } = await consoleWith();
    const browser = newBrowser();
    expect(await whoIs(browser)).toBeNull();
    const { next = '' } = await browser.go(`${OWN}${signInLink('/waiting?role=qa')}`);
    const asked = new URL(next).searchParams;
    expect(signIn.leadsTo).toEqual([provider.issuer]);
    expect(Object.fromEntries(asked)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      scope: 'openid',
      redirect_uri: `${OWN}/sign-in/back`,
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked.get(name)).toMatch(/^[\w-]{43}$/);
    const { response, next: page } = await browser.go(await browser.signInAt(next, 'ana'));
    expect(page).toBe(`${OWN}/waiting?role=qa`);
    const cookie = response.headers.getSetCookie().find((line) => line.startsWith(SESSION));
    expect(cookie).toMatch(/^surefoot-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await whoIs(browser)).toEqual({ person: 'ana', name: 'ANA', roles: ['lead'] });
    expect(await whoIs(newBrowser())).toBeNull();
  });

  test('is known by a verified e-mail where the policy has those', async () => {
    const browser = (await consoleWith(policyOf('email'))).browser();
    await signedIn(browser, 'bob');
    expect(await whoIs(browser)).toMatchObject({ person: 'bob' });
  });

  test('is nobody with an account that the policy does not know', async () => {
    const browser = (await consoleWith()).browser();
    const { response } = await signedIn(browser, 'eve');
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('Your account there is nobody’s here');
    expect(await whoIs(browser)).toBeNull();
  });

  test('gets a session of a new name: one that somebody has planted is nobody’s', async () => {
    const browser = (await consoleWith()).browser();
    browser.plant(SESSION, 'planted');
    await signedIn(browser, 'ana');
    expect(browser.cookie(SESSION)).not.toBe('planted');
    const first = browser.cookie(SESSION) ?? '';
    await signedIn(browser, 'ana');
    const other = (await consoleWith()).browser();
    other.plant(SESSION, first);
    expect(await whoIs(other)).toBeNull();
  });

  test('is signed out after half an hour away, after a working day, and when the policy takes the account back', async () => {
    let now = Date.now();
    const policy = policyOf();
    const { browser: newBrowser } = await consoleWith(policy, () => now);
    const [away, busy] = [newBrowser(), newBrowser()];
    await signedIn(away, 'ana');
    await signedIn(busy, 'bob');
    for (let minutes = 0; minutes < 8 * 60 - 20; minutes += 20) {
      now += 20 * 60_000;
      expect(await whoIs(busy)).toMatchObject({ person: 'bob' });
    }
    expect(await whoIs(away)).toBeNull();
    now += 20 * 60_000;
    expect(await whoIs(busy)).toBeNull();
    const third = newBrowser();
    await signedIn(third, 'ana');
    const [key] = policy.people.get('ana')?.keys ?? [];
    if (key) key.revoked = now;
    expect(await whoIs(third)).toBeNull();
  });

  test('signs out here, and is led to sign out there', async () => {
    const browser = (await consoleWith()).browser();
    await signedIn(browser, 'ana');
    const session = browser.cookie(SESSION) ?? '';
    const { next } = await browser.go(`${OWN}${SIGN_IN_PATH}/out`, {});
    expect(next).toMatch(new RegExp(`^${provider.issuer}/session/end\\?.*id_token_hint=`));
    expect(browser.cookie(SESSION)).toBeUndefined();
    browser.plant(SESSION, session);
    expect(await whoIs(browser)).toBeNull();
  });

  test('does so by what this browser has begun, once, and soon', async () => {
    let now = Date.now();
    const { browser: newBrowser } = await consoleWith(policyOf(), () => now);
    const [browser, other] = [newBrowser(), newBrowser()];
    const refused = async (asking: TestBrowser, place: string) => {
      const { response } = await asking.go(place);
      expect(response.status).toBe(403);
      expect(await response.text()).toContain('This browser has asked for no such sign-in');
      expect(await whoIs(asking)).toBeNull();
    };
    const begun = async () => {
      const { next = '' } = await browser.go(`${OWN}${signInLink('/')}`);
      return await browser.signInAt(next, 'ana');
    };
    await refused(other, await begun());
    await refused(browser, `${OWN}${SIGN_IN_PATH}/back?code=x&state=y`);
    await refused(browser, `${OWN}${SIGN_IN_PATH}/back`);
    const late = await begun();
    now += 11 * 60_000;
    await refused(browser, late);
  });
});

describe('a decision', () => {
  test('is signed in for anew, with its hash as the nonce, and the runner verifies that by keys that it asks for itself', async () => {
    const policy = policyOf();
    const { browser: newBrowser, sent } = await consoleWith(policy);
    const browser = newBrowser();
    await signedIn(browser, 'bob');
    const { next = '' } = await browser.go(`${OWN}/say`, {});
    expect(new URL(next).searchParams.get('max_age')).toBe('0');
    // Though the provider knows who it is: somebody may have left the browser open.
    const asked = new URL(next);
    const back = await browser.signInAt(next, 'bob');
    expect(sent).toEqual([]);
    expect(await (await browser.go(back)).response.text()).toBe('sent');
    const [decision] = sent;
    const envelope = decision?.envelope ?? '';
    const runner = { ...policy, findProviderKeys: publishedKeys(mkdtempSync(join(folder, 'state-'))) };
    const opened = await openEnvelope(runner, envelope, Date.now());
    expect(opened).toMatchObject({
      person: { id: 'bob' },
      statement: { decision: 'approve', role: 'qa', proposal: 'p'.repeat(64), commit: 'c'.repeat(40), plan: DIGEST },
      verifiedBy: { kid: provider.key.kid, n: provider.key.n },
    });
    const { payload } = JSON.parse(envelope) as Envelope;
    const signed = preAuthentication(PAYLOAD_TYPE, Buffer.from(payload, 'base64'));
    expect(asked.searchParams.get('nonce')).toBe(createHash('sha256').update(signed).digest('base64url'));
    const subject = { deployment: 'shop-1', service: 'shop', digest: DIGEST };
    expect(await judgeWord(runner, subject, saidBy(decision ?? approval), Date.now())).toBeUndefined();
    // The console's own session proves nothing to the runner, nor do its other sign-ins.
    expect(await openEnvelope(policy, envelope, Date.now())).toEqual({
      refused: expect.stringContaining('pin them in the policy'),
    });
  });

  test('takes the person to sign in, though the provider still knows them', async () => {
    const { browser: newBrowser } = await consoleWith();
    const browser = newBrowser();
    await signedIn(browser, 'bob');
    const { next: again = '' } = await browser.go(`${OWN}${signInLink('/')}`);
    expect(await browser.askedAt(again)).toBeUndefined();
    const { next = '' } = await browser.go(`${OWN}/say`, {});
    expect(await browser.askedAt(next)).toBe('login');
  });

  test('is sent once: an address that is opened again, or elsewhere, does nothing', async () => {
    const { browser: newBrowser, sent } = await consoleWith();
    const [browser, other] = [newBrowser(), newBrowser()];
    await signedIn(browser, 'bob');
    const back = await saidAndSignedIn(browser, 'bob');
    await other.go(back);
    expect(sent).toEqual([]);
    await browser.go(back);
    await browser.go(back);
    expect(sent).toHaveLength(1);
  });

  test('is not sent when somebody else signs in for it, or nobody does', async () => {
    const { browser: newBrowser, sent } = await consoleWith();
    const browser = newBrowser();
    await signedIn(browser, 'bob');
    const { response } = await browser.go(await saidAndSignedIn(browser, 'ana'));
    expect(await response.text()).toContain('ana has signed in there, and it is bob who says it');
    const { next = '' } = await browser.go(`${OWN}/say`, {});
    const { next: page } = await browser.go(await browser.giveUpAt(next));
    expect(page).toBe(`${OWN}/deployments/shop-1`);
    expect(sent).toEqual([]);
  });

  test('is nobody’s before somebody has signed in, and no other’s afterwards', async () => {
    const { browser: newBrowser, sent } = await consoleWith();
    const browser = newBrowser();
    const { next } = await browser.go(`${OWN}/say`, {});
    expect(next).toBe(`${OWN}${signInLink('/deployments/shop-1')}`);
    await signedIn(browser, 'ana');
    const { response } = await browser.go(`${OWN}/say`, {});
    expect(await response.text()).toContain('You have signed in as ana, and not as bob');
    expect(sent).toEqual([]);
  });

  test('is not signed in for by who has read something else than what is asked for by now', async () => {
    const { browser: newBrowser, sent, said } = await consoleWith();
    const browser = newBrowser();
    await signedIn(browser, 'bob');
    said.decision = { ...approval, digest: 'f'.repeat(64) };
    const { response, next } = await browser.go(`${OWN}/say`, {});
    expect(await response.text()).toContain('What you have read is not what is asked for by now');
    expect(next).toBeUndefined();
    expect(sent).toEqual([]);
  });

  test('is not taken in a role that takes another proof, and goes as it is where none is asked for', async () => {
    const more = 'signed: []\nproofs: {qa: [passkey]}\n';
    const { browser: newBrowser, sent, said } = await consoleWith(policyOf('subject', more));
    const browser = newBrowser();
    await signedIn(browser, 'bob');
    const { response } = await browser.go(`${OWN}/say`, {});
    expect(await response.text()).toContain('As qa, approve is proven by passkey, and not by signing in');
    expect(sent).toEqual([]);
    said.ledger = { ...ledger, demands: undefined } as Ledger;
    await browser.go(`${OWN}/say`, {});
    expect(sent).toEqual([approval]);
  });
});

test('on the console’s own pages somebody signs in, signs off and signs out; without a form of theirs nothing happens', async () => {
  const policy = policyOf();
  const people = [{ id: 'bob', name: 'BOB', roles: ['qa'] }];
  const demands: Ledger['demands'] = { signed: ['start', 'approve'], people, approve: ['qa'], roles: {} };
  const look = lookWith({ questions: [signOffs()], approvals: [], demands });
  const { app, sent } = pagesWith({ looks: [look], signIn: await identitySignIn({ policy, issuer: provider.issuer }) });
  const browser = new TestBrowser(OWN, (request) => app.fetch(request));
  await signedIn(browser, 'bob');
  const page = async (path: string) => (await browser.go(`${OWN}${path}`)).response.text();
  const token = (text: string) => /name="token" value="([^"]*)"/.exec(text)?.[1] ?? '';
  const home = await page('/');
  expect(home).toContain('Signed in as BOB');
  const decide = `/deployments/${look.ledger.deployment}/decide/sign-offs`;
  const approve = {
    answer: 'approve',
    speaker: 'bob/qa',
    digest: look.ledger.proposal?.digest ?? '',
    [CONFIRMED]: 'yes',
  };
  expect((await browser.go(`${OWN}${decide}`, approve)).response.status).toBe(403);
  const { next = '' } = await browser.go(`${OWN}${decide}`, { ...approve, token: token(await page(decide)) });
  const { response } = await browser.go(await browser.signInAt(next, 'bob'));
  expect(await response.text()).toContain('signed off as qa');
  const runner = { ...policy, findProviderKeys: publishedKeys(mkdtempSync(join(folder, 'state-'))) };
  expect(await openEnvelope(runner, sent[0]?.envelope ?? '', Date.now())).toMatchObject({ person: { id: 'bob' } });
  expect((await browser.go(`${OWN}${SIGN_IN_PATH}/out`, {})).response.status).toBe(403);
  expect(browser.cookie(SESSION)).toBeDefined();
  await browser.go(`${OWN}${SIGN_IN_PATH}/out`, { token: token(home) });
  expect(await page('/')).not.toContain('Signed in as');
});

test.each(['client_secret_basic', 'client_secret_post'] as const)(
  'a confidential client proves itself as its provider takes it, and nobody signs in by a client that does not: %s',
  async (by) => {
    const confidential = await realProvider({
      client: 'surefoot',
      back: [OWN],
      secret: { value: 'of the client', by },
    });
    try {
      const { issuer } = confidential;
      const policy = policyOf('subject', '', issuer);
      const signingIn = async (secret: string | undefined) => {
        const { app } = pagesWith({ signIn: await identitySignIn({ policy, issuer, ...(secret && { secret }) }) });
        const browser = new TestBrowser(OWN, (request) => app.fetch(request));
        const { response } = await signedIn(browser, 'bob');
        return { said: await response.text(), home: await (await browser.go(`${OWN}/`)).response.text() };
      };
      vi.stubEnv('SECRET_OF_CLIENT', 'of the client');
      const right = await signingIn(await clientSecret('env:SECRET_OF_CLIENT'));
      expect(right.home).toContain('Signed in as BOB');
      for (const wrong of ['of another', undefined]) {
        const { said, home } = await signingIn(wrong);
        expect(said).toContain('The identity provider does not know this console');
        expect(home).not.toContain('Signed in as');
      }
    } finally {
      vi.unstubAllEnvs();
      await confidential.stop();
    }
  },
);

test('a client’s secret is where a reference says; one that was written in place of it is not repeated', async () => {
  const refusal = (written: string) => clientSecret(written).then(String, (error: Error) => error.message);
  expect(await refusal('pa55word')).toContain('Not a reference to a secret');
  expect(await refusal('pa55word')).not.toContain('pa55word');
  expect(await refusal('env:NOT_SET_ANYWHERE')).toContain('The client’s secret is not known');
  const file = join(folder, 'secret');
  writeFileSync(file, 'of the client\n');
  expect(await clientSecret(`file:${file}`)).toBe('of the client');
});

test('a provider that does not answer is said so', async () => {
  const policy = policyOf();
  const issuer = 'http://127.0.0.1:9';
  policy.identityProviders.set(issuer, { issuer, audience: 'surefoot' });
  await expect(identitySignIn({ policy, issuer })).rejects.toThrow(`The identity provider ${issuer} cannot be asked`);
  await expect(identitySignIn({ policy, issuer: 'https://other' })).rejects.toThrow('knows no identity provider');
});
