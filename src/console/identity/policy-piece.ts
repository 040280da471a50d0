/** What a policy gains by a passkey, as YAML: for whoever keeps the policy. Pure. */
import { Document } from 'yaml';
import { inOneLine } from '../../domain/one-line.js';
import type { Enrolled } from '../signed-in.js';

/** What says so, once the piece stands in the policy. */
export const POLICY_CHECK = 'surefoot policy check FILE';

/** @returns a document of its own, with the schema's names: it is merged with the policy's by hand */
export function policyPiece({ who, credential, key, fingerprint, place, origin, at }: Enrolled): string {
  const moment = `${new Date(at).toISOString().slice(0, 16)}Z`;
  const document = new Document({
    people: { [who.person]: { keys: [{ kind: 'passkey', credential, key }] } },
    ...(place ? { passkeys: place } : {}),
  });
  document.commentBefore = [
    `A passkey of ${inOneLine(who.name)} (${inOneLine(who.person)}), made at ${origin}, ${moment}:`,
    fingerprint,
    'It counts for nothing before it stands in the policy. Whoever keeps that asks the person for this fingerprint,',
    `adds what is below to it, and reads it: ${POLICY_CHECK}`,
  ]
    .map((line) => ` ${line}`)
    .join('\n');
  return document.toString({ lineWidth: 0 });
}
