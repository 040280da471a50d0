/** How databases are backed up, and where backups go. */
import type { Command } from './commands.js';
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

/** How a file is kept. */
export interface FileKeeping {
  store: BackupStore;
  /** How long a file is kept, milliseconds. */
  retention: number;
  /** The smallest share of the previous file's size that is plausible, percent. */
  smallest: number;
}

/** Of PostgreSQL, by pg_dump and pg_restore. */
export interface DumpBackup extends FileKeeping {
  by?: undefined;
  /** Longest time of pg_dump, and of each pg_restore, milliseconds; two hours when left out. */
  timeout?: number;
  /** Connects to the server where dumps are restored on trial, in a database of their own. */
  scratch: Database;
}

/** Of any database, by commands of the team's own. */
export interface CommandBackup {
  by: 'commands';
  /** Makes it. */
  create: Command;
  /** Reads it to its end, or reads back what its keeper knows of it. */
  verify?: Command;
  /** Prints what tells one state of the database from another, as numbers of rows. */
  query: Command;
  /** A place of its own where it is restored on trial, and asked the same. */
  scratch: { restore: Command; query: Command; remove?: Command };
  /** Puts it in the database's place: the last resort, where there is one. */
  restore?: Command;
  /** Smallest plausible size, bytes. */
  atLeast: number;
  leaves: BackupFile | BackupReference;
}

/** `create` writes a file, `{file}`, which is kept as a dump is. */
export type BackupFile = { kind: 'file' } & FileKeeping;

/** `create` prints JSON that tells where the backup is, and so does `verify`: field paths. */
export interface BackupReference {
  kind: 'reference';
  /** What other commands are given as `{backup}`. */
  backup: string;
  bytes?: string;
  checksum?: string;
}

export type Backup = DumpBackup | CommandBackup;
