/** Dumps in S3, or in what speaks its language: written once, encrypted, read back, expiring. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { addAbortSignal, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketLifecycleConfigurationCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import type { BackupStore } from '../../contract/plan/backup.js';
import { awsMessage, openAws } from '../cloud/aws.js';
import { atMost } from '../cloud/aws-answers.js';
import {
  DAY,
  hashOfFile,
  type Keeping,
  moreThan,
  type OpenStore,
  type RetentionFinding,
  type StoredDump,
  type StoreProbe,
  timeOfName,
} from './backup-store.js';
import { judgeLifetime, type LifetimeJudgement, lifetimeOf, withRule } from './s3-lifecycle.js';
import { upload } from './s3-upload.js';

type S3 = Extract<BackupStore, { kind: 's3' }>;

/** How long S3 may say nothing in the middle of a request, milliseconds. */
const IDLE = 30_000;

/** @throws ApplicationFailure `SecretMissing` */
export async function openS3Store(store: S3, keeping: Keeping, idle = IDLE): Promise<OpenStore> {
  const client = await openAws(S3Client, store.place, {
    // What is read back is compared here, in words of our own.
    responseChecksumValidation: 'WHEN_REQUIRED' as const,
    // Buckets of other services are no part of their host's name.
    forcePathStyle: store.place.endpoint !== undefined,
    // Not the whole request: a part of a dump may take its time.
    requestHandler: { connectionTimeout: Math.min(idle, 10_000), socketTimeout: idle },
  });
  return new S3Store(store, keeping, client);
}

/** Of 1,000 dumps each: nobody keeps so many of one database. */
const MOST_PAGES = 20;

const MENDED = 'Give the bucket a lifecycle rule, or the plan `backup.setLifecycle`.';

/** An answer that is not whole; the code is what {@link awsMessage} tells. */
const partial = (what: string): Error => Object.assign(new Error(what), { code: what });

class S3Store implements OpenStore {
  private readonly prefix: string;
  private readonly options: { abortSignal: AbortSignal };

  constructor(
    private readonly store: S3,
    private readonly keeping: Keeping,
    private readonly client: S3Client,
  ) {
    this.prefix = [store.prefix, keeping.service, keeping.environment].filter(Boolean).join('/');
    this.options = { abortSignal: keeping.signal };
  }

  async list(): Promise<StoredDump[]> {
    return this.naming('list dumps (s3:ListBucket)', async () => {
      const found: StoredDump[] = [];
      const input = { Bucket: this.store.bucket, Prefix: `${this.prefix}/` };
      let whole = false;
      let pages = 0;
      const paging = { client: this.client, stopOnSameToken: true };
      for await (const page of paginateListObjectsV2(paging, input, this.options)) {
        pages += 1;
        if (pages > MOST_PAGES) throw partial(`the list of dumps has no end after ${MOST_PAGES} pages`);
        // A list always has the bucket's name: without it this is something else.
        whole = page.Name !== undefined && page.IsTruncated !== true;
        for (const { Key = '', Size = 0 } of page.Contents ?? []) {
          const name = Key.slice(this.prefix.length + 1);
          const at = timeOfName(name);
          if (at !== undefined) found.push({ name, at, bytes: Size });
        }
      }
      if (!whole) throw partial('the list of dumps was cut off');
      return found.sort((a, b) => a.name.localeCompare(b.name));
    });
  }

  async keep(
    file: string,
    dump: { name: string; bytes: number; sha256: string },
  ): Promise<RetentionFinding & { location?: string }> {
    const place = { Bucket: this.store.bucket, Key: `${this.prefix}/${dump.name}` };
    const location = `s3://${place.Bucket}/${place.Key}`;
    const { encryption, kmsKey } = this.store;
    const encrypted = { ServerSideEncryption: encryption, ...(kmsKey && { SSEKMSKeyId: kmsKey }) };
    const checksum = await this.naming('store the dump (s3:PutObject)', () =>
      upload(this.client, {
        file,
        bytes: dump.bytes,
        input: { ...place, ...encrypted },
        signal: this.keeping.signal,
      }),
    );
    const whole = checksum === undefined ? `${location}, which was there already` : location;
    const { read, head } = await this.naming('read the dump back (s3:GetObject)', async () => ({
      read: await this.readBack(place, dump.bytes),
      head: await this.client.send(new HeadObjectCommand({ ...place, ChecksumMode: 'ENABLED' }), this.options),
    }));
    if (read !== `sha256 ${dump.sha256}`) {
      return { ok: false, text: `${whole}: what is read back is something else, ${read}` };
    }
    // Not every service that speaks S3 tells a checksum, or the number of parts after it; what was read back is the proof.
    const told = head.ChecksumSHA256?.replace(/-\d+$/, '');
    if (told !== undefined && checksum !== undefined && told !== checksum) {
      return { ok: false, text: `${location} has the checksum ${told} in S3 instead of ${checksum}` };
    }
    const isEncrypted = head.ServerSideEncryption === encryption && (!kmsKey || head.SSEKMSKeyId === kmsKey);
    if (!isEncrypted) {
      const seen = [head.ServerSideEncryption ?? 'no encryption', head.SSEKMSKeyId].filter(Boolean).join(' ');
      return {
        ok: false,
        text: `${location} has ${seen} instead of ${[encryption, kmsKey].filter(Boolean).join(' ')}`,
      };
    }
    await rm(file, { force: true });
    return { ok: true, text: `stored as ${whole}, encrypted by ${encryption}, read back: ${read}`, location };
  }

  async fetch({ location, bytes }: { location: string; bytes: number }, file: string): Promise<string> {
    const start = `s3://${this.store.bucket}/${this.prefix}/`;
    if (!location.startsWith(start)) throw new Error(`${location} is not in ${start}`);
    const place = { Bucket: this.store.bucket, Key: `${this.prefix}/${location.slice(start.length)}` };
    return this.naming('fetch the dump (s3:GetObject)', async () => {
      const { Body } = await this.client.send(new GetObjectCommand(place), this.options);
      const limited = atMost(bytes, `what is there is ${moreThan(bytes)}`);
      const into = createWriteStream(file, { mode: 0o600 });
      await pipeline(Body as Readable, limited, into, { signal: this.keeping.signal });
      return hashOfFile(file, this.keeping.signal);
    });
  }

  async retain({ name, bytes }: { name: string; bytes: number }): Promise<RetentionFinding> {
    const object = { key: `${this.prefix}/${name}`, bytes };
    const { days } = this;
    const found = await this.lifetime(object, days);
    if (found.ok || !found.mendable || !this.store.setLifecycle) return { ok: found.ok, text: this.onBucket(found) };
    await this.naming('set the lifecycle (s3:PutLifecycleConfiguration)', async () => {
      const prefix = `${[this.store.prefix, this.keeping.service].filter(Boolean).join('/')}/`;
      const { rules, rest } = await this.rules();
      await this.client.send(
        new PutBucketLifecycleConfigurationCommand({
          ...rest,
          Bucket: this.store.bucket,
          LifecycleConfiguration: { Rules: withRule(rules, { prefix, days }) },
        }),
        this.options,
      );
    });
    const after = await this.lifetime(object, days);
    return { ok: after.ok, text: `${this.onBucket(after)} (set now: ${found.text})` };
  }

  /** The same calls as a backup makes, but for those that write: without the right to mend the lifecycle it is only read. */
  async probe(): Promise<StoreProbe[]> {
    const { bucket, setLifecycle } = this.store;
    const dumps = await this.list();
    const lifecycle = await this.lifetime({ key: `${this.prefix}/never-stored.dump`, bytes: 1 }, this.days);
    const willBeSet = !lifecycle.ok && lifecycle.mendable && setLifecycle;
    const text = this.onBucket(lifecycle);
    return [
      {
        name: 'store',
        ok: true,
        text: `s3://${bucket} can be listed: ${dumps.length} dumps of ${this.keeping.environment}`,
      },
      {
        name: 'store-write',
        ok: true,
        note: true,
        text: `s3://${bucket}: the rights to write, read back and encrypt (s3:PutObject, s3:GetObject) cannot be tried without writing`,
      },
      {
        name: 'retention',
        ok: lifecycle.ok || willBeSet,
        text: willBeSet ? `${text}; the backup sets a rule, if it may (s3:PutLifecycleConfiguration)` : text,
        ...(willBeSet && { note: true as const }),
        ...(!lifecycle.ok && !willBeSet && { advice: lifecycle.mendable ? MENDED : 'Change that rule of the bucket.' }),
      },
    ];
  }

  /** How long dumps are kept, whole days. */
  private get days(): number {
    return Math.ceil(this.keeping.retention / DAY);
  }

  private onBucket = ({ text }: LifetimeJudgement) => `s3://${this.store.bucket}: ${text}`;

  private async lifetime(object: { key: string; bytes: number }, days: number): Promise<LifetimeJudgement> {
    return this.naming('read the lifecycle (s3:GetLifecycleConfiguration, s3:GetBucketVersioning)', async () => {
      const { rules } = await this.rules();
      const place = { Bucket: this.store.bucket };
      const versioning = await this.client.send(new GetBucketVersioningCommand(place), this.options);
      // A bucket whose versioning is suspended still has the versions from before.
      return judgeLifetime(lifetimeOf(rules, object), { days, versioned: versioning.Status !== undefined });
    });
  }

  private async rules() {
    const command = new GetBucketLifecycleConfigurationCommand({ Bucket: this.store.bucket });
    try {
      const { Rules, TransitionDefaultMinimumObjectSize } = await this.client.send(command, this.options);
      // None at all is an error of another name; and what is not known to be none must not be written over.
      if (!Rules?.length) throw partial('the answer has no rules');
      return { rules: Rules, rest: { TransitionDefaultMinimumObjectSize } };
    } catch (error) {
      if ((error as Error).name === 'NoSuchLifecycleConfiguration') return { rules: [], rest: {} };
      throw error;
    }
  }

  /** The sha256 of what is there, in words; of more than was stored, which may go on for ever, only that it is more. */
  private async readBack(place: { Bucket: string; Key: string }, bytes: number): Promise<string> {
    const { Body } = await this.client.send(new GetObjectCommand(place), this.options);
    const hash = createHash('sha256');
    let size = 0;
    for await (const chunk of addAbortSignal(this.keeping.signal, Body as Readable)) {
      size += (chunk as Buffer).length;
      if (size > bytes) return `more than ${bytes} bytes`;
      hash.update(chunk as Buffer);
    }
    return `sha256 ${hash.digest('hex')}`;
  }

  /** What went wrong, with what it was done for and the rights that it takes. */
  private async naming<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.keeping.signal.throwIfAborted();
      const { attempts = 1 } = (error as { $metadata?: { attempts?: number } }).$metadata ?? {};
      const tries = attempts > 1 ? ` after ${attempts} attempts` : '';
      throw new Error(`s3://${this.store.bucket}: could not ${what}${tries}: ${awsMessage(error)}`);
    }
  }
}
