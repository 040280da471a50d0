import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EncryptionCodec, REFUSED } from '../../src/encryption/codec.js';
import { codecEndpoint } from '../../src/encryption/endpoint.js';
import { KeyringError, readKeyring } from '../../src/encryption/keys.js';
import { scheduling } from '../../src/encryption/uses-of-clients.js';

const SECRET = 'canary-in-a-payload';
const one = randomBytes(32);
const two = randomBytes(32);
const ring = (...ids: ('one' | 'two')[]) => ({
  active: ids[0] ?? 'one',
  keys: new Map(ids.map((id) => [id, id === 'one' ? one : two])),
});
const plain = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;
const contentOf = (payload: Payload | undefined) => defaultPayloadConverter.fromPayload(payload as Payload);
const bytes = (payload: Payload | undefined) => Buffer.from(payload?.data ?? []);

describe('an encrypted payload', () => {
  test('comes back as it was, whatever it holds', async () => {
    const codec = new EncryptionCodec(ring('one'), 'throw');
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const [back] = await codec.decode(await codec.encode([plain(value)]));
        expect(JSON.stringify(contentOf(back))).toBe(JSON.stringify(value));
      }),
      { numRuns: 200 },
    );
  });

  test('shows nothing of its content, and is another each time', async () => {
    const codec = new EncryptionCodec(ring('one'), 'throw');
    const [first, second] = await codec.encode([plain(SECRET), plain(SECRET)]);
    expect(bytes(first).includes(SECRET)).toBe(false);
    expect(bytes(first).equals(bytes(second))).toBe(false);
  });

  test('is read with an older key after the keys were rotated, and written with the new one', async () => {
    const [old] = await new EncryptionCodec(ring('one'), 'throw').encode([plain(SECRET)]);
    const rotated = new EncryptionCodec(ring('two', 'one'), 'throw');
    expect(contentOf((await rotated.decode([old as Payload]))[0])).toBe(SECRET);
    const [now] = await rotated.encode([plain(SECRET)]);
    await expect(new EncryptionCodec(ring('one'), 'throw').decode([now as Payload])).rejects.toThrow(
      'encrypted with the key two',
    );
  });

  test('that was changed in one bit is not used', async () => {
    const codec = new EncryptionCodec(ring('one'), 'throw');
    const [payload] = await codec.encode([plain(SECRET)]);
    const length = bytes(payload).length;
    for (const at of [0, 13, length - 1]) {
      const changed = bytes(payload);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const altered = { ...payload, data: changed } as Payload;
      await expect(codec.decode([altered])).rejects.toThrow('cannot be decrypted with the key one');
      const replaced = await new EncryptionCodec(ring('one'), 'replace').decode([altered]);
      expect(contentOf(replaced[0])).toEqual(REFUSED);
    }
  });
});

const context = fc.oneof(
  fc.record({
    type: fc.constant('workflow' as const),
    namespace: fc.constantFrom('default', 'other'),
    workflowId: fc.constantFrom('surefoot/shop/production', 'surefoot/cart/production', 'surefoot'),
  }),
  fc.record({
    type: fc.constant('activity' as const),
    namespace: fc.constantFrom('default', 'other'),
    workflowId: fc.constantFrom('surefoot/shop/production', 'surefoot/cart/production'),
    activityId: fc.constantFrom('1', '2', '9e2b'),
    isLocal: fc.constant(false),
  }),
);

describe('an encrypted payload is bound to its place', () => {
  const codec = new EncryptionCodec(ring('one'), 'throw');

  test('it is read there, and nowhere else', async () => {
    await fc.assert(
      fc.asyncProperty(context, context, async (there, elsewhere) => {
        const [sealed] = await codec.encode([plain(SECRET)], there);
        expect(contentOf((await codec.decode([sealed as Payload], there))[0])).toBe(SECRET);
        const [replaced] = await new EncryptionCodec(ring('one'), 'replace').decode([sealed as Payload], elsewhere);
        const same = JSON.stringify(there) === JSON.stringify(elsewhere);
        expect(contentOf(replaced)).toEqual(same ? SECRET : REFUSED);
        if (!same) await expect(codec.decode([sealed as Payload], elsewhere)).rejects.toThrow('put in another place');
      }),
      { numRuns: 200 },
    );
  });

  const here = { type: 'workflow', namespace: 'default', workflowId: 'surefoot/shop/production' } as const;

  test('its place is in clear, so that the Web UI needs no other, and cannot be changed', async () => {
    const [sealed] = await codec.encode([plain(SECRET)], here);
    expect(contentOf((await codec.decode([sealed as Payload]))[0])).toBe(SECRET);
    const place = Buffer.from(sealed?.metadata?.['encryption-place'] ?? []).toString();
    expect(JSON.parse(place)).toEqual({ namespace: 'default', workflowId: here.workflowId, use: 'shown' });
    const moved = Buffer.from(place.replace('shop', 'cart'));
    const forged = { ...sealed, metadata: { ...sealed?.metadata, 'encryption-place': moved } } as Payload;
    await expect(codec.decode([forged], { ...here, workflowId: 'surefoot/cart/production' })).rejects.toThrow(
      'cannot be decrypted with the key one',
    );
  });

  test('what a schedule starts is read in each of its runs, and nothing else is', async () => {
    const run = { ...here, workflowId: 'surefoot-watchdog-2026-11-27T07:00:00Z' };
    const schedule = { ...here, workflowId: 'surefoot-watchdog' };
    const [started] = await scheduling(() => codec.encode([plain(SECRET)], schedule));
    expect(contentOf((await codec.decode([started as Payload], run))[0])).toBe(SECRET);
    await expect(codec.decode([started as Payload], { ...run, workflowId: 'surefoot-watchdog-2' })).rejects.toThrow();
    const [other] = await codec.encode([plain(SECRET)], schedule);
    await expect(codec.decode([other as Payload], run)).rejects.toThrow('put in another place');
  });

  test('one of an earlier release, bound to none, is shown in the Web UI, and used nowhere', async () => {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', one, nonce).setAAD(Buffer.from('one'));
    const written = proto.temporal.api.common.v1.Payload.encode(plain(SECRET)).finish();
    const metadata = { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from('one') };
    const data = Buffer.concat([nonce, cipher.update(written), cipher.final(), cipher.getAuthTag()]);
    const old = { metadata, data } as Payload;
    expect(contentOf((await new EncryptionCodec(ring('one'), 'show').decode([old]))[0])).toBe(SECRET);
    await expect(codec.decode([old], here)).rejects.toThrow('by an earlier release, which bound it to no place');
    expect(contentOf((await new EncryptionCodec(ring('one'), 'replace').decode([old], here))[0])).toEqual(REFUSED);
  });
});

describe('a payload in plain text', () => {
  test('is refused by clients', async () =>
    await expect(new EncryptionCodec(ring('one'), 'throw').decode([plain({ who: 'ana' })])).rejects.toThrow(
      'in plain text although SUREFOOT_PAYLOAD_KEYS is set',
    ));

  test('never reaches a workflow: it is replaced, so that a forged signal decides nothing and stops nothing', async () => {
    const [replaced] = await new EncryptionCodec(ring('one'), 'replace').decode([plain({ who: 'ana', role: 'qa' })]);
    expect(contentOf(replaced)).toEqual(REFUSED);
  });
});

test('a payload under a key that a worker does not know stays unreadable, with the reason, and is no content', async () => {
  const [sealed] = await new EncryptionCodec(ring('two'), 'replace').encode([plain({ who: 'ana' })]);
  const [unreadable] = await new EncryptionCodec(ring('one'), 'replace').decode([sealed as Payload]);
  expect(() => contentOf(unreadable)).toThrow(/encrypted with the key two, which SUREFOOT_PAYLOAD_KEYS does not name/);
});

describe('the keyring', () => {
  test('is read from references, the active key first', () => {
    const folder = mkdtempSync(join(tmpdir(), 'surefoot-keys-'));
    writeFileSync(join(folder, 'k2'), `${two.toString('hex')}\n`);
    const keyring = readKeyring({
      SUREFOOT_PAYLOAD_KEYS: `k2=file:${join(folder, 'k2')}, k1=env:KEY_ONE`,
      KEY_ONE: one.toString('base64'),
    });
    expect(keyring?.active).toBe('k2');
    expect([...(keyring?.keys.keys() ?? [])]).toEqual(['k2', 'k1']);
  });

  test('is none when the variable is not set', () => expect(readKeyring({})).toBeUndefined());

  test.each([
    ['a key itself', `k1=${SECRET}`, 'write ID=env:NAME'],
    ['a key that is too short', 'k1=env:SHORT', 'key k1 is not 32 bytes'],
    ['a file that is not there', 'k1=file:/nowhere/key', 'the file of key k1 cannot be read (ENOENT)'],
    ['an ID that is there twice', 'k1=env:GOOD,k1=env:GOOD', 'k1 is there twice'],
  ])('refuses %s, and never repeats what it holds', (_, written, words) => {
    const read = () => readKeyring({ SUREFOOT_PAYLOAD_KEYS: written, SHORT: SECRET, GOOD: one.toString('base64') });
    expect(read).toThrow(KeyringError);
    expect(read).toThrow(words);
    expect(read).not.toThrow(SECRET);
  });
});

describe('the codec endpoint', () => {
  const ORIGIN = 'http://localhost:8233';
  const TOKEN = 'a-token-of-more-than-32-characters';
  const codec = new EncryptionCodec(ring('one'), 'throw');
  const server = codecEndpoint(codec, { origin: ORIGIN, token: TOKEN });
  let url = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  const post = (path: string, body: unknown, origin = ORIGIN) =>
    fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), headers: { Origin: origin } });

  const asJson = (payload: Payload | undefined) =>
    proto.temporal.api.common.v1.Payload.fromObject(payload as Payload).toJSON();

  test('decodes as the Web UI asks, and shows as it is what is not encrypted', async () => {
    const [sealed] = await codec.encode([plain(SECRET)]);
    const decoded = await post(`/${TOKEN}/decode?preserveStorageRefs=true`, {
      payloads: [asJson(sealed), asJson(plain('open'))],
    });
    expect(decoded.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(await decoded.json()).toEqual({ payloads: [asJson(plain(SECRET)), asJson(plain('open'))] });
  });

  test('takes the token as a bearer too, as a sign-on in front of it sends one', async () => {
    const headers = { Origin: ORIGIN, Authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${url}/decode`, { method: 'POST', body: '{"payloads":[]}', headers });
    expect(await answer.json()).toEqual({});
  });

  test('answers the pages of the Web UI only', async () => {
    const answer = await post(`/${TOKEN}/decode`, { payloads: [] }, 'https://evil.example.com');
    expect(answer.status).toBe(403);
    expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect((await post(`/${TOKEN}/other`, {})).status).toBe(404);
  });

  test('says what it could not read', async () => {
    const answer = await fetch(`${url}/${TOKEN}/decode`, { method: 'POST', body: 'nonsense' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ message: expect.any(String) });
  });
});
