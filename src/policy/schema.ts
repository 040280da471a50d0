/** A policy file: who people are, and what their word is good for. */
import { z } from 'zod';
import { DECISIONS } from '../domain/ledger/decision-kinds.js';
import { id, named, strict, text } from '../plan/core/basics.js';
import { SIGNATURE_KINDS } from './dsse.js';

const DAY = /^\d{4}-\d{2}-\d{2}$/;
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?Z$/;

/** Epoch milliseconds after parsing. */
const moment = () =>
  text().transform((written, context) => {
    const at = DAY.test(written) || MOMENT.test(written) ? Date.parse(written) : Number.NaN;
    if (!Number.isNaN(at)) return at;
    context.addIssue({ code: 'custom', message: 'Write a day, 2026-11-30, or a moment in UTC, 2026-11-30T08:00Z' });
    return z.NEVER;
  });

/** What a browser takes for safe: TLS, or the machine itself. */
export const PASSKEY_ORIGIN = /^(https:\/\/[a-z0-9.-]+|http:\/\/localhost)(:\d+)?$/;

/** As a provider names itself, letter by letter; beyond this machine it is known by TLS. */
const ISSUER = /^(https:\/\/[a-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1))(:\d+)?(\/[^?#\s]*)?$/;

const issuer = () => text().regex(ISSUER, 'Write an issuer: https://accounts.example.com');

const roles = (nobody: string) => z.array(id()).min(1, nobody);

const validity = {
  from: moment().optional().describe('It counts from then on; always when left out'),
  until: moment().optional().describe('It does not count from then on'),
  revoked: moment().optional().describe('It counts for nothing any more from then on, whenever it has signed'),
};

const key = z.discriminatedUnion(
  'kind',
  [
    strict({
      kind: z.literal('ssh'),
      key: text().describe('The public key, as in authorized_keys'),
      ...validity,
    }),
    strict({
      kind: z.literal('passkey'),
      credential: text().describe('The credential’s ID, in base64url'),
      key: text().describe('Its public key as COSE has it, in base64'),
      counter: z
        .int()
        .min(0)
        .default(0)
        .describe(
          'Only answers with a higher counter count, where the authenticator counts: what a copy has said ends so',
        ),
      ...validity,
    }),
    strict({
      kind: z.literal('oidc'),
      issuer: issuer().describe('One of `identityProviders`'),
      subject: text().max(255).optional().describe('The person’s account there: `sub` of its ID tokens'),
      email: text()
        .optional()
        .describe('In place of `subject`: a verified e-mail, where the provider gives none to anybody else later'),
      ...validity,
    }).refine(({ subject, email }) => (subject === undefined) !== (email === undefined), {
      error: 'Write exactly one of subject, email',
    }),
  ],
  { error: 'Only keys of the kinds ssh, passkey and oidc are known' },
);

const SIGNABLE = ['start', ...DECISIONS] as const;

export const policySchema = strict({
  policy: z.literal(1, { error: 'Write "policy: 1"' }).describe('The format'),
  people: named(
    strict({
      name: text().describe('The person’s name'),
      roles: roles('Has no role').describe('In which this person decides'),
      keys: z.array(key).default([]).describe('What this person signs with'),
    }),
  ).describe('By user name, which is spelt exactly so everywhere'),
  passkeys: strict({
    id: text().describe('The relying party’s ID: the domain that the passkeys were made for'),
    origins: z
      .array(text().regex(PASSKEY_ORIGIN, 'Write an origin: https://surefoot.example.com'))
      .min(1, 'There is no page to sign on')
      .describe('Pages on which passkeys sign, by their origins'),
  })
    .optional()
    .describe('Where passkeys sign; needed where somebody has one'),
  identityProviders: z
    .array(
      strict({
        issuer: issuer().describe('Its name, as in its ID tokens'),
        audience: text().describe('The client’s ID there: whom its ID tokens are made out to'),
        keys: z
          .array(
            z.record(z.string(), z.unknown(), { error: 'Write a JSON Web Key: {kty: RSA, kid: …, n: …, e: AQAB}' }),
          )
          .min(1, 'Nothing would be signed with any')
          .optional()
          .describe('The only keys that count; those that it publishes when left out'),
      }),
    )
    .default([])
    .describe('Who says that people have signed in (OpenID Connect); needed where somebody has an account'),
  proofs: named(z.array(z.enum(SIGNATURE_KINDS)).min(1, 'Nothing proves it'))
    .default({})
    .describe('What proves a person’s word in a role, by role; anything in `keys` where a role is left out'),
  services: named(
    strict({
      start: roles('Nobody may start it').describe('Roles that may start deployments of it'),
      approve: roles('Nobody signs it off').describe(
        'Roles that sign off, each by another person, none of whom started it',
      ),
      plans: z
        .array(text().regex(/^[0-9a-f]{64}$/, 'Not the digest of a plan: 64 hexadecimal digits, as `plan check` says'))
        .min(1, 'No plan would ever be carried out')
        .optional()
        .describe('Digests of the plans that are carried out'),
      planSigners: roles('Nobody signs a plan')
        .optional()
        .describe('Roles whose signed plans are carried out, besides `plans`; with neither, any plan is'),
    }),
  ).describe('Services that this worker deploys, by name: no others'),
  decisions: z
    .partialRecord(z.enum(DECISIONS), roles('Nobody may say it'))
    .refine(({ rollback }) => rollback !== undefined, {
      error: 'Say who may roll production back, with one signature: `rollback: [ROLE]`',
    })
    .describe('Roles that may say it, by kind of decision; every role where a kind is left out'),
  signed: z
    .array(z.enum(SIGNABLE))
    .default(SIGNABLE.filter((kind) => kind !== 'hold' && kind !== 'reject'))
    .refine((kinds) => kinds.length === 0 || (kinds.includes('start') && kinds.includes('approve')), {
      error: 'Where anything is signed, start and approve are: what follows rests on them',
    })
    .describe('What counts only with a signature; all but hold and reject when left out, nothing when empty'),
  automaticRollback: z
    .boolean()
    .default(true)
    .describe('Whether a breach rolls production back by itself; otherwise a person signs first'),
  runners: strict({
    staging: z.array(text()).min(1, 'No runner serves it').optional(),
    production: z.array(text()).min(1, 'No runner serves it').optional(),
  })
    .default({})
    .describe('Runners that act on an environment, by the identity in their state folders; any when left out'),
});
