/** What verifies ID tokens when somebody looks again, and the provider has other keys by then. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Policy } from '../../src/policy/policy.js';
import { restingOnKeptKeys, withKeptKeys } from '../../src/report/kept-keys.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-kept-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ISSUER = 'https://accounts.example.com';
const provider = { issuer: ISSUER, audience: 'surefoot' };
const policy: Policy = {
  people: new Map(),
  identityProviders: new Map([[ISSUER, provider]]),
  proofs: new Map(),
  services: new Map(),
  decisions: {},
  signed: new Set(),
  automaticRollback: true,
  runners: {},
};

function kept(path: string, content: string) {
  writeFileSync(join(folder, path), content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { title: 'By whose word', path, sha256, bytes: content.length };
}

const found = (references: ReturnType<typeof kept>[]) =>
  withKeptKeys(policy, { place: { folder }, references }).findProviderKeys?.(ISSUER, 'token');

test('the keys by which an act was found to be signed are those of its evidence, while that is what it was', async () => {
  const key = { kty: 'EC', kid: 'one' };
  const reference = kept('authority.json', JSON.stringify({ by: [{ person: 'ana' }, { verifiedBy: key }] }));
  expect(await found([reference])).toEqual({ keys: [key] });
  writeFileSync(join(folder, 'authority.json'), JSON.stringify({ by: [{ verifiedBy: { kid: 'forged' } }] }));
  expect(await found([reference])).toEqual({ unknown: expect.stringContaining('pin them in the policy') });
});

test('what is no such evidence has no keys', async () => {
  for (const content of ['', '{', '{"by": {}}', '[]']) {
    expect(await found([kept('authority.json', content)])).toHaveProperty('unknown');
  }
  const elsewhere = kept('metrics.json', JSON.stringify({ by: [{ verifiedBy: { kid: 'one' } }] }));
  expect(await found([elsewhere])).toHaveProperty('unknown');
});

test('a report says where it rests on keys that the policy does not pin', () => {
  expect(restingOnKeptKeys(policy)).toEqual([expect.stringContaining(`pins no keys of ${ISSUER}`)]);
  const pinned = { ...policy, identityProviders: new Map([[ISSUER, { ...provider, keys: [] }]]) };
  expect(restingOnKeptKeys(pinned)).toEqual([]);
});
