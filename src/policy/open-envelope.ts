/** Whether an envelope says what it is taken for, and whether it was sealed by a person whose word that is. */
import type { JsonWebKey } from 'node:crypto';
import { z } from 'zod';
import type { Statement } from '../contract/envelope.js';
import { LONGEST_ENVELOPE } from '../domain/decisions/room.js';
import { DECISIONS } from '../domain/ledger/decision-kinds.js';
import { ENVELOPE_NAMESPACE, PAYLOAD_TYPE, preAuthentication, SIGNATURE_KINDS, type SignatureKind } from './dsse.js';
import { hasRunOut, identified, isOf, readToken } from './identity-token.js';
import { challengeOf, readAssertion, whyNotAsserted } from './passkey.js';
import type { Policy, PolicyKey, PolicyPerson } from './policy.js';
import { readSshSignature } from './ssh-signature.js';
import { Malformed, strictBase64 } from './ssh-wire.js';

const envelopeShape = z.object({
  payloadType: z.literal(PAYLOAD_TYPE),
  payload: z.string(),
  signatures: z.array(z.object({ kind: z.enum(SIGNATURE_KINDS), sig: z.string() })).length(1),
});

const words = z.string().max(2_000);
const statementShape: z.ZodType<Statement> = z
  .strictObject({
    deployment: words,
    service: words.min(1),
    plan: words.regex(/^[0-9a-f]{64}$/),
    commit: words,
    proposal: words,
    role: words,
    person: words.min(1),
    decision: z.enum(['plan', 'start', ...DECISIONS]),
    subject: words,
    option: words,
    revision: words,
    backup: words.optional(),
    to: words,
    build: words,
    why: words,
    nonce: words.min(16),
    expires: z.iso.datetime(),
    begins: z.iso.datetime().optional(),
  })
  // A plan is signed for every deployment by it, and everything else for one.
  .refine(({ decision, deployment }) => (decision === 'plan') === (deployment === ''));

export interface Opened {
  statement: Statement;
  person: PolicyPerson;
  /** Of the key that it was signed with, or of the account. */
  fingerprint: string;
  /** The identity provider's key, where it is its word. */
  verifiedBy?: JsonWebKey;
  /** What it was proven by has run out by now: it is good only for who has taken it before. */
  hasRunOut: boolean;
}

/**
 * Opens an envelope with the keys of the policy; what it says is judged elsewhere.
 * @param now epoch milliseconds, by this machine's own clock
 * @returns why not, for people, when nobody of the policy has signed it with a key that counts now
 */
export async function openEnvelope(policy: Policy, sent: string, now: number): Promise<Opened | { refused: string }> {
  try {
    return await open(policy, sent, now);
  } catch (error) {
    if (error instanceof Malformed) return refused(`its signature cannot be read: ${error.message}`);
    if (error instanceof SyntaxError || error instanceof z.ZodError) return refused('it is no envelope of a decision');
    throw error;
  }
}

function read(sent: string) {
  const { payload, signatures } = envelopeShape.parse(JSON.parse(sent));
  const bytes = strictBase64(payload);
  return { bytes, statement: statementShape.parse(JSON.parse(bytes.toString('utf8'))), signatures };
}

/** What an envelope says, whoever has sealed it. @throws where it is none */
export const statementIn = (sent: string): Statement => read(sent).statement;

async function open(policy: Policy, sent: string, now: number): Promise<Opened | { refused: string }> {
  if (sent.length > LONGEST_ENVELOPE) return refused(`it is longer than ${LONGEST_ENVELOPE} characters`);
  const { bytes, statement, signatures } = read(sent);
  const person = policy.people.get(statement.person);
  if (!person) return refused(`${statement.person} is not one of the people of the policy`);
  const [{ kind, sig } = { kind: 'ssh' as const, sig: '' }] = signatures;
  const proof = PROOFS[kind](strictBase64(sig), { policy, statement, now });
  const held = person.keys.find((key) => proof.isBy(key));
  if (!held) return refused(`it is signed with ${MEANS[kind]} that is none of ${person.id}`);
  const means = kind === 'oidc' ? 'account' : 'key';
  if (held.revoked !== undefined && held.revoked <= now) return refused(`the ${means} of ${person.id} is revoked`);
  if (held.from !== undefined && now < held.from) return refused(`the ${means} of ${person.id} does not count yet`);
  if (held.until !== undefined && held.until <= now)
    return refused(`the ${means} of ${person.id} does not count any more`);
  const { lack, ...proven } = await proof.verify(preAuthentication(PAYLOAD_TYPE, bytes), held);
  if (lack !== undefined) return refused(`the signature is not one of ${person.id} for this very statement${lack}`);
  const other = otherProof(policy, { person, statement, kind });
  if (other !== undefined) return refused(other);
  return { statement, person, fingerprint: held.public.fingerprint, hasRunOut: false, ...proven };
}

const MEANS: Record<SignatureKind, string> = { ssh: 'a key', passkey: 'a key', oidc: 'an account' };

/** @returns why it would have to be proven otherwise, in the role that it is said in; a start takes any that starts it */
function otherProof(
  { proofs, services }: Policy,
  { person, statement, kind }: { person: PolicyPerson; statement: Statement; kind: SignatureKind },
): string | undefined {
  const { decision, role, service } = statement;
  const starting = person.roles.filter((held) => services.get(service)?.start.includes(held));
  const roles = decision === 'start' ? starting : [role];
  const taken = roles.map((one) => proofs.get(one));
  if (taken.length === 0 || taken.some((kinds) => !kinds || kinds.includes(kind))) return undefined;
  return `as ${roles.join(' or ')}, ${person.id} has to prove it by ${[...new Set(taken.flat())].join(' or ')}, not by ${kind}`;
}

interface Proof {
  /** Whether it says that it was made with this key. */
  isBy(key: PolicyKey): boolean;
  /** @returns `lack` where that key has not signed this very message: why not, as far as there is more to say */
  verify(message: Buffer, key: PolicyKey): Promise<Verified> | Verified;
}

type Verified = Partial<Pick<Opened, 'verifiedBy' | 'hasRunOut'>> & { lack?: string };

interface About {
  policy: Policy;
  statement: Statement;
  now: number;
}

const PROOFS: Record<SignatureKind, (blob: Buffer, about: About) => Proof> = {
  ssh(blob) {
    const { by, namespace, isOf: isSignatureOf } = readSshSignature(blob);
    return {
      isBy: (key) => key.kind === 'ssh' && key.public.fingerprint === by.fingerprint,
      verify: (message) => (namespace === ENVELOPE_NAMESPACE && isSignatureOf(message) ? {} : { lack: '' }),
    };
  },
  passkey(blob, { policy: { passkeys: place } }) {
    const assertion = readAssertion(blob);
    return {
      isBy: (key) => key.kind === 'passkey' && key.public.credential === assertion.id,
      async verify(message, key) {
        if (key.kind !== 'passkey' || !place) return { lack: ': the policy knows no place where passkeys sign' };
        const why = await whyNotAsserted(key.public, { place, message, assertion });
        return why === undefined ? {} : { lack: `: ${why}` };
      },
    };
  },
  oidc(blob, { policy: { identityProviders, findProviderKeys: findKeys }, statement, now }) {
    const token = readToken(blob);
    return {
      isBy: (key) => key.kind === 'oidc' && isOf(token, key.public),
      async verify(message) {
        const provider = identityProviders.get(token.claims.iss);
        if (!provider) return { lack: ': the policy knows no such identity provider' };
        const found = await identified(token, { provider, statement, nonce: challengeOf(message), findKeys, now });
        return 'lack' in found ? { lack: `: ${found.lack}` } : { ...found, hasRunOut: hasRunOut(token, now) };
      },
    };
  },
};

const refused = (reason: string) => ({ refused: reason });
