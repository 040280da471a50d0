/** A device that makes passkeys, as a browser hands on what it answers (WebAuthn, registration): for whatever it is told. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { encodeCBOR } from '@levischuck/tiny-cbor';

export interface Making {
  challenge: string;
  origin: string;
  /** The relying party's ID. */
  id: string;
  type?: string;
  crossOrigin?: boolean;
  /** UP 1, UV 4, attested data 64. */
  flags?: number;
  format?: string;
  statement?: Map<string, string | Uint8Array[]>;
}

/** @returns the answer as the console's page sends it */
export function makePasskey(making: Making): string {
  const { challenge, origin, id, type = 'webauthn.create', crossOrigin = false } = making;
  const { flags = 1 | 4 | 64, format = 'none', statement = new Map() } = making;
  const credential = createHash('sha256').update(challenge).digest();
  const authData = Buffer.concat([
    createHash('sha256').update(id).digest(),
    Buffer.from([flags, 0, 0, 0, 0]),
    Buffer.alloc(16),
    Buffer.from([0, credential.length]),
    credential,
    coseKey(),
  ]);
  const attestation = encodeCBOR(
    new Map<string, string | Map<string, string | Uint8Array[]> | Uint8Array>([
      ['fmt', format],
      ['attStmt', statement],
      ['authData', new Uint8Array(authData)],
    ]),
  );
  const data = JSON.stringify({ type, challenge, origin, crossOrigin });
  return JSON.stringify({
    id: credential.toString('base64url'),
    clientDataJSON: Buffer.from(data).toString('base64url'),
    attestationObject: Buffer.from(attestation).toString('base64url'),
  });
}

/** Of a key of ES256 (RFC 9053, section 7.1.1). */
function coseKey(): Uint8Array {
  const { x = '', y = '' } = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));
  return encodeCBOR(
    new Map<number, number | Uint8Array>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ]),
  );
}
