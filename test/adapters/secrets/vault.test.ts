/** Secrets in Vault, by the answers that its HTTP API documents. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { knownSecrets, readSecret, rememberSecrets } from '../../../src/adapters/evidence/secrets.js';
import { isWorkersOwn } from '../../../src/adapters/evidence/workers-own.js';
import { NoAnswer } from '../../../src/adapters/http/http.js';
import { inTime, STORE_WITHIN } from '../../../src/adapters/secrets/secret-store.js';
import type { CheckContext } from '../../../src/doctor/checks/check.js';
import { credentialChecks } from '../../../src/doctor/checks/credentials.js';
import { json, serve, type TestServer } from '../../helpers/server.js';
import { loadWhole } from '../../helpers/whole-plan.js';
import { SHIPPED } from '../../plan/plan-files.js';

const TOKEN = 'hvs.of-the-worker';
let vault: TestServer;
let stored: Record<string, unknown>;
let asked: IncomingMessage[];
/** Each test has secrets of its own: what a store has answered holds for a minute. */
let count = 0;

beforeEach(async () => {
  count += 1;
  asked = [];
  stored = {
    [`team/data/shop/${count}`]: { data: { data: { password: `hunter-${count}` }, metadata: { version: 3 } } },
  };
  vault = await serve(answer);
  vi.stubEnv('VAULT_ADDR', vault.url);
  vi.stubEnv('VAULT_TOKEN', TOKEN);
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** `team/` is of version 2, `old/` of version 1, `dynamic/` makes a user of the database whenever it is read. */
const MOUNTS: Record<string, object> = {
  team: { path: 'team/', type: 'kv', options: { version: '2' } },
  old: { path: 'old/', type: 'kv', options: null },
  dynamic: { path: 'dynamic/', type: 'database', options: null },
};

function answer(request: IncomingMessage, response: ServerResponse): void {
  asked.push(request);
  const found = request.headers['x-vault-token'] === TOKEN ? foundAt((request.url ?? '').slice('/v1/'.length)) : 403;
  if (found === 403) json(response, { errors: [`permission denied for ${TOKEN}`] }, 403);
  else json(response, found ?? { errors: [] }, found ? 200 : 404);
}

/** As Vault: a store that is not there, or that nobody may see, is the same refusal. */
function foundAt(path: string): unknown {
  const [, store] = /^sys\/internal\/ui\/mounts\/([^/]+)/.exec(path) ?? [];
  if (store === undefined) return stored[decodeURIComponent(path)];
  return store in MOUNTS ? { data: MOUNTS[store] } : 403;
}

const reference = (key = 'password', name = `team/shop/${count}`) => `vault:${name}#${key}`;

test('a secret of version 2 is read where it is, with the worker’s token, and is a secret from then on', async () => {
  vi.stubEnv('VAULT_NAMESPACE', 'education');
  expect(await readSecret(reference())).toBe(`hunter-${count}`);
  expect(knownSecrets()).toContain(`hunter-${count}`);
  expect(vault.requests).toEqual([
    `GET /v1/sys/internal/ui/mounts/team/shop/${count}`,
    `GET /v1/team/data/shop/${count}`,
  ]);
  expect(asked.map(({ headers }) => headers['x-vault-namespace'])).toEqual(['education', 'education']);
});

test('one of version 1 is read as well, and one whose path needs encoding', async () => {
  stored['old/shop'] = { data: { 'a key': 'of old' } };
  stored['team/data/ä b/c'] = { data: { data: { key: 'of umlauts' } } };
  expect(await readSecret(reference('a key', 'old/shop'))).toBe('of old');
  expect(await readSecret(reference('key', 'team/ä b/c'))).toBe('of umlauts');
});

test('all who ask at once and within a minute ask once; after it the store is asked again', async () => {
  await Promise.all([readSecret(reference()), readSecret(reference()), rememberSecrets([reference()])]);
  await readSecret(reference());
  expect(vault.requests).toHaveLength(2);
  stored[`team/data/shop/${count}`] = { data: { data: { password: 'rotated' } } };
  const now = performance.now();
  vi.spyOn(performance, 'now').mockImplementation(() => now + 61_000);
  expect(await readSecret(reference())).toBe('rotated');
});

test.each<[string, () => string, string]>([
  ['nothing there', () => reference('password', `team/shop/none-${count}`), 'There is no team/shop/none'],
  ['no such key', () => reference('user'), 'has no key "user"'],
  ['a key that every object has', () => reference('constructor'), 'has no key "constructor"'],
  ['no text', () => reference('port', 'old/port'), 'is no text'],
  ['nothing in it', () => reference('none', 'old/port'), 'is empty'],
  ['the store itself', () => reference('password', 'team/'), 'names a store'],
  ['a store that makes users', () => reference('password', 'dynamic/creds/admin'), 'no key-value store (database)'],
])('of %s it is said that there is no such secret', async (_, written, text) => {
  stored['old/port'] = { data: { port: 5432, none: '' } };
  await expect(readSecret(written())).rejects.toMatchObject({
    type: 'SecretMissing',
    nonRetryable: true,
    message: expect.stringContaining(text),
  });
  expect(vault.requests.filter((each) => each.includes('creds') && !each.includes('/ui/'))).toEqual([]);
});

test('a deleted version is none, though its place still answers', async () => {
  const metadata = { deletion_time: '2026-11-20T10:00:00Z', destroyed: false, version: 3 };
  vault.handle = (request, response) =>
    request.url?.includes('/data/')
      ? json(response, { data: { data: null, metadata } }, 404)
      : json(response, { data: MOUNTS.team });
  await expect(readSecret(reference())).rejects.toMatchObject({ type: 'SecretMissing' });
});

test.each<[string, () => void, string]>([
  ['a token without the right', () => vi.stubEnv('VAULT_TOKEN', 'hvs.of-somebody'), '403 Forbidden'],
  ['no address', () => vi.stubEnv('VAULT_ADDR', ''), 'VAULT_ADDR'],
  ['an address that others can listen at', () => vi.stubEnv('VAULT_ADDR', 'http://vault.example.com'), 'https:'],
  [
    'an answer of something else',
    () => (vault.handle = (_, response) => json(response, { login: true })),
    'not understood',
  ],
])(
  'with %s the secret is unknown, which is not the same as none, and nothing of an answer is told',
  async (_, given, text) => {
    given();
    const failure = await readSecret(reference()).catch((error: Error) => error);
    expect(failure).toMatchObject({
      type: 'SecretUnknown',
      nonRetryable: true,
      message: expect.stringContaining(text),
    });
    expect(String(failure)).not.toContain('hvs.');
  },
);

test.each<[string, number, string]>([
  ['sealed', 503, '503 Service Unavailable: it is sealed or down'],
  ['not yet as far as its cluster', 412, '412 Precondition Failed'],
])('a Vault that is %s may answer the next time: unknown, and to be tried again', async (_, status, text) => {
  vault.handle = (_request, response) => json(response, { errors: ['Vault is sealed'] }, status);
  await expect(readSecret(reference())).rejects.toMatchObject({
    type: 'SecretUnknown',
    nonRetryable: false,
    message: expect.stringContaining(text),
  });
});

test('a Vault that hangs holds nobody up for long, and the others who need none of it at all only once', async () => {
  vault.handle = () => undefined;
  const start = performance.now();
  await expect(readSecret(reference())).rejects.toMatchObject({
    type: 'SecretUnknown',
    nonRetryable: false,
    message: expect.stringContaining('nothing within 4 s'),
  });
  expect(performance.now() - start).toBeLessThan(STORE_WITHIN + 3_000);
  const before = vault.requests.length;
  await rememberSecrets([reference()]);
  expect(vault.requests).toHaveLength(before);
});

test('whichever limit ends the wait for a store, its own or that of a request in it, the same is said', async () => {
  const late = inTime('Vault', async () => {
    throw new NoAnswer('no answer within 4 s', 'timeout');
  });
  await expect(late).rejects.toThrow('Vault gave no answer (nothing within 4 s); what it holds is unknown');
});

test('what is remembered in passing is waited for no longer than is said, and known once it comes', async () => {
  const answers: (() => void)[] = [];
  vault.handle = (request, response) => void answers.push(() => answer(request, response));
  await rememberSecrets([reference()], 50);
  expect(knownSecrets()).not.toContain(`hunter-${count}`);
  vault.handle = answer;
  for (const give of answers) give();
  await vi.waitFor(() => expect(knownSecrets()).toContain(`hunter-${count}`));
});

test('the token comes from its file too, and neither of them is for plans to name', async () => {
  const file = join(await mkdtemp(join(tmpdir(), 'surefoot-vault-')), 'token');
  await writeFile(file, `${TOKEN}\n`);
  vi.stubEnv('VAULT_TOKEN', '');
  vi.stubEnv('VAULT_TOKEN_FILE', file);
  expect(await readSecret(reference())).toBe(`hunter-${count}`);
  await expect(readSecret(`file:${file}`)).rejects.toThrow('not for plans to name');
  await expect(readSecret('env:VAULT_TOKEN')).rejects.toThrow('not for plans to name');
  expect(isWorkersOwn('VAULT_TOKEN')).toBe(true);
  await writeFile(file, 'two\nlines');
  count += 1;
  await expect(readSecret(reference())).rejects.toThrow(`none can be read in ${file}`);
});

test('a private key is for nobody to send anywhere, wherever it is kept', async () => {
  stored['old/key'] = { data: { key: '-----BEGIN PRIVATE KEY-----\nMC4CAQ' } };
  await expect(readSecret(reference('key', 'old/key'))).rejects.toThrow('a private key');
});

test('doctor tries it as the worker would', async () => {
  const whole = loadWhole(SHIPPED);
  const { staging } = whole.environments;
  const check = async (password: string) => {
    const plan = { ...whole, environments: { ...whole.environments, staging: { ...staging, password } } };
    return await credentialChecks({ plan } as unknown as CheckContext)
      .find(({ id }) => id === password)
      ?.run({} as never);
  };
  expect(await check(reference())).toMatchObject([{ ok: true }]);
  const [found] = (await check(reference('user'))) ?? [];
  expect(found).toMatchObject({ ok: false, text: expect.stringContaining('no key "user"') });
  expect(found?.advice).toContain(`vault kv get -field=user team/shop/${count}`);
});
