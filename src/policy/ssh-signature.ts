/** Signatures of `ssh-keygen -Y sign`, verified in this process (openssh-portable, PROTOCOL.sshsig). */
import { constants, createHash, verify } from 'node:crypto';
import { readKeyBlob, type SshKey } from './ssh-key.js';
import { Malformed, WireReader, wireString } from './ssh-wire.js';

const MAGIC = 'SSHSIG';

export interface SshSignature {
  /** The key that it says it was made with. */
  by: SshKey;
  namespace: string;
  /** Whether that key has signed this very message. */
  isOf(message: Buffer): boolean;
}

/** @throws Malformed */
export function readSshSignature(blob: Buffer): SshSignature {
  const reader = new WireReader(blob);
  if (reader.take(MAGIC.length).toString('latin1') !== MAGIC) throw new Malformed('it is no SSH signature');
  if (reader.uint32() !== 1) throw new Malformed('it is of a version that is not known');
  const by = readKeyBlob(reader.string());
  const namespace = reader.text();
  const reserved = reader.string();
  const hash = reader.text();
  const signature = reader.string();
  reader.end();
  if (hash !== 'sha512' && hash !== 'sha256') throw new Malformed('it rests on a hash that is not known');
  return {
    by,
    namespace,
    isOf(message) {
      const digest = createHash(hash).update(message).digest();
      const parts = [namespace, reserved, hash, digest].map(wireString);
      return isSignedBy(by, { signed: Buffer.concat([Buffer.from(MAGIC), ...parts]), signature });
    },
  };
}

/** The lines between the armour's, as `ssh-keygen` prints them. @throws Malformed */
export function unarmored(text: string): string {
  const body = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n?$/.exec(text)?.[1];
  if (body === undefined) throw new Malformed('it is no SSH signature');
  return body.replaceAll('\n', '');
}

/** RFC 8332 for RSA: SHA-1 is not taken. */
const RSA_HASHES: Record<string, string> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' };

/** RFC 5656, section 6.2.1: the hash that goes with a curve, and the bytes of each of the two numbers. */
const CURVE_HASHES: Record<string, { hash: string; size: number }> = {
  'ecdsa-sha2-nistp256': { hash: 'sha256', size: 32 },
  'ecdsa-sha2-nistp384': { hash: 'sha384', size: 48 },
  'ecdsa-sha2-nistp521': { hash: 'sha512', size: 66 },
};

function isSignedBy({ type, key }: SshKey, { signed, signature }: { signed: Buffer; signature: Buffer }): boolean {
  const reader = new WireReader(signature);
  const algorithm = reader.text();
  const content = reader.string();
  reader.end();
  if (type === 'ssh-ed25519') return algorithm === type && verify(null, signed, key, content);
  if (type === 'ssh-rsa') {
    const hash = RSA_HASHES[algorithm];
    return hash !== undefined && verify(hash, signed, { key, padding: constants.RSA_PKCS1_PADDING }, content);
  }
  const curve = CURVE_HASHES[type];
  if (algorithm !== type || !curve) return false;
  const numbers = new WireReader(content);
  const pair = [numbers.natural(), numbers.natural()];
  numbers.end();
  if (pair.some(({ length }) => length > curve.size)) return false;
  const padded = pair.map((number) => Buffer.concat([Buffer.alloc(curve.size - number.length), number]));
  return verify(curve.hash, signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.concat(padded));
}
