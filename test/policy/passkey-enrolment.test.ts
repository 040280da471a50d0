/** Making a passkey: what a browser's answer has to say, whoever has written it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { creationOptions, madePasskey, placeOn } from '../../src/policy/passkey-enrolment.js';
import { type Making, makePasskey } from '../helpers/authenticator.js';

const origin = 'https://surefoot.example.com';
const place = { id: 'surefoot.example.com', origins: [origin] };
const challenge = Buffer.alloc(32, 7).toString('base64url');
const right: Making = { challenge, origin, id: place.id };

const made = (answer: string) =>
  madePasskey(answer, { place, origin, isAsked: (given: string) => given === challenge });
const refusal = async (making: Partial<Making>) => {
  const result = await made(makePasskey({ ...right, ...making }));
  return 'refused' in result ? result.refused : '';
};

describe('a passkey', () => {
  test('is taken as a policy has it, when it was made on this page by who was asked', async () => {
    const found = await made(makePasskey(right));
    expect(found).toEqual({
      credential: expect.stringMatching(/^[\w-]{43}$/),
      key: expect.stringMatching(/^[\w+/]+=*$/),
      fingerprint: expect.stringMatching(/^SHA256:/),
    });
  });

  test.each<[string, Partial<Making>, RegExp]>([
    ['for another challenge', { challenge: Buffer.alloc(32, 8).toString('base64url') }, /challenge/],
    ['on a page of somebody else', { origin: 'https://surefoot.example.com.evil.test' }, /origin/],
    ['on this name without TLS', { origin: 'http://surefoot.example.com' }, /origin/],
    ['for another domain', { id: 'example.com' }, /RP ?ID/i],
    ['within a page of somebody else', { crossOrigin: true }, /within a page of somebody else/],
    ['as an answer to another question', { type: 'webauthn.get' }, /type/],
    ['with nobody there', { flags: 4 | 64 }, /presence/],
    ['without a look at who is there', { flags: 1 | 64 }, /verification/],
    ['with certificates', { format: 'packed', statement: new Map([['x5c', [new Uint8Array(8)]]]) }, /certificates/],
    ['with an attestation of a kind that nobody has asked for', { format: 'tpm' }, /certificates/],
  ])('is refused when it was made %s', async (_, making, why) => {
    expect(await refusal(making)).toMatch(why);
  });

  test('comes of no answer that was changed or cut off anywhere', async () => {
    const answer = JSON.parse(makePasskey(right)) as Record<string, string>;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('clientDataJSON', 'attestationObject'), fc.nat(), async (field, where) => {
        const text = answer[field] ?? '';
        const result = await made(JSON.stringify({ ...answer, [field]: text.slice(0, where % text.length) }));
        expect(result).toHaveProperty('refused');
      }),
    );
    for (const other of ['', 'null', '{}', '[]', JSON.stringify({ ...answer, more: '' })]) {
      expect(await made(other)).toEqual({ refused: 'it is no answer of a browser' });
    }
  });
});

test('a browser is asked for who is there, and for no second passkey of a device that has one', async () => {
  const person = { id: 'ana', name: 'Ana' };
  const options = await creationOptions({ person, place, challenge, known: ['one'] });
  expect(options).toMatchObject({
    challenge,
    rp: { id: place.id },
    user: { name: 'ana', displayName: 'Ana' },
    attestation: 'none',
    excludeCredentials: [{ id: 'one' }],
    authenticatorSelection: { userVerification: 'required' },
  });
});

describe('a place to make one on', () => {
  test('is the policy’s, and on no page elsewhere', () => {
    expect(placeOn(origin, place)).toEqual({ place });
    expect(placeOn('https://other.example.com', place)).toEqual({ elsewhere: [origin] });
  });

  test('is the page’s own while the policy has none, where a passkey can be of it', () => {
    expect(placeOn(origin, undefined)).toEqual({ place });
    const local = 'http://localhost:8080';
    expect(placeOn(local, undefined)).toEqual({ place: { id: 'localhost', origins: [local] } });
    expect(placeOn('http://127.0.0.1:8080', undefined)).toEqual({ elsewhere: [local] });
  });
});
