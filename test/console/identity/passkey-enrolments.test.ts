/** Passkeys that are made on the console's pages: by who has signed in, when asked, once; and for the policy alone. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { PasskeyEnrolments } from '../../../src/console/identity/passkey-enrolments.js';
import { policyPiece } from '../../../src/console/identity/policy-piece.js';
import { PASSKEY_FIELD } from '../../../src/console/pages/passkey-page.js';
import { NOBODY, PASSKEY_PATH, type SignedIn } from '../../../src/console/signed-in.js';
import type { Policy } from '../../../src/policy/policy.js';
import { makePasskey } from '../../helpers/authenticator.js';
import { consoleWith, ORIGIN } from '../looks.js';

const origin = 'https://surefoot.example.com';
const place = { id: 'surefoot.example.com', origins: [origin] };
const BOB = { person: 'bob', name: 'Bob', roles: ['qa'] };
const ANA = { person: 'ana', name: 'Ana', roles: ['lead'] };

/** A console at which whoever a test says has signed in, by sessions of that name. */
function enrolling(more: { policy?: Partial<Policy>; at?: string } = {}) {
  const browser = { signedIn: BOB as SignedIn | undefined, session: 'of bob', now: 0 };
  const enrolment = new PasskeyEnrolments({
    policy: { people: new Map(), ...more.policy },
    clock: () => browser.now,
    originOf: () => more.at ?? origin,
    whoAsks: async () => browser.signedIn,
    sessionOf: () => browser.session,
  });
  const request = new Request(`${origin}${PASSKEY_PATH}`);
  const challenge = async (): Promise<string> => {
    const begun = await enrolment.begin(request);
    return begun && 'options' in begun ? JSON.parse(begun.options).challenge : '';
  };
  const answered = async (answer: string) => {
    const made = await enrolment.finish(request, answer);
    return 'refused' in made ? made.refused : made.name;
  };
  return { browser, enrolment, request, challenge, answered };
}

const answerTo = (challenge: string, more = {}) => makePasskey({ challenge, origin, id: place.id, ...more });

describe('a passkey is made', () => {
  test('into a piece of the policy, by its schema’s names, that says who keeps it what to do', async () => {
    const { enrolment, request, challenge, answered } = enrolling();
    const answer = answerTo(await challenge());
    const enrolled = await enrolment.find(request, await answered(answer));
    if (!enrolled) throw new Error('nothing was made');
    const piece = policyPiece(enrolled);
    expect(parse(piece)).toEqual({
      people: { bob: { keys: [{ kind: 'passkey', credential: JSON.parse(answer).id, key: expect.any(String) }] } },
      passkeys: place,
    });
    expect(piece).toContain(`A passkey of Bob (bob), made at ${origin}`);
    expect(piece).toContain(enrolled.fingerprint);
    expect(piece).toContain('surefoot policy check FILE');
    expect(piece.split('\n').filter((line) => line.startsWith('#')).length).toBeGreaterThan(2);
  });

  test('where passkeys of the policy sign, which it says already, and nowhere else', async () => {
    const { enrolment, request, challenge, answered } = enrolling({ policy: { passkeys: place } });
    const enrolled = await enrolment.find(request, await answered(answerTo(await challenge())));
    expect(enrolled && parse(policyPiece(enrolled))).not.toHaveProperty('passkeys');
    const elsewhere = enrolling({ policy: { passkeys: place }, at: 'https://other.example.com' });
    expect(await elsewhere.enrolment.begin(request)).toEqual({ known: [], elsewhere: [origin] });
    expect(await elsewhere.answered(answerTo('', { origin: 'https://other.example.com' }))).toContain(origin);
  });

  test('by what this session was asked, once, and soon', async () => {
    const { browser, challenge, answered } = enrolling();
    const first = answerTo(await challenge());
    expect(await answered(first)).toMatch(/^[\w-]{43}$/);
    expect(await answered(first)).toContain('challenge');
    expect(await answered(answerTo(Buffer.alloc(32).toString('base64url')))).toContain('challenge');
    const others = answerTo(await challenge());
    browser.session = 'of somebody else';
    expect(await answered(others)).toContain('challenge');
    browser.session = 'of bob';
    const late = answerTo(await challenge());
    browser.now += 11 * 60_000;
    expect(await answered(late)).toContain('challenge');
  });

  test('on this page: what was made on another one is refused', async () => {
    const { challenge, answered } = enrolling();
    expect(await answered(answerTo(await challenge(), { origin: 'https://evil.test' }))).toContain('origin');
  });

  test('by nobody who has not signed in, and is shown to nobody but who has made it', async () => {
    const { browser, enrolment, request, challenge, answered } = enrolling();
    const answer = answerTo(await challenge());
    browser.signedIn = undefined;
    expect(await enrolment.begin(request)).toBeUndefined();
    expect(await answered(answer)).toBe('nobody has signed in');
    browser.signedIn = BOB;
    const name = await answered(answer);
    expect(await enrolment.find(request, name)).toBeDefined();
    browser.signedIn = ANA;
    expect(await enrolment.find(request, name)).toBeUndefined();
    browser.signedIn = undefined;
    expect(await enrolment.find(request, name)).toBeUndefined();
  });
});

describe('its page', () => {
  const pages = (at: string = ORIGIN) => {
    const trial = enrolling({ at });
    const signIn = {
      ...NOBODY,
      isThere: true,
      enrolment: trial.enrolment,
      whoAsks: async () => trial.browser.signedIn,
    };
    return { ...trial, ...consoleWith({ signIn }) };
  };

  test('is there where people sign in alone, and asks who has not to do so', async () => {
    expect((await consoleWith({}).ask(PASSKEY_PATH)).status).toBe(404);
    const { browser, text } = pages();
    expect(await text('/')).toContain(`href="${PASSKEY_PATH}"`);
    browser.signedIn = undefined;
    const page = await text(PASSKEY_PATH);
    expect(page).toContain('href="/sign-in?to=%2Fpasskey"');
    expect(page).not.toContain('data-create');
    expect(await text('/')).not.toContain(`href="${PASSKEY_PATH}"`);
  });

  test('at an address in numbers leads to where one can be made', async () => {
    expect(await pages().text(PASSKEY_PATH)).toContain('href="http://localhost:8080/passkey"');
  });

  test('takes an answer by its own form alone, and leads to the piece, which is handed out as a file', async () => {
    const { challenge, send, ask, text } = pages(origin);
    const answer = answerTo(await challenge());
    const foreign = await send(PASSKEY_PATH, { [PASSKEY_FIELD]: answer }, { Origin: 'https://evil.test' });
    expect(foreign.status).toBe(403);
    expect((await send(PASSKEY_PATH, { [PASSKEY_FIELD]: answer, token: 'another' })).status).toBe(403);
    const done = await send(PASSKEY_PATH, { [PASSKEY_FIELD]: answer });
    expect(done.status).toBe(303);
    const to = done.headers.get('location') ?? '';
    const page = await text(to);
    expect(page).toContain('counts for nothing yet');
    expect(page).toContain(`href="${to}/policy.yaml" download`);
    const file = await ask(`${to}/policy.yaml`);
    expect(file.headers.get('content-disposition')).toBe('attachment; filename="passkey.yaml"');
    expect(parse(await file.text())).toMatchObject({ people: { bob: { keys: [{ kind: 'passkey' }] } } });
    const again = await send(PASSKEY_PATH, { [PASSKEY_FIELD]: answer });
    expect(again.status).toBe(422);
    expect(await again.text()).toContain('No passkey was made');
    expect((await ask(`${PASSKEY_PATH}/another`)).status).toBe(404);
  });
});
