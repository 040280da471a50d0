/** Decisions that wait for their signature by a passkey: in one session, of one person's own keys, once. */
import { beforeAll, describe, expect, test } from 'vitest';
import { PasskeySignings } from '../../../src/console/identity/passkey-signings.js';
import { NOBODY, SIGNING_PATH } from '../../../src/console/signed-in.js';
import type { Decision } from '../../../src/domain/ledger/ledger.js';
import { nonceOf, statementOf } from '../../../src/policy/dsse.js';
import { readPasskey } from '../../../src/policy/passkey.js';
import { madePasskey } from '../../../src/policy/passkey-enrolment.js';
import type { Policy } from '../../../src/policy/policy.js';
import { makePasskey } from '../../helpers/authenticator.js';
import { consoleWith } from '../looks.js';

const origin = 'https://surefoot.example.com';
const place = { id: 'surefoot.example.com', origins: [origin] };
const decision: Decision = { kind: 'skip', who: 'bob', role: 'qa', deployment: 'shop-1', why: 'x' };
const about = { deployment: 'shop-1', service: 'shop', plan: 'd'.repeat(64), role: 'qa', person: 'bob' } as const;
const request = new Request(`${origin}${SIGNING_PATH}`);

let policy: Policy;
let credential: string;
beforeAll(async () => {
  const answer = makePasskey({ challenge: 'a', origin, id: place.id });
  const made = await madePasskey(answer, { place, origin, isAsked: () => true });
  if ('refused' in made) throw new Error(made.refused);
  ({ credential } = made);
  const keys = [{ kind: 'passkey' as const, public: readPasskey({ ...made, counter: 0 }) }];
  policy = {
    people: new Map([['bob', { id: 'bob', name: 'Bob', roles: ['qa'], keys }]]),
    ...{ passkeys: place, identityProviders: new Map(), proofs: new Map(), services: new Map(), decisions: {} },
    ...{ signed: new Set(), automaticRollback: true, runners: {} },
  };
});

function signing() {
  const browser = { session: 'of bob', now: 0, at: origin };
  const sent: Decision[] = [];
  const signings = new PasskeySignings({
    policy,
    clock: () => browser.now,
    originOf: () => browser.at,
    sessionOf: () => browser.session,
  });
  const statement = statementOf({ ...about, decision: 'skip' }, Date.now());
  const begin = (signIn?: () => Promise<Response>) => {
    const send = async (proven: Decision) => {
      sent.push(proven);
      return new Response('sent');
    };
    const toSend = { decision, statement, send };
    const address = signings.begin(request, {
      toSend,
      credentials: [credential],
      page: '/deployments/shop-1',
      ...(signIn && { signIn }),
    });
    return address.slice(`${SIGNING_PATH}/`.length);
  };
  return { browser, signings, statement, sent, begin };
}

const parts = { authenticatorData: 'AA', clientDataJSON: 'e30', signature: 'AA' };

describe('a decision that waits for a passkey', () => {
  test('is shown to the session that has said it, with the hash of what is said as the challenge, for a while', () => {
    const { browser, signings, statement, begin } = signing();
    const name = begin();
    const found = signings.find(request, name);
    expect(found).toMatchObject({ decision, page: '/deployments/shop-1', orSignIn: false });
    expect(JSON.parse(found?.options ?? '')).toMatchObject({
      challenge: nonceOf(statement),
      rpId: place.id,
      allowCredentials: [{ id: credential, type: 'public-key' }],
      userVerification: 'required',
    });
    browser.session = 'of somebody else';
    expect(signings.find(request, name)).toBeUndefined();
    browser.session = 'of bob';
    browser.now += 11 * 60_000;
    expect(signings.find(request, name)).toBeUndefined();
  });

  test('is not sent by an answer that proves nothing, and can be signed again', async () => {
    const { browser, signings, sent, begin } = signing();
    const name = begin();
    const refusal = async (answer: string) => {
      const done = await signings.sign(request, name, answer);
      return 'refused' in done ? done.refused : 'sent';
    };
    for (const answer of ['', '{}', 'null', JSON.stringify({ ...parts, id: credential, more: '' })])
      expect(await refusal(answer)).toBe('it is no answer of a browser');
    expect(await refusal(JSON.stringify({ ...parts, id: 'a'.repeat(43) }))).toContain('none of bob');
    expect(await refusal(JSON.stringify({ ...parts, id: credential }))).toContain('is not one of bob');
    expect(signings.find(request, name)).toBeDefined();
    browser.session = 'of somebody else';
    expect(await refusal(JSON.stringify({ ...parts, id: credential }))).toContain('asked for no such signature');
    expect(sent).toEqual([]);
  });

  test('is signed in for instead where that proves it as well, and nowhere else', async () => {
    const { signings, begin } = signing();
    expect(await signings.signIn(request, begin())).toBeUndefined();
    const name = begin(async () => new Response('at the provider'));
    expect(signings.find(request, name)?.orSignIn).toBe(true);
    expect(await (await signings.signIn(request, name))?.text()).toBe('at the provider');
  });

  test('is asked of passkeys that count, on pages on which the policy’s passkeys sign', () => {
    const { browser, signings } = signing();
    expect(signings.credentialsOf('bob', request)).toEqual([credential]);
    expect(signings.credentialsOf('ana', request)).toEqual([]);
    browser.at = 'http://127.0.0.1:8080';
    expect(signings.credentialsOf('bob', request)).toEqual([]);
    browser.at = origin;
    const [key] = policy.people.get('bob')?.keys ?? [];
    if (!key) throw new Error('bob has a key');
    key.until = 1;
    browser.now = 1;
    expect(signings.credentialsOf('bob', request)).toEqual([]);
    delete key.until;
  });

  test('has a page that says what is signed, and is sent by its own form alone', async () => {
    const { signings, sent, begin } = signing();
    const whoAsks = async () => ({ person: 'bob', name: 'Bob', roles: ['qa'] });
    const { text, send, ask } = consoleWith({ signIn: { ...NOBODY, isThere: true, signing: signings, whoAsks } });
    const path = `${SIGNING_PATH}/${begin(async () => new Response('at the provider'))}`;
    const page = await text(path);
    expect(page).toContain('Bob says so as qa');
    expect(page).toContain('<q>x</q>');
    expect((await send(path, { answer: '{}', token: 'another' })).status).toBe(403);
    const refused = await send(path, { answer: '{}' });
    expect(refused.status).toBe(422);
    expect(await refused.text()).toContain('it is no answer of a browser');
    expect(await (await send(path, { instead: 'yes' })).text()).toBe('at the provider');
    expect((await ask(`${SIGNING_PATH}/another`)).status).toBe(404);
    expect(sent).toEqual([]);
  });
});
