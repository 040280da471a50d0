import { createHash, randomBytes } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetBucketLifecycleConfigurationCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { DAY, dumpName, type OpenStore } from '../../../src/adapters/backup/backup-store.js';
import { openBackupStore } from '../../../src/adapters/backup/open-backup-store.js';
import type { BackupStore } from '../../../src/contract/plan/backup.js';
import { type Moto, startMoto } from '../../helpers/moto.js';
import { type Fault, tcpProxy } from '../../helpers/tcp-proxy.js';
import { startTestServer, type TestServer } from '../postgres-server.js';
import { eventually, mockWorker, temporaryFolder } from '../support.js';
import { GOOD, oks, runBackup, SCHEMA, spoilTools, subjectOf, text } from './backups-support.js';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 240_000 });

type S3 = Extract<BackupStore, { kind: 's3' }>;

let server: TestServer;
let moto: Moto;
let s3: S3Client;
const REGION = 'sa-east-1';
const KEYS = { accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret-access-key' };
const credentials = { accessKeyId: 'env:SUREFOOT_TEST_S3_KEY', secretAccessKey: 'env:SUREFOOT_TEST_S3_SECRET' };
let count = 0;
beforeAll(async () => {
  [server, moto] = await Promise.all([startTestServer(), startMoto()]);
  process.env.SUREFOOT_TEST_S3_KEY = KEYS.accessKeyId;
  process.env.SUREFOOT_TEST_S3_SECRET = KEYS.secretAccessKey;
  s3 = new S3Client({ region: REGION, endpoint: moto.url, credentials: KEYS, forcePathStyle: true });
});
afterAll(() => Promise.all([server?.stop(), moto?.stop()]));

const keeping = { service: 'eduautismo', environment: 'production', retention: 30 * DAY };

/** An empty bucket with the lifetime that is wanted. */
async function bucket({ days }: { days?: number } = { days: 30 }, changes: Partial<S3> = {}): Promise<S3> {
  count += 1;
  const Bucket = `backups-${count}`;
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'sa-east-1' } }));
  if (days !== undefined) {
    const Rules = [{ ID: 'r', Status: 'Enabled' as const, Filter: { Prefix: '' }, Expiration: { Days: days } }];
    await s3.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }));
  }
  const place = { region: REGION, endpoint: moto.url, credentials };
  return {
    kind: 's3',
    place,
    bucket: Bucket,
    prefix: 'pre-deploy',
    encryption: 'AES256',
    setLifecycle: false,
    ...changes,
  };
}

const opened = (store: S3, idle?: number): Promise<OpenStore> =>
  openBackupStore(store, { ...keeping, signal: new AbortController().signal }, idle);

/** A file as a dump would be. */
function fileOf(content: Buffer, at = Date.now()) {
  const file = join(temporaryFolder(), 'dump.part');
  writeFileSync(file, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return {
    file,
    dump: { name: dumpName({ at, deployment: 'd', generation: 1, sha256 }), bytes: content.length, sha256 },
  };
}

async function prepared(store: S3) {
  count += 1;
  const database = await server.create(`s3backup${count}`);
  await server.query(database, SCHEMA);
  return subjectOf(database, { store });
}

describe('a dump in S3', () => {
  test('is encrypted, read back, and expires', async () => {
    const store = await bucket();
    const report = await runBackup(await prepared(store));
    expect(oks(report)).toEqual(GOOD);
    const fetched = join(temporaryFolder(), 'fetched.dump');
    expect(await (await opened(store)).fetch({ location: report.location ?? '', bytes: report.bytes }, fetched)).toBe(
      report.sha256,
    );
    const Key = report.location?.replace(`s3://${store.bucket}/`, '') ?? '';
    expect(Key).toMatch(/^pre-deploy\/eduautismo\/production\/\d{8}T\d{6}Z_.*\.dump$/);
    const head = await s3.send(new HeadObjectCommand({ Bucket: store.bucket, Key }));
    expect(head).toMatchObject({ ServerSideEncryption: 'AES256', ContentLength: report.bytes });
    expect(text(report, 'stored')).toContain(`encrypted by AES256, read back: sha256 ${report.sha256}`);
    expect(text(report, 'retention')).toBe(`s3://${store.bucket}: a lifecycle rule deletes dumps after 30 days`);
  });

  test('is compared with the one before it', async () => {
    const store = await bucket();
    const large = fileOf(randomBytes(1_000_000), Date.now() - DAY);
    expect(await (await opened(store)).keep(large.file, large.dump)).toMatchObject({ ok: true });
    await s3.send(
      new PutObjectCommand({ Bucket: store.bucket, Key: 'pre-deploy/eduautismo/production/zzz.txt', Body: 'x' }),
    );
    const report = await runBackup(await prepared(store));
    expect(oks(report)).toEqual({ ...GOOD, size: false, stored: false, retention: false });
    expect(text(report, 'size')).toMatch(/of the dump before \(1000000 bytes, .*less than 50 %/);
  });

  test('that is refused is not written', async () => {
    const store = await bucket();
    const subject = await prepared(store);
    spoilTools({ dump: ': > "$file"' });
    expect(oks(await runBackup(subject))).toMatchObject({ readable: false, stored: false });
    expect((await s3.send(new ListObjectsV2Command({ Bucket: store.bucket }))).KeyCount).toBe(0);
  });

  test('is encrypted by the key of the plan', async () => {
    const kmsKey = 'arn:aws:kms:sa-east-1:123456789012:key/1234abcd';
    const store = await bucket({ days: 30 }, { encryption: 'aws:kms', kmsKey });
    const report = await runBackup(await prepared(store));
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'stored')).toContain('encrypted by aws:kms');
  });

  test('goes in parts when it is large, and leaves none behind', async () => {
    const store = await bucket();
    const { file, dump } = fileOf(randomBytes(33 * 1024 * 1024));
    expect(await (await opened(store)).keep(file, dump)).toMatchObject({ ok: true });
    expect(existsSync(file)).toBe(false);
    const again = fileOf(randomBytes(17 * 1024 * 1024));
    const other = { ...again.dump, name: dump.name };
    expect(await (await opened(store)).keep(again.file, other)).toMatchObject({ ok: false });
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: store.bucket }));
    expect(Uploads).toEqual([]);
  });

  test('of which a killed worker has sent parts is sent anew, and those cost nobody anything', async () => {
    const store = await bucket();
    const { file, dump } = fileOf(randomBytes(17 * 1024 * 1024));
    const place = { Bucket: store.bucket, Key: `pre-deploy/eduautismo/production/${dump.name}` };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(place));
    await s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber: 1, Body: randomBytes(5 * 1024 * 1024) }));
    writeFileSync(`${file}.upload`, UploadId ?? '');
    expect(await (await opened(store)).keep(file, dump)).toMatchObject({ ok: true });
    const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: store.bucket }));
    expect([Uploads, existsSync(`${file}.upload`)]).toEqual([[], false]);
  });

  test('which an attempt has stored without coming to say so is read back by the next one', async () => {
    const store = await bucket();
    const { file, dump } = fileOf(Buffer.from('the dump'));
    const stored = await (await opened(store)).keep(file, dump);
    const location = { ok: true, location: stored.location };
    expect([existsSync(file), await (await opened(store)).keep(file, dump)]).toMatchObject([false, location]);
    const never = { ...dump, name: dumpName({ at: 0, deployment: 'd', generation: 1, sha256: dump.sha256 }) };
    await expect((await opened(store)).keep(file, never)).rejects.toThrow('could not read the dump back');
  });

  test('that is there already is good with the same content, and a failure with other content', async () => {
    const store = await bucket();
    const { file, dump } = fileOf(Buffer.from('the dump'));
    expect(await (await opened(store)).keep(file, dump)).toMatchObject({ ok: true });
    const same = fileOf(Buffer.from('the dump'));
    expect(await (await opened(store)).keep(same.file, dump)).toMatchObject({
      ok: true,
      text: expect.stringContaining('which was there already'),
    });
    const other = fileOf(Buffer.from('not the dump'));
    expect(await (await opened(store)).keep(other.file, { ...other.dump, name: dump.name })).toMatchObject({
      ok: false,
      text: expect.stringContaining('which was there already: what is read back is something else'),
    });
  });

  test('without a bucket, or with one that says nothing, fails where the store is asked, and only there', async () => {
    const store = { ...(await bucket()), bucket: 'no-such-bucket' };
    const report = await runBackup(await prepared(store));
    expect(oks(report)).toEqual({ ...GOOD, size: false, stored: false, retention: false });
    expect(text(report, 'size')).toMatch(
      /\d+ bytes; the dump before is unknown: s3:\/\/no-such-bucket: could not list dumps.*not found/,
    );
  });
});

describe('a dump on a bad connection to S3', () => {
  test.each<[Fault, RegExp | undefined]>([
    ['latency', undefined],
    ['reset', /could not store the dump .*after 3 attempts/],
    ['half-open', /could not store the dump .*no answer in time/],
    ['slow close', undefined],
  ])('%s: is stored, or is known not to be, and the next attempt has it there once', async (fault, lack) => {
    const { place, ...rest } = await bucket();
    const proxy = await tcpProxy({ port: Number(new URL(moto.url).port) });
    onTestFinished(() => proxy.close());
    const store: S3 = { ...rest, place: { ...place, endpoint: `http://127.0.0.1:${proxy.port}` } };
    const { file, dump } = fileOf(randomBytes(100_000));
    proxy.fault = fault;
    const stored = (await opened(store, lack ? 500 : 10_000)).keep(file, dump);
    if (lack) await expect(stored).rejects.toThrow(lack);
    else expect(await stored).toMatchObject({ ok: true });
    expect(proxy.harmed).toBeGreaterThan(0);
    proxy.fault = 'none';
    expect(await (await opened(store)).keep(file, dump)).toMatchObject({ ok: true });
    expect((await s3.send(new ListObjectsV2Command({ Bucket: store.bucket }))).KeyCount).toBe(1);
  });
});

describe('the lifecycle of the bucket', () => {
  test.each([
    [undefined, 'no lifecycle rule deletes dumps; between 30 and 36 days are wanted'],
    [7, 'a lifecycle rule deletes dumps after only 7 days'],
    [365, 'lifecycle rules delete dumps only after 365 days'],
  ])('of %s days fails the retention, and nothing else', async (days, words) => {
    const report = await runBackup(await prepared(await bucket({ days })));
    expect(oks(report)).toEqual({ ...GOOD, retention: false });
    expect(text(report, 'retention')).toContain(words);
  });

  test('is set where the plan says so, next to the rules that are there', async () => {
    const store = await bucket({ days: 365 }, { setLifecycle: true });
    await s3.send(
      new PutBucketVersioningCommand({ Bucket: store.bucket, VersioningConfiguration: { Status: 'Enabled' } }),
    );
    const report = await runBackup(await prepared(store));
    expect(oks(report)).toEqual(GOOD);
    expect(text(report, 'retention')).toMatch(
      /after 30 days, and their earlier versions 1 days later \(set now: .*365 days/,
    );
    const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: store.bucket }));
    expect(Rules?.map(({ ID }) => ID)).toEqual(['r', 'surefoot-pre-deploy/eduautismo/']);
  });

  test('that deletes too early is left to whoever made it', async () => {
    const store = await bucket({ days: 7 }, { setLifecycle: true });
    expect(oks(await runBackup(await prepared(store)))).toEqual({ ...GOOD, retention: false });
    const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket: store.bucket }));
    expect(Rules).toHaveLength(1);
  });
});

/** What moto does not do, or does otherwise than S3: a server that answers as it is told. */
describe('S3 that misbehaves', () => {
  type Answer = (request: IncomingMessage & { body: Buffer }, response: ServerResponse) => void;
  const headers = { 'x-amz-server-side-encryption': 'AES256' };

  async function stub(answer: Answer): Promise<{ store: S3; requests: string[] }> {
    const requests: string[] = [];
    const stubbed = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        requests.push(`${request.method} ${request.url?.split('?')[0]}`);
        answer(Object.assign(request, { body: Buffer.concat(chunks) }), response);
      });
    });
    await new Promise<void>((resolve) => stubbed.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void stubbed.close().closeAllConnections());
    const { port } = stubbed.address() as AddressInfo;
    const place = { region: REGION, endpoint: `http://127.0.0.1:${port}`, credentials };
    return {
      store: { kind: 's3', place, bucket: 'b', prefix: '', encryption: 'AES256', setLifecycle: false },
      requests,
    };
  }

  const failWith = (response: ServerResponse, status: number, code: string) =>
    response
      .writeHead(status, { 'content-type': 'application/xml' })
      .end(`<Error><Code>${code}</Code><Message>m</Message></Error>`);

  /** A small S3 of one object, which verifies checksums as the real one does. */
  function verifying(kept: { body?: Buffer } = {}): Answer {
    return ({ method, headers: sent, body }, response) => {
      if (method === 'PUT') {
        const right = createHash('sha256').update(body).digest('base64');
        if (sent['if-none-match'] !== '*' || sent['x-amz-server-side-encryption'] !== 'AES256')
          return failWith(response, 400, 'InvalidRequest');
        if (sent['x-amz-checksum-sha256'] !== right) return failWith(response, 400, 'BadDigest');
        if (kept.body) return failWith(response, 412, 'PreconditionFailed');
        kept.body = body;
        return response.writeHead(200).end();
      }
      if (!kept.body) return failWith(response, 404, 'NoSuchKey');
      response.writeHead(200, { ...headers, 'content-length': kept.body.length });
      return response.end(method === 'HEAD' ? undefined : kept.body);
    };
  }

  const keepIn = async (store: S3, idle?: number) => {
    const { file, dump } = fileOf(Buffer.from('the dump'));
    return (await opened(store, idle)).keep(file, dump);
  };

  test('verifies the checksum that it is sent', async () => {
    expect(await keepIn((await stub(verifying())).store)).toMatchObject({ ok: true });
  });

  test('an error of the server is tried again, also when the object had been written', async () => {
    let failures = 0;
    const inner = verifying();
    const { store, requests } = await stub((request, response) => {
      if (request.method !== 'PUT' || failures++ > 0) return inner(request, response);
      // It is written, and the answer is lost.
      inner(request, { writeHead: () => ({ end: () => failWith(response, 500, 'InternalError') }) } as never);
    });
    expect(await keepIn(store)).toMatchObject({ ok: true, text: expect.stringContaining('which was there already') });
    expect(requests.filter((request) => request.startsWith('PUT'))).toHaveLength(2);
  });

  test('an error of the server that lasts is told after a few tries', async () => {
    const { store, requests } = await stub((_, response) => failWith(response, 500, 'InternalError'));
    await expect(keepIn(store)).rejects.toThrow(/could not store the dump \(s3:PutObject\) after 3 attempts: .*500/);
    expect(requests).toHaveLength(3);
  });

  test('no answer is a failure in a stated time', async () => {
    const { store } = await stub(() => undefined);
    await expect(keepIn(store, 200)).rejects.toThrow(/could not store the dump .* no answer in time/);
  });

  test('an answer that stops in the middle is one too', async () => {
    const inner = verifying();
    const { store } = await stub((request, response) => {
      if (request.method !== 'GET') return inner(request, response);
      response.writeHead(200, { 'content-length': 8 }).write('the');
    });
    await expect(keepIn(store, 200)).rejects.toThrow(/could not read the dump back/);
  });

  test('no answer does not hold up a cancellation', async () => {
    const { store, requests } = await stub(({ method, url }, response) => {
      if (method === 'GET') response.writeHead(200).end(`<ListBucketResult><Name>${url}</Name></ListBucketResult>`);
    });
    const mock = mockWorker();
    const running = runBackup(await prepared(store), { mock });
    await eventually('the dump is being stored', () => requests.some((request) => request.startsWith('PUT')));
    mock.cancel();
    await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
  });

  test('other content than was written is noticed', async () => {
    const inner = verifying();
    const { store } = await stub((request, response) => {
      if (request.method !== 'GET') return inner(request, response);
      response.writeHead(200, { ...headers, 'content-length': 8 }).end('the dumq');
    });
    expect(await keepIn(store)).toMatchObject({
      ok: false,
      text: expect.stringContaining('is something else, sha256'),
    });
  });

  test('another checksum than was sent is noticed', async () => {
    const inner = verifying();
    const { store } = await stub((request, response) => {
      if (request.method !== 'HEAD') return inner(request, response);
      response.writeHead(200, { ...headers, 'x-amz-checksum-sha256': 'AAAA' }).end();
    });
    expect(await keepIn(store)).toMatchObject({
      ok: false,
      text: expect.stringContaining('has the checksum AAAA in S3'),
    });
  });

  test('a dump that is not encrypted is noticed', async () => {
    const inner = verifying();
    const { store } = await stub((request, response) => {
      if (request.method !== 'HEAD') return inner(request, response);
      response.writeHead(200).end();
    });
    expect(await keepIn(store)).toMatchObject({
      ok: false,
      text: expect.stringContaining('has no encryption instead of AES256'),
    });
  });

  test('a right that is missing is named', async () => {
    const { store } = await stub((_, response) => failWith(response, 403, 'AccessDenied'));
    const open = await opened(store);
    await expect(open.list()).rejects.toThrow('s3://b: could not list dumps (s3:ListBucket): not allowed');
    await expect(open.retain({ name: 'n', bytes: 1 })).rejects.toThrow(/s3:GetLifecycleConfiguration.*: not allowed/);
  });

  test('nonsense is no success', async () => {
    const { store } = await stub((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello'),
    );
    const open = await opened(store);
    await expect(open.list()).rejects.toThrow('could not list dumps');
    expect(await keepIn(store)).toMatchObject({ ok: false });
  });
});
