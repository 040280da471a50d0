/** A backup that is fetched, from whoever keeps it: no more is taken than was stored, and the disk is not filled. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchBackup } from '../../../src/activities/backup/stored-backup.js';
import { storeEvidence } from '../../../src/adapters/evidence/evidence-store.js';
import type { BackupStore } from '../../../src/contract/plan/backup.js';
import type { Environment } from '../../../src/contract/plan/environment.js';
import type { StoredBackup } from '../../../src/domain/ledger/ledger.js';
import { temporaryFolder } from '../../activities/support.js';
import { s3At } from '../../helpers/aws.js';
import { type Handler, serve } from '../../helpers/server.js';

const DUMP = 'what the database held';
const NAME = '20251124T115100Z_d_1_8d969eef6eca.dump';
const BACKUP = {
  location: `s3://dumps/shop/production/${NAME}`,
  sha256: createHash('sha256').update(DUMP).digest('hex'),
  bytes: DUMP.length,
};

const placeOfEvidence = () => ({ store: temporaryFolder(), deployment: 'shop-1' });

async function fetched(store: BackupStore, from: StoredBackup, evidence = placeOfEvidence()) {
  const file = join(temporaryFolder(), 'fetched.dump');
  const environment = { name: 'production' } as Environment;
  const { signal } = new AbortController();
  const fact = await fetchBackup(
    { service: 'shop', environment, evidence, from },
    { store, retention: 1, file, signal },
  );
  return { ...fact, file };
}

const says =
  (content: string): Handler =>
  (_, response) =>
    response.end(content);

/** Until nobody listens any more. */
const endless: Handler = (_, response) => {
  const more = () => {
    while (!response.destroyed && response.write('x'.repeat(60_000)));
    response.once('drain', more);
  };
  more();
};

test('what was stored is fetched from S3, whole', async () => {
  const { url } = await serve(says(DUMP));
  const { ok, file } = await fetched(s3At(url), BACKUP);
  expect(ok).toBe(true);
  expect(readFileSync(file, 'utf8')).toBe(DUMP);
});

test.each([
  ['a byte more', says(`${DUMP}!`)],
  ['an object without end', endless],
])('%s than was stored is not fetched, and why is said', async (_, handler) => {
  const { url } = await serve(handler);
  const { ok, text, file } = await fetched(s3At(url), BACKUP);
  expect({ ok, text }).toEqual({
    ok: false,
    text:
      'the dump could not be fetched: s3://dumps: could not fetch the dump (s3:GetObject): ' +
      `what is there is more than the ${DUMP.length} bytes that were stored`,
  });
  expect(statSync(file).size).toBeLessThanOrEqual(DUMP.length);
});

test('as much of something else is not what was proven', async () => {
  const { url } = await serve(says('x'.repeat(DUMP.length)));
  const { ok, text } = await fetched(s3At(url), BACKUP);
  expect(ok).toBe(false);
  expect(text).toContain('is not the dump that was proven');
});

test('a file in a folder that has grown since is not copied', async () => {
  const folder = temporaryFolder();
  const location = join(folder, 'shop', 'production', NAME);
  mkdirSync(join(location, '..'), { recursive: true });
  writeFileSync(location, `${DUMP}!`);
  const store = { kind: 'folder' as const, folder };
  const { ok, text, file } = await fetched(store, { ...BACKUP, location });
  expect(ok).toBe(false);
  expect(text).toContain(`${location} is more than the ${DUMP.length} bytes that were stored`);
  expect(readFileSync(file, 'utf8')).toBe('');
  expect((await fetched(store, { ...BACKUP, location, bytes: DUMP.length + 1 })).text).toContain('is not the dump');
});

test('a backup of an older build is as large as its record says; without that, nothing is asked for', async () => {
  const { url, requests } = await serve(says(DUMP));
  const { bytes, ...older } = BACKUP;
  const evidence = placeOfEvidence();
  const content = JSON.stringify({ bytes });
  const record = await storeEvidence(evidence, { title: 'Backup', path: 'backup.json', content });
  expect((await fetched(s3At(url), { ...older, record }, evidence)).ok).toBe(true);
  const before = requests.length;
  const { ok, text, file } = await fetched(s3At(url), older, evidence);
  expect(ok).toBe(false);
  expect(text).toContain('how large it may be is not known');
  expect(requests.length).toBe(before);
  expect(existsSync(file)).toBe(false);
});
