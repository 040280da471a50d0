/** How databases are backed up. */
import { z } from 'zod';
import { databasePlace, duration, percent, reference, strict, text } from '../core/basics.js';

/** `backup`; every key may be left out: `backup: {}`. Without the whole nothing is backed up. */
export const backup = strict({
  store: reference('hosts')
    .optional()
    .describe(
      'A key of `hosts`: `s3://bucket/prefix?region=…` (and `&endpoint=https://…` for what is not AWS’ own) or `file:FOLDER`. Without it, `backups` in the folder of the evidence',
    ),
  credentials: strict({
    accessKeyId: reference('credentials'),
    secretAccessKey: reference('credentials'),
  })
    .optional()
    .describe('Keys for S3; without them, what AWS’ own clients find (variables, profile, the machine’s role)'),
  encryption: z.enum(['AES256', 'aws:kms']).default('AES256').describe('How S3 must encrypt the dump'),
  kmsKey: text().optional().describe('The KMS key, as an ARN; without it the account’s own for S3'),
  setLifecycle: z
    .boolean()
    .default(false)
    .describe('Adds the expiration rule to the bucket when it is missing; otherwise it is only checked'),
  retention: duration().prefault('30d').describe('How long a dump is kept'),
  smallest: percent()
    .prefault('50 %')
    .describe('A dump that is smaller than this share of the one before it is refused'),
  scratch: databasePlace()
    .optional()
    .describe(
      'The server for trial restores, as `postgresql://user@host:port/postgres`: the user must be allowed to create databases. Without it, staging’s, and never production’s',
    ),
});

export type AuthoredBackup = z.output<typeof backup>;
