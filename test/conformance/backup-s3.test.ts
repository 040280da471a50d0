import { CreateBucketCommand, PutBucketLifecycleConfigurationCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DAY } from '../../src/adapters/backup/backup-store.js';
import { openBackupStore } from '../../src/adapters/backup/open-backup-store.js';
import type { BackupStore } from '../../src/contract/plan/backup.js';
import { AWS_SECRET, awsAt } from '../helpers/aws.js';
import { type Moto, startMoto } from '../helpers/moto.js';
import { type Handler, serve } from '../helpers/server.js';
import { type Answer, answerOf, conforms } from './reader.js';

const NAME = '20251124T115100Z_d_1_8d969eef6eca.dump';
const KEY = `s/production/${NAME}`;
const xml = (body: string): string => `<?xml version="1.0" encoding="UTF-8"?>${body}`;
const page = (keys: string[], more = ''): string =>
  xml(
    `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>dumps</Name>${more}${keys
      .map((key) => `<Contents><Key>${key}</Key><Size>5</Size></Contents>`)
      .join('')}</ListBucketResult>`,
  );

let moto: Moto;
beforeAll(async () => {
  moto = await startMoto();
}, 240_000);
afterAll(() => moto?.stop());

const stored = (endpoint: string, changes: Partial<Extract<BackupStore, { kind: 's3' }>> = {}) => {
  const store = {
    kind: 's3' as const,
    place: awsAt(endpoint).place,
    bucket: 'dumps',
    prefix: '',
    encryption: 'AES256' as const,
    setLifecycle: false,
    ...changes,
  };
  const keeping = {
    service: 's',
    environment: 'production',
    retention: 30 * DAY,
    signal: new AbortController().signal,
  };
  return openBackupStore(store, keeping, 300);
};

async function list(handle: Handler | string): Promise<Answer> {
  const url = typeof handle === 'string' ? handle : (await serve(handle)).url;
  return answerOf(async () => {
    const dumps = await (await stored(url)).list();
    return dumps.length > 0 ? dumps : Promise.reject(new Error('none'));
  }).then((answer) => ('unknown' in answer && answer.unknown === 'none' ? { none: 'no dumps' } : answer));
}

const says =
  (body: string, status = 200): Handler =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body);

const huge = page(Array.from({ length: 1_000 }, (_, index) => KEY.replace('_1_', `_${index}_`)));

conforms(
  'adapters/backup/s3-store.ts',
  {
    value: () => list(says(page([KEY]))),
    none: async () => {
      const client = new S3Client({ ...awsAt(moto.url).client, forcePathStyle: true });
      await client.send(
        new CreateBucketCommand({ Bucket: 'dumps', CreateBucketConfiguration: { LocationConstraint: 'sa-east-1' } }),
      );
      return list(moto.url);
    },
    hidden: () => list(says(xml(`<Error><Code>AccessDenied</Code><Message>${AWS_SECRET}</Message></Error>`), 403)),
    partial: () => list(says(page([KEY], '<IsTruncated>true</IsTruncated>'))),
    error: () => list(says(xml('<Error><Code>SlowDown</Code></Error>'), 503)),
    hang: () => list(() => undefined),
    nonsense: () => list(says('<html><body>Please sign in</body></html>')),
    huge: () => list(says(huge)),
  },
  { secrets: [AWS_SECRET] },
);

test('pages without an end, by the same token again and again, are an end', async () => {
  const answer = await list(
    says(page([KEY], '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>')),
  );
  expect(answer).toEqual({ unknown: expect.stringContaining('the list of dumps was cut off') });
});

test('a lifecycle that could not be read is never written over', async () => {
  const written: string[] = [];
  const { url } = await serve((request, response) => {
    if (request.method === 'PUT') written.push(request.url ?? '');
    says(xml('<LifecycleConfiguration/>'))(request, response);
  });
  const store = await stored(url, { setLifecycle: true });
  await expect(store.retain({ name: NAME, bytes: 1 })).rejects.toThrow('the answer has no rules');
  expect(written).toEqual([]);
});

test('rules that are there are read from a real service', async () => {
  const client = new S3Client({ ...awsAt(moto.url).client, forcePathStyle: true });
  await client.send(
    new CreateBucketCommand({ Bucket: 'ruled', CreateBucketConfiguration: { LocationConstraint: 'sa-east-1' } }),
  );
  const Rules = [{ ID: 'r', Status: 'Enabled' as const, Filter: { Prefix: '' }, Expiration: { Days: 30 } }];
  await client.send(new PutBucketLifecycleConfigurationCommand({ Bucket: 'ruled', LifecycleConfiguration: { Rules } }));
  expect(await (await stored(moto.url, { bucket: 'ruled' })).retain({ name: NAME, bytes: 1 })).toMatchObject({
    ok: true,
  });
});
