/** A file into S3, written only where nothing is yet, with checksums that S3 itself verifies. */
import { createHash } from 'node:crypto';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { readBytes, readText } from '../../files/bounded-files.js';

/** S3 takes at most 10,000 parts, of at least 5 MiB; a part is held in memory, so that it can be sent again. */
const PART = 16 * 1024 * 1024;
const MOST_PARTS = 10_000;
/** Bytes. */
const LONGEST_ID = 10_000;

interface Upload {
  file: string;
  bytes: number;
  /** Bucket, key and encryption. */
  input: Pick<PutObjectCommandInput, 'Bucket' | 'Key' | 'ServerSideEncryption' | 'SSEKMSKeyId'>;
  signal: AbortSignal;
}

/**
 * In one piece, or in parts when it is larger than one.
 * @returns the SHA-256 that S3 should tell, in base64 (of parts, that of their checksums); undefined when something was
 *   there
 */
export async function upload(client: S3Client, job: Upload): Promise<string | undefined> {
  // It goes when it is stored: an attempt before this one has come so far, or whoever reads it back will see that none has.
  if (!(await isThere(job.file))) return undefined;
  return job.bytes <= PART ? putWhole(client, job) : putParts(client, job);
}

async function putWhole(client: S3Client, { file, input, signal }: Upload): Promise<string | undefined> {
  const body = await readBytes(file, PART);
  const checksum = sha256Of(body).toString('base64');
  const command = new PutObjectCommand({ ...input, Body: body, ChecksumSHA256: checksum, IfNoneMatch: '*' });
  return (await unlessThere(client.send(command, { abortSignal: signal }))) ? checksum : undefined;
}

async function putParts(client: S3Client, { file, bytes, input, signal }: Upload): Promise<string | undefined> {
  const options = { abortSignal: signal };
  const create = new CreateMultipartUploadCommand({ ...input, ChecksumAlgorithm: 'SHA256' });
  const { UploadId } = await client.send(create, options);
  const target = { Bucket: input.Bucket, Key: input.Key, UploadId };
  // What is left of an upload that was not completed costs money for ever, and whoever began it may be killed at any moment.
  const abandon = (which: string | undefined) =>
    client.send(new AbortMultipartUploadCommand({ ...target, UploadId: which })).catch(() => undefined);
  const begun = `${file}.upload`;
  if (await isThere(begun)) await abandon(await readText(begun, LONGEST_ID));
  await writeFile(begun, UploadId ?? '', { mode: 0o600 });
  const size = Math.max(PART, Math.ceil(bytes / MOST_PARTS));
  const parts: CompletedPart[] = [];
  const sums: Buffer[] = [];
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(size);
    for (let at = 0; at < bytes; at += size) {
      const { bytesRead } = await handle.read(buffer, 0, size, at);
      const body = buffer.subarray(0, bytesRead);
      const sum = sha256Of(body);
      const part = { PartNumber: parts.length + 1, ChecksumSHA256: sum.toString('base64') };
      const { ETag } = await client.send(new UploadPartCommand({ ...target, ...part, Body: body }), options);
      parts.push({ ...part, ETag });
      sums.push(sum);
    }
    const complete = { ...target, MultipartUpload: { Parts: parts }, IfNoneMatch: '*' };
    if (await unlessThere(client.send(new CompleteMultipartUploadCommand(complete), options))) {
      return sha256Of(Buffer.concat(sums)).toString('base64');
    }
    await abandon(UploadId);
    return undefined;
  } catch (error) {
    await abandon(UploadId);
    throw error;
  } finally {
    await rm(begun, { force: true });
    await handle.close();
  }
}

/**
 * 412 and 404 of an upload: something is there, perhaps what a try whose answer was lost has written. 409: somebody is
 * at it. Whoever reads it back will see.
 */
const THERE = ['PreconditionFailed', 'NoSuchUpload', 'ConditionalRequestConflict'];

async function unlessThere(sent: Promise<unknown>): Promise<boolean> {
  try {
    await sent;
    return true;
  } catch (error) {
    if (THERE.includes((error as Error).name)) return false;
    throw error;
  }
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

const sha256Of = (data: Buffer): Buffer => createHash('sha256').update(data).digest();
