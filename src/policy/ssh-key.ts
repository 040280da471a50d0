/** Public SSH keys, read as SSH reads them (RFC 4253 section 6.6, RFC 5656, RFC 8709): a key that is half there is none. */
import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { Malformed, strictBase64, WireReader } from './ssh-wire.js';

export interface SshKey {
  type: string;
  key: KeyObject;
  /** As `ssh-keygen -l` shows it: what one key is told from another by. */
  fingerprint: string;
}

/** The shortest modulus that counts, bits. */
export const SHORTEST_RSA = 2_048;

/** The curves of RFC 5656 as JSON Web Keys name them, and the bytes of a coordinate. */
const CURVES: Record<string, { crv: string; size: number }> = {
  nistp256: { crv: 'P-256', size: 32 },
  nistp384: { crv: 'P-384', size: 48 },
  nistp521: { crv: 'P-521', size: 66 },
};

/** As it stands in `authorized_keys`, without options. @throws Malformed */
export function readSshKey(line: string): SshKey {
  const [type = '', encoded = ''] = line.trim().split(/\s+/);
  if (!/^[a-z]/.test(type) || encoded === '')
    throw new Malformed('write it as in authorized_keys: "ssh-ed25519 AAAA…"');
  const key = readKeyBlob(strictBase64(encoded));
  if (key.type !== type) throw new Malformed(`it says ${type} and is of the type ${key.type}`);
  return key;
}

/** @throws Malformed */
export function readKeyBlob(blob: Buffer): SshKey {
  const reader = new WireReader(blob);
  const type = reader.text();
  const jwk = readKey(type, reader);
  reader.end();
  const fingerprint = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
  try {
    return { type, key: createPublicKey({ key: jwk, format: 'jwk' }), fingerprint };
  } catch {
    throw new Malformed('no key has these numbers');
  }
}

function readKey(type: string, reader: WireReader): JsonWebKey {
  if (type.includes('-cert-v01@'))
    throw new Malformed('it is a certificate, and who has issued it is nothing to go by');
  if (type === 'ssh-dss') throw new Malformed('DSA keys are too weak');
  if (type.startsWith('sk-')) throw new Malformed('keys of security keys cannot be verified here yet');
  if (type === 'ssh-ed25519') {
    const x = reader.string();
    if (x.length !== 32) throw new Malformed('it is cut off');
    return { kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') };
  }
  if (type === 'ssh-rsa') {
    const e = reader.natural();
    const n = reader.natural();
    if (n.length * 8 < SHORTEST_RSA) throw new Malformed(`an RSA key has ${SHORTEST_RSA} bits or more`);
    return { kty: 'RSA', e: e.toString('base64url'), n: n.toString('base64url') };
  }
  const named = /^ecdsa-sha2-(nistp\d+)$/.exec(type)?.[1] ?? '';
  const curve = CURVES[named];
  if (!curve) throw new Malformed(`keys of the type ${type.slice(0, 40)} are not known`);
  if (reader.text() !== named) throw new Malformed('it names two curves');
  const point = reader.string();
  const { crv, size } = curve;
  if (point.length !== 1 + 2 * size || point[0] !== 4) throw new Malformed('its point is not a whole one');
  const [x, y] = [point.subarray(1, 1 + size), point.subarray(1 + size)];
  return { kty: 'EC', crv, x: x.toString('base64url'), y: y.toString('base64url') };
}
