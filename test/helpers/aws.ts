import type { BackupStore } from '../../src/contract/plan/backup.js';
import type { AwsPlace } from '../../src/contract/plan/providers.js';

/** The secret access key that must never be seen. */
export const AWS_SECRET = 'test-secret-access-key-not-to-be-seen';

/** A stand-in for AWS as a plan names it, and for a client with which a test prepares what it needs. */
export function awsAt(endpoint: string) {
  process.env.TEST_AWS_KEY = 'AKIATEST';
  process.env.TEST_AWS_SECRET = AWS_SECRET;
  const region = 'sa-east-1';
  const place: AwsPlace = {
    region,
    endpoint,
    credentials: { accessKeyId: 'env:TEST_AWS_KEY', secretAccessKey: 'env:TEST_AWS_SECRET' },
  };
  return { place, client: { region, endpoint, credentials: { accessKeyId: 'AKIATEST', secretAccessKey: AWS_SECRET } } };
}

type S3 = Extract<BackupStore, { kind: 's3' }>;

/** A plan's place for dumps at such a stand-in. */
export const s3At = (endpoint: string, changes: Partial<S3> = {}): S3 => ({
  kind: 's3',
  place: awsAt(endpoint).place,
  bucket: 'dumps',
  prefix: '',
  encryption: 'AES256',
  setLifecycle: false,
  ...changes,
});
