/** A policy file: who people are, and what their word is good for. */
import { z } from 'zod';
import { DECISIONS } from '../domain/ledger/decision-kinds.js';
import { id, named, strict, text } from '../plan/core/basics.js';

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

const roles = (nobody: string) => z.array(id()).min(1, nobody);

const key = strict({
  kind: z.literal('ssh', { error: 'Only keys of the kind ssh are known' }),
  key: text().describe('The public key, as in authorized_keys'),
  from: moment().optional().describe('It counts from then on; always when left out'),
  until: moment().optional().describe('It does not count from then on'),
  revoked: moment().optional().describe('It counts for nothing any more from then on, whenever it has signed'),
});

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
        .describe('Digests of the plans that are carried out; any plan when left out'),
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
