/** Whether an envelope says what it is taken for, and whether it was sealed by a person whose word that is. */
import { z } from 'zod';
import type { Statement } from '../contract/envelope.js';
import { LONGEST_ENVELOPE } from '../domain/decisions/room.js';
import { DECISIONS } from '../domain/ledger/decision-kinds.js';
import { ENVELOPE_NAMESPACE, PAYLOAD_TYPE, preAuthentication, type Signature } from './dsse.js';
import { readAssertion, whyNotAsserted } from './passkey.js';
import type { Policy, PolicyKey, PolicyPerson } from './policy.js';
import { readSshSignature } from './ssh-signature.js';
import { Malformed, strictBase64 } from './ssh-wire.js';

const envelopeShape = z.object({
  payloadType: z.literal(PAYLOAD_TYPE),
  payload: z.string(),
  signatures: z.array(z.object({ kind: z.enum(['ssh', 'passkey']), sig: z.string() })).length(1),
});

const words = z.string().max(2_000);
const statementShape: z.ZodType<Statement> = z.strictObject({
  deployment: words.min(1),
  service: words.min(1),
  plan: words.regex(/^[0-9a-f]{64}$/),
  commit: words,
  proposal: words,
  role: words,
  person: words.min(1),
  decision: z.enum(['start', ...DECISIONS]),
  subject: words,
  option: words,
  revision: words,
  to: words,
  build: words,
  why: words,
  nonce: words.min(16),
  expires: z.iso.datetime(),
});

export interface Opened {
  statement: Statement;
  person: PolicyPerson;
  /** Of the key that it was signed with. */
  fingerprint: string;
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

async function open(policy: Policy, sent: string, now: number): Promise<Opened | { refused: string }> {
  if (sent.length > LONGEST_ENVELOPE) return refused(`it is longer than ${LONGEST_ENVELOPE} characters`);
  const { payload, signatures } = envelopeShape.parse(JSON.parse(sent));
  const bytes = strictBase64(payload);
  const statement = statementShape.parse(JSON.parse(bytes.toString('utf8')));
  const person = policy.people.get(statement.person);
  if (!person) return refused(`${statement.person} is not one of the people of the policy`);
  const [signature = { kind: 'ssh', sig: '' }] = signatures;
  const proof = PROOFS[signature.kind](strictBase64(signature.sig), policy);
  const held = person.keys.find((key) => proof.isBy(key));
  if (!held) return refused(`it is signed with a key that is none of ${person.id}`);
  if (held.revoked !== undefined && held.revoked <= now) return refused(`the key of ${person.id} is revoked`);
  if (held.from !== undefined && now < held.from) return refused(`the key of ${person.id} does not count yet`);
  if (held.until !== undefined && held.until <= now) return refused(`the key of ${person.id} does not count any more`);
  const lack = await proof.lack(preAuthentication(PAYLOAD_TYPE, bytes), held);
  if (lack !== undefined) return refused(`the signature is not one of ${person.id} for this very statement${lack}`);
  return { statement, person, fingerprint: held.public.fingerprint };
}

interface Proof {
  /** Whether it says that it was made with this key. */
  isBy(key: PolicyKey): boolean;
  /** @returns undefined where that key has signed this very message, else why not, as far as there is more to say */
  lack(message: Buffer, key: PolicyKey): Promise<string | undefined> | string | undefined;
}

const PROOFS: Record<Signature['kind'], (blob: Buffer, policy: Policy) => Proof> = {
  ssh(blob) {
    const { by, namespace, isOf } = readSshSignature(blob);
    return {
      isBy: (key) => key.kind === 'ssh' && key.public.fingerprint === by.fingerprint,
      lack: (message) => (namespace === ENVELOPE_NAMESPACE && isOf(message) ? undefined : ''),
    };
  },
  passkey(blob, { passkeys: place }) {
    const assertion = readAssertion(blob);
    return {
      isBy: (key) => key.kind === 'passkey' && key.public.credential === assertion.id,
      async lack(message, key) {
        if (key.kind !== 'passkey' || !place) return ': the policy knows no place where passkeys sign';
        const why = await whyNotAsserted(key.public, { place, message, assertion });
        return why === undefined ? undefined : `: ${why}`;
      },
    };
  },
};

const refused = (reason: string) => ({ refused: reason });
