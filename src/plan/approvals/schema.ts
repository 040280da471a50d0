/** Who signs, and what only people know. */
import { z } from 'zod';
import { named, reference, strict, text } from '../core/basics.js';

const ofOnePhase = named(
  strict({
    title: text().describe('The question'),
    roles: z.array(reference('approvals.roles')).min(1, 'Nobody may answer').describe('Who may answer'),
    items: z
      .array(text())
      .default([])
      .describe('What is confirmed, besides the titles of the items that this confirmation settles'),
  }),
);

export const confirmations = strict({
  prerequisites: ofOnePhase.default({}).describe('Before anything starts'),
  staging: ofOnePhase.default({}).describe('After the checks on staging'),
  preparation: ofOnePhase.default({}).describe('Before production'),
}).prefault({});

export const approvals = strict({
  selfApproval: z.boolean().default(false).describe('Whether who started the deployment may approve it'),
  onePersonManyRoles: z.boolean().default(false).describe('Whether one person may approve for several roles'),
  signed: z
    .boolean()
    .optional()
    .describe('Whether approvals count only with an SSH signature (`surefoot approve --sign KEY`)'),
  roles: named(
    strict({ title: text().describe('What people read'), statement: text().describe('What the approval vouches for') }),
  ).describe('Each must be filled'),
  roster: named(
    strict({
      name: text().describe('The person’s name'),
      roles: z.array(reference('approvals.roles')).min(1, 'Has no role').describe('What they may approve for'),
      keys: z
        .array(
          text().regex(
            /^(sk-)?(ssh|ecdsa)-[a-z0-9@.-]+ [A-Za-z0-9+/=]{20,}( .*)?$/,
            'Not a public SSH key; write it as in authorized_keys: "ssh-ed25519 AAAA…"',
          ),
        )
        .optional()
        .describe('Public SSH keys that their approvals may be signed with'),
    }),
  ).describe('Who may approve, by user name'),
});

export type AuthoredConfirmations = z.output<typeof confirmations>;
export type AuthoredApprovals = z.output<typeof approvals>;
