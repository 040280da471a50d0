/** Places for dumps: each keeps the same promises at its real counterpart, and is put through the same situations. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { DAY, dumpName, type Keeping } from '../../src/adapters/backup/backup-store.js';
import { BACKUP_STORES, folderOf, openBackupStore } from '../../src/adapters/backup/open-backup-store.js';
import type { BackupStore } from '../../src/contract/plan/backup.js';
import { temporaryFolder } from '../activities/support.js';
import { AWS_SECRET, awsAt, s3At } from '../helpers/aws.js';
import { type Moto, startMoto } from '../helpers/moto.js';
import { type Handler, serve } from '../helpers/server.js';
import { type Answer, answerOf, conforms } from './reader.js';

type S3 = Extract<BackupStore, { kind: 's3' }>;

interface Sample {
  /** A new one at the real counterpart, in which nothing is. */
  empty(): Promise<BackupStore>;
  /** Puts a file where dumps of service s are kept, by other means. */
  put(store: BackupStore, name: string): Promise<void>;
  /** Whether it is as it was made, but for what was put there. */
  isUntouched(store: BackupStore): Promise<boolean>;
}

const NAME = '20251124T115100Z_d_1_8d969eef6eca.dump';
const KEY = `s/production/${NAME}`;
const numbered = (text: string) => (_: unknown, index: number) => text.replace('_1_', `_${index}_`);

let moto: Moto;
let buckets = 0;
beforeAll(async () => {
  moto = await startMoto();
}, 240_000);
afterAll(() => moto?.stop());

function client(): S3Client {
  const made = new S3Client({ ...awsAt(moto.url).client, forcePathStyle: true });
  onTestFinished(() => made.destroy());
  return made;
}

const SAMPLES: Record<BackupStore['kind'], Sample> = {
  folder: {
    empty: async () => ({ kind: 'folder', folder: temporaryFolder() }),
    async put(store, name) {
      const folder = join(folderOf(store) ?? '', 's', 'production');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), 'x');
    },
    isUntouched: async () => true,
  },
  s3: {
    async empty() {
      buckets += 1;
      const Bucket = `dumps${buckets}`;
      const place = { LocationConstraint: 'sa-east-1' as const };
      await client().send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: place }));
      return s3At(moto.url, { bucket: Bucket, setLifecycle: true });
    },
    async put(store, name) {
      const { bucket } = store as S3;
      await client().send(new PutObjectCommand({ Bucket: bucket, Key: `s/production/${name}`, Body: 'x' }));
    },
    async isUntouched(store) {
      const rules = client().send(new GetBucketLifecycleConfigurationCommand({ Bucket: (store as S3).bucket }));
      return rules.then(
        () => false,
        (error: Error) => error.name === 'NoSuchLifecycleConfiguration',
      );
    },
  },
};

test('each kind of store is put through this', () => {
  expect(Object.keys(SAMPLES).sort()).toEqual([...BACKUP_STORES].sort());
});

const keeping = (changes: Partial<Keeping> = {}): Keeping => ({
  service: 's',
  environment: 'production',
  retention: 30 * DAY,
  signal: new AbortController().signal,
  ...changes,
});
/** How long S3 may say nothing, milliseconds. */
const opened = (store: BackupStore, changes: Partial<Keeping> = {}) => openBackupStore(store, keeping(changes), 300);
const patient = (store: BackupStore, changes: Partial<Keeping> = {}) =>
  openBackupStore(store, keeping(changes), 10_000);

/** A file as a dump would be. */
function fileOf(content: string, at = Date.UTC(2025, 10, 24, 11, 51)) {
  const file = join(temporaryFolder(), 'dump.part');
  writeFileSync(file, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const name = dumpName({ at, deployment: 'd', generation: 1, sha256 });
  return { file, dump: { name, bytes: content.length, sha256 }, at };
}

describe.each(Object.entries(SAMPLES))('a store of kind %s', (_kind, { empty, put, isUntouched }) => {
  test('gives back what it keeps, and lists it beside others, the oldest first', async () => {
    const store = await patient(await empty());
    const [late, early] = [fileOf('late', Date.UTC(2025, 10, 25)), fileOf('early', Date.UTC(2025, 10, 24))];
    const kept = await store.keep(late.file, late.dump);
    expect(kept).toMatchObject({ ok: true, text: expect.stringContaining(late.dump.sha256) });
    await store.keep(early.file, early.dump);
    expect(await store.list()).toEqual([early, late].map(({ dump: { name, bytes }, at }) => ({ name, at, bytes })));
    const file = join(temporaryFolder(), 'fetched');
    expect(await store.fetch({ location: kept.location ?? '', bytes: 4 }, file)).toBe(late.dump.sha256);
    expect(readFileSync(file, 'utf8')).toBe('late');
  });

  test('takes the same dump twice, and never writes over another of its name', async () => {
    const store = await patient(await empty());
    const [first, again, other] = [fileOf('dump'), fileOf('dump'), fileOf('other')];
    const { location = '' } = await store.keep(first.file, first.dump);
    expect(await store.keep(again.file, again.dump)).toMatchObject({ ok: true, location });
    const refused = await store.keep(other.file, { ...other.dump, name: first.dump.name });
    expect(refused).toMatchObject({ ok: false, text: expect.stringContaining('there already') });
    expect(refused.location).toBeUndefined();
    expect(await store.fetch({ location, bytes: 4 }, join(temporaryFolder(), 'fetched'))).toBe(first.dump.sha256);
  });

  test('sees neither what others have put there, nor dumps of another environment', async () => {
    const place = await empty();
    await put(place, 'notes.txt');
    await put(place, NAME);
    expect(await (await patient(place)).list()).toMatchObject([{ name: NAME, bytes: 1 }]);
    expect(await (await patient(place, { environment: 'staging' })).list()).toEqual([]);
    const elsewhere = await patient(place, { environment: 'staging' });
    const mine = await (await patient(place)).keep(fileOf('mine').file, fileOf('mine').dump);
    await expect(
      elsewhere.fetch({ location: mine.location ?? '', bytes: 4 }, join(temporaryFolder(), 'f')),
    ).rejects.toThrow('is not in');
  });

  test('can be tried, which changes nothing', async () => {
    const place = await empty();
    await put(place, NAME);
    const tried = await (await patient(place)).probe();
    expect(tried.map(({ name }) => name)).toContain('store');
    expect(tried.filter(({ ok, text }) => !ok || text === '')).toEqual([]);
    expect(await (await patient(place)).list()).toMatchObject([{ name: NAME, bytes: 1 }]);
    expect(await isUntouched(place)).toBe(true);
  });

  test('fills the folder of this machine that it says, or none', async () => {
    const place = await empty();
    const { file, dump } = fileOf('dump');
    const { location = '' } = await (await patient(place)).keep(file, dump);
    const folder = folderOf(place);
    expect(existsSync(location)).toBe(folder !== undefined);
    expect(location.startsWith(folder ?? '')).toBe(true);
  });
});

const listed = (store: BackupStore): Promise<Answer> =>
  answerOf(async () => (await opened(store)).list()).then((answer) =>
    'known' in answer && (answer.known as unknown[]).length === 0 ? { none: 'no dumps' } : answer,
  );

/** What a trial says: known when a backup would do. */
async function probed(store: BackupStore): Promise<Answer> {
  const answer = await answerOf(async () => (await opened(store)).probe());
  if (!('known' in answer)) return answer;
  const findings = answer.known as { ok: boolean; text: string }[];
  const wrong = findings.filter(({ ok }) => !ok).map(({ text }) => text);
  return wrong.length > 0 ? { unknown: wrong.join('; ') } : answer;
}

/** A store in a folder in which something was put. */
function folderWith(fill: (folder: string) => void): BackupStore {
  const folder = temporaryFolder();
  fill(join(folder, 's', 'production'));
  return { kind: 'folder', folder };
}

const filled = (folder: string, names: string[]) => {
  mkdirSync(folder, { recursive: true });
  for (const name of names) writeFileSync(join(folder, name), 'x');
};

/** Whoever runs these tests may be root, who may read everything. */
const READS_ALL = {
  impossible: 'a folder that may not be read is the error EACCES; these tests may run as root, who may',
};
const HANGING_DISK = { impossible: 'a disk that hangs holds the whole process; the activity has its own limit' };
const A_DISK = { impossible: 'a disk neither throttles nor turns pages' };

conforms('adapters/backup/folder-store.ts', {
  value: () => listed(folderWith((folder) => filled(folder, [NAME]))),
  none: () => listed(folderWith(() => undefined)),
  hidden: READS_ALL,
  // A share that lost a file between the names and their sizes.
  partial: () =>
    listed(
      folderWith((folder) => {
        filled(folder, []);
        symlinkSync('/nowhere', join(folder, NAME));
      }),
    ),
  error: () =>
    listed(
      folderWith((folder) => {
        filled(join(folder, '..'), []);
        writeFileSync(folder, 'a file where the folder is to be');
      }),
    ),
  hang: HANGING_DISK,
  nonsense: { impossible: 'files of any other name are somebody else’s: they are not read' },
  huge: () => listed(folderWith((folder) => filled(folder, Array.from({ length: 2_000 }, numbered(NAME))))),
  rateLimit: A_DISK,
  paging: A_DISK,
  secrets: { impossible: 'a folder needs no credential' },
});

conforms('adapters/folders.ts (a folder store on trial)', {
  value: () => probed({ kind: 'folder', folder: temporaryFolder() }),
  none: { impossible: 'a folder that is not there is made: where it would be is tried' },
  hidden: READS_ALL,
  partial: { impossible: 'it is one question' },
  error: async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a-file'), '');
    return probed({ kind: 'folder', folder: join(folder, 'a-file', 'dumps') });
  },
  hang: HANGING_DISK,
  nonsense: { impossible: 'it is a folder, or none' },
  huge: { impossible: 'what is in it is not looked at' },
  rateLimit: A_DISK,
  paging: A_DISK,
  secrets: { impossible: 'a folder needs no credential' },
});

const xml = (body: string): string => `<?xml version="1.0" encoding="UTF-8"?>${body}`;
const page = (keys: string[], more = ''): string =>
  xml(
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>dumps</Name>${more}${keys
      .map((key) => `<Contents><Key>${key}</Key><Size>5</Size></Contents>`)
      .join('')}</ListBucketResult>`,
  );
const says =
  (body: string, status = 200): Handler =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
const failure = (code: string, status: number, message = ''): Handler =>
  says(xml(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`), status);

const s3By = async (handler: Handler): Promise<BackupStore> => s3At((await serve(handler)).url);
const TOKEN = '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>';
const HUGE = page(Array.from({ length: 1_000 }, numbered(KEY)));
const LATER = KEY.replace('_1_', '_2_');
/** The second page to whoever asks for it. */
const paged: Handler = (request, response) =>
  says(request.url?.includes('continuation-token=t') ? page([LATER]) : page([KEY], TOKEN))(request, response);

conforms(
  'adapters/backup/s3-store.ts',
  {
    value: async () => listed(await s3By(says(page([KEY])))),
    none: async () => listed(await SAMPLES.s3.empty()),
    hidden: async () => listed(await s3By(failure('AccessDenied', 403))),
    partial: async () => listed(await s3By(says(page([KEY], '<IsTruncated>true</IsTruncated>')))),
    error: async () => listed(await s3By(failure('InternalError', 500))),
    hang: async () => listed(await s3By(() => undefined)),
    nonsense: async () => listed(await s3By(says('<html><body>Please sign in</body></html>'))),
    huge: async () => listed(await s3By(says(HUGE))),
    rateLimit: async () => listed(await s3By(failure('SlowDown', 503))),
    paging: {
      read: async () => listed(await s3By(paged)),
      whole: [NAME, NAME.replace('_1_', '_2_')].map((name) => ({ name, at: Date.UTC(2025, 10, 24, 11, 51), bytes: 5 })),
    },
    secrets: async () => listed(await s3By(failure('AccessDenied', 403, AWS_SECRET))),
  },
  { secrets: [AWS_SECRET] },
);

const RULES = xml(
  '<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter><Expiration><Days>30</Days></Expiration></Rule></LifecycleConfiguration>',
);
/** A bucket whose list is fine, and that answers so when asked for its lifecycle. */
const ruledBy =
  (rules: Handler, list = page([KEY])): Handler =>
  (request, response) => {
    const { url = '' } = request;
    if (url.includes('lifecycle')) return rules(request, response);
    return says(url.includes('versioning') ? xml('<VersioningConfiguration/>') : list)(request, response);
  };

conforms(
  'adapters/backup/s3-store.ts (on trial)',
  {
    value: async () => probed(await s3By(ruledBy(says(RULES)))),
    none: async () => probed({ ...(await SAMPLES.s3.empty()), setLifecycle: false } as S3),
    hidden: async () => probed(await s3By(ruledBy(failure('AccessDenied', 403)))),
    partial: async () => probed(await s3By(ruledBy(says(xml('<LifecycleConfiguration/>'))))),
    error: async () => probed(await s3By(ruledBy(failure('InternalError', 500)))),
    hang: async () => probed(await s3By(ruledBy(() => undefined))),
    nonsense: async () => probed(await s3By(ruledBy(says('<html><body>Please sign in</body></html>')))),
    huge: async () => probed(await s3By(ruledBy(says(RULES), HUGE))),
    rateLimit: async () => probed(await s3By(ruledBy(failure('SlowDown', 503)))),
    paging: { impossible: 'a bucket has one page of rules' },
    secrets: async () => probed(await s3By(ruledBy(failure('AccessDenied', 403, AWS_SECRET)))),
  },
  { secrets: [AWS_SECRET] },
);

test('pages without an end, by the same token again and again, are an end', async () => {
  const answer = await listed(await s3By(says(page([KEY], TOKEN))));
  expect(answer).toEqual({ unknown: expect.stringContaining('the list of dumps was cut off') });
});

test('a lifecycle that could not be read is never written over', async () => {
  const written: string[] = [];
  const { url } = await serve((request, response) => {
    if (request.method === 'PUT') written.push(request.url ?? '');
    says(xml('<LifecycleConfiguration/>'))(request, response);
  });
  const store = await opened(s3At(url, { setLifecycle: true }));
  await expect(store.retain({ name: NAME, bytes: 1 })).rejects.toThrow('the answer has no rules');
  expect(written).toEqual([]);
});

/** A bucket whose one rule deletes everything after so many days. */
async function ruled(days: number): Promise<S3> {
  const store = (await SAMPLES.s3.empty()) as S3;
  const Rules = [{ ID: 'r', Status: 'Enabled' as const, Filter: { Prefix: '' }, Expiration: { Days: days } }];
  const rule = { Bucket: store.bucket, LifecycleConfiguration: { Rules } };
  await client().send(new PutBucketLifecycleConfigurationCommand(rule));
  return store;
}

test('rules that are there are read from a real service', async () => {
  expect(await (await patient(await ruled(30))).retain({ name: NAME, bytes: 1 })).toMatchObject({ ok: true });
});

test('a rule that deletes too early is not one that the backup mends, and a trial says so', async () => {
  const found = (await (await patient(await ruled(3))).probe()).find(({ name }) => name === 'retention');
  expect(found).toMatchObject({ ok: false, advice: 'Change that rule of the bucket.' });
  expect(found?.text).toContain('deletes dumps after only 3 days');
});
