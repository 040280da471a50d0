/** Where dumps go. */
import type { Database } from './environment.js';
import type { AwsPlace } from './providers.js';

/** Where dumps are kept. */
export type BackupStore =
  | { kind: 'folder'; folder: string }
  | {
      kind: 's3';
      bucket: string;
      /** Without slashes at its ends; empty: the whole bucket. */
      prefix: string;
      place: AwsPlace;
      encryption: 'AES256' | 'aws:kms';
      /** The KMS key; the account's own for S3 when absent. */
      kmsKey?: string;
      /** Whether a missing expiration rule is added to the bucket. */
      setLifecycle: boolean;
    };

export interface Backup {
  store: BackupStore;
  /** How long a dump is kept, milliseconds. */
  retention: number;
  /** The smallest share of the previous dump's size that is plausible, percent. */
  smallest: number;
  /** Connects to the server where dumps are restored on trial, in a database of their own. */
  scratch: Database;
}
