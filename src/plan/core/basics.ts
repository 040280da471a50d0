/** The words plans are made of: identifiers, durations, texts, references. Messages say what to write instead. */
import { z } from 'zod';
import { parseDuration } from '../../domain/duration.js';
import { patternProblem } from '../../domain/pattern.js';

type Shape = Record<string, z.ZodType>;

/** Marks the message of an unknown key; what follows are the known ones. Read by `readSections`. */
export const KNOWN_KEYS = 'known keys: ';

/** A map with exactly these keys. */
export function strict<S extends Shape>(shape: S): z.ZodObject<S, z.core.$strict> {
  const known = Object.keys(shape).join(' ');
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? `${KNOWN_KEYS}${known}` : undefined),
  });
}

/** A map of which exactly one key is there. */
export function oneOf<S extends Record<string, z.ZodOptional>>(shape: S) {
  const keys = Object.keys(shape);
  return strict(shape)
    .refine((value) => Object.values(value).filter((content) => content !== undefined).length === 1, {
      error: `Write exactly one of ${keys.join(', ')}`,
    })
    .meta({ minProperties: 1, maxProperties: 1 });
}

/** That YAML has read a number or the like where words are meant. */
export const quoteIt = (expected: string) => (issue: { input?: unknown }) => {
  const { input } = issue;
  if (typeof input === 'number' || typeof input === 'boolean') {
    return `${expected} is expected, and YAML reads this as a ${typeof input}; put it in quotes`;
  }
  return undefined;
};

/** Text on one line, not empty. */
export const text = () =>
  z
    .string({ error: quoteIt('Text') })
    .min(1, 'Is empty')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    .regex(/^[^\u0000-\u001f\u007f]*$/, 'Holds a line break or another control character');

/** Text that may have several lines. */
export const prose = () => z.string({ error: quoteIt('Text') }).min(1, 'Is empty');

export const ID = /^[A-Za-z][A-Za-z0-9._-]*$/;

/** The name of something in the plan. */
export const id = () =>
  z
    .string({ error: quoteIt('A name') })
    .regex(ID, 'A name starts with a letter and goes on with letters, digits, ".", "_" and "-"')
    .max(80, 'Is longer than 80 characters');

const REFERENCE = /^([A-Za-z]|\{environment\})([A-Za-z0-9._-]|\{environment\})*$/;

/** The name of something defined elsewhere in the plan. In `environments.both` it may hold `{environment}`. */
export const reference = (section: string) =>
  z
    .string({ error: quoteIt('A name') })
    .regex(REFERENCE, 'A name starts with a letter and goes on with letters, digits, ".", "_" and "-"')
    .max(80, 'Is longer than 80 characters')
    .meta({ description: `A key of \`${section}\`` });

/** Where a database is, and whose password opens it: by the key of its host, where the two are called the same. */
export const databasePlace = () =>
  strict({
    host: reference('hosts'),
    password: reference('credentials').optional().describe('A key of `credentials`; the one of `host` when left out'),
  }).transform(({ host, password = host }) => ({ host, password }));

/** A version, branch or revision: it becomes an argument of commands, so it can't look like an option. */
export const version = () =>
  z
    .string({ error: quoteIt('A version, branch or revision') })
    .regex(/^(?!-)/, 'Begins with "-": a command would take it for an option')
    .regex(/^[-A-Za-z0-9._/+@]*$/, 'Holds other characters than letters, digits and . _ / + @ -')
    .min(1, 'Is empty');

/** What is deployed: a version as above, or an image reference, `registry/app:1.2@sha256:…`. */
export const releaseName = () =>
  z
    .string({ error: quoteIt('A release') })
    .regex(/^(?!-)/, 'Begins with "-": a command would take it for an option')
    .regex(/^[-A-Za-z0-9._/+@:]*$/, 'Holds other characters than letters, digits and . _ / + @ : -')
    .min(1, 'Is empty');

const DURATION_HELP = 'write for example 30s, 5m, 24h or 1h30m';

/** A length of time with its unit, longer than nothing. Milliseconds after parsing. */
export const duration = () => span((milliseconds) => (milliseconds > 0 ? undefined : 'Must be longer than nothing'));

/** A length of time with its unit, which may be `0s`. Milliseconds after parsing. */
export const durationOrNone = () => span(() => undefined);

function span(check: (milliseconds: number) => string | undefined) {
  return z
    .string({
      error: ({ input }) => (typeof input === 'number' ? `${input} has no unit; ${DURATION_HELP}` : undefined),
    })
    .meta({ pattern: '^(\\d+(\\.\\d+)?(ms|s|m|h|d))+$', examples: ['30s', '5m', '24h'] })
    .transform((written, context) => {
      const milliseconds = parseDuration(written);
      const wrong =
        milliseconds === undefined
          ? `${JSON.stringify(written)} is not a duration; ${DURATION_HELP}`
          : check(milliseconds);
      if (wrong === undefined) return milliseconds ?? 0;
      context.addIssue({ code: 'custom', message: wrong });
      return z.NEVER;
    });
}

/** A share with its unit: `95 %`. The number after parsing. */
export const percent = () =>
  z
    .string({
      error: ({ input }) =>
        typeof input === 'number' ? `${input} has no unit; write for example "${input} %"` : undefined,
    })
    .meta({ pattern: '^\\d+(\\.\\d+)? ?%$', examples: ['95 %'] })
    .transform((written, context) => {
      const value = /^(\d+(?:\.\d+)?) ?%$/.exec(written)?.[1];
      if (value !== undefined && Number(value) <= 100) return Number(value);
      context.addIssue({
        code: 'custom',
        message: `${JSON.stringify(written)} is not a share; write for example "95 %"`,
      });
      return z.NEVER;
    });

export const wholeNumber = (minimum = 0) =>
  z
    .int({
      error: ({ input }) =>
        typeof input === 'string' ? 'A whole number is expected, without quotes or unit' : undefined,
    })
    .min(minimum, `Must be at least ${minimum}`);

/** Where a secret is found. What was written instead is never repeated: it may be the secret. */
export const secretReference = () =>
  z
    .string({ error: SECRET_HELP })
    .regex(SECRET_REFERENCE, SECRET_HELP)
    .meta({
      examples: [
        'env:STAGING_DATABASE_PASSWORD',
        'file:/run/secrets/staging-database',
        'exec:/usr/local/bin/secret shop/staging',
        'vault:secret/shop/staging#password',
        'aws-sm:shop/staging#password',
      ],
    });

const SECRET_HELP =
  'Not a reference to a secret; write env:NAME or file:PATH (or exec:/HELPER, vault:PATH#KEY, aws-sm:NAME#KEY), never the secret itself';

/** A path of Vault goes down from its store: no part of it is empty, "." or "..", which would lead elsewhere. */
const SECRET_REFERENCE =
  /^(env:[A-Za-z_][A-Za-z0-9_]*|file:[^\s].*|exec:\/[^\s].*|vault:(?!\.{1,2}[/#])[^\s/#?]+(\/(?!\.{1,2}[/#])[^\s/#?]+)+#[^\s#]+|aws-sm:[A-Za-z0-9/_+=.@:-]+(#[^\s#]+)?)$/;

/** A regular expression as RE2 reads it. */
export const pattern = () =>
  text().superRefine((source, context) => {
    const message = patternProblem(source);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });

/** A path of the application's URL. */
export const urlPath = () => text().regex(/^\//, 'A path begins with "/"').regex(/^\S*$/, 'Holds a space; write %20');

/** The name of a table, with or without its schema. */
export const table = () =>
  text().regex(/^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/, 'Not the name of a table');

/** Entries by a name of their own. */
export const named = <V extends z.ZodType>(value: V) => z.record(id().meta({ pattern: ID.source }), value);
