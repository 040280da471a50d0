/** How databases are backed up. */
import { z } from 'zod';
import { command, reading } from '../commands/schema.js';
import { databasePlace, duration, percent, reference, strict, text, wholeNumber } from '../core/basics.js';

/** Where files go, and how they are kept. */
const kept = {
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
};

/** Every key may be left out: `backup: {}`. Without the whole nothing is backed up. */
const byDump = strict({
  by: z
    .enum(['pg_dump'])
    .optional()
    .describe('How: `pg_dump` (when left out), PostgreSQL’s own; or `commands`, for any other database'),
  ...kept,
  timeout: duration()
    .optional()
    .describe(
      'Longest time of `pg_dump`, and of `pg_restore` each time: reading the dump, on trial, as the last resort; two hours when left out',
    ),
  scratch: databasePlace()
    .optional()
    .describe(
      'The server for trial restores, as `postgresql://user@host:port/postgres`: the user must be allowed to create databases. Without it, staging’s, and never production’s',
    ),
});

const field = (what: string) => text().describe(`Field path in that JSON: ${what}`);

const byCommands = strict({
  by: z.literal('commands').describe('By commands of the team’s own'),
  create: command('1h').describe(
    'Writes the backup to `{file}`, or has it made elsewhere and prints JSON that says where',
  ),
  prints: strict({
    backup: field('what names the backup; other commands get it as `{backup}`'),
    bytes: field('its size').optional(),
    checksum: field('its checksum, which has to stay as it was').optional(),
  })
    .optional()
    .describe('What `create` and `verify` print, where there is no `{file}`'),
  verify: command('1h')
    .optional()
    .describe('Fails for a `{file}` that is not whole; or prints what is known of `{backup}` where it is kept'),
  query: reading.describe(
    'Prints a value or lines that tell what the database holds, as numbers of rows; it is asked before and after the backup',
  ),
  scratch: strict({
    restore: command('1h').describe('Restores `{file}` or `{backup}` into a place of its own, which it empties first'),
    query: reading.describe('Prints the same as `query`, of what was restored there'),
    remove: command('10m').optional().describe('Removes what was restored there'),
  }).describe('The restore on trial, before the backup counts as one'),
  restore: command('1h')
    .optional()
    .describe(
      'Puts `{file}` or `{backup}` in the place of the database: the last resort when a rollback has failed, not offered when left out',
    ),
  atLeast: wholeNumber(1).default(1).describe('A backup of fewer bytes is refused'),
  ...kept,
});

/** `backup`. */
export const backup = z.discriminatedUnion('by', [byDump, byCommands]);

export type AuthoredDumpBackup = z.output<typeof byDump>;
export type AuthoredCommandBackup = z.output<typeof byCommands>;
export type AuthoredBackup = z.output<typeof backup>;
