/** Keys and signatures of the real ssh-keygen, read in this process. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readSshKey } from '../../src/policy/ssh-key.js';
import { readSshSignature, unarmored } from '../../src/policy/ssh-signature.js';
import { Malformed, strictBase64 } from '../../src/policy/ssh-wire.js';
import { programOf } from '../helpers/programs.js';
import { makeKey } from '../helpers/ssh-keys.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-policy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const keys = (['ed25519', 'ecdsa', 'rsa'] as const).map((type) => ({ type, ...makeKey(folder, type, type) }));

test.each(keys)('a $type key is known by the fingerprint that ssh-keygen gives it', ({ file, publicKey }) => {
  const said = execFileSync(programOf('ssh-keygen', 'openssh-client'), ['-l', '-f', file], { encoding: 'utf8' });
  expect(readSshKey(publicKey).fingerprint).toBe(said.split(' ')[1]);
});

test.each(keys)('a signature by a $type key is of its message, and of no other', ({ publicKey, sign }) => {
  const signature = readSshSignature(strictBase64(unarmored(sign('a message', 'purpose'))));
  expect(signature.by.fingerprint).toBe(readSshKey(publicKey).fingerprint);
  expect(signature.namespace).toBe('purpose');
  expect(signature.isOf(Buffer.from('a message'))).toBe(true);
  expect(signature.isOf(Buffer.from('another'))).toBe(false);
});

test.each(keys)(
  'a $type signature of which any byte is another is no signature of its message by that key',
  ({ publicKey, sign }) => {
    const blob = strictBase64(unarmored(sign('a message', 'purpose')));
    const { fingerprint } = readSshKey(publicKey);
    fc.assert(
      fc.property(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Buffer.from(blob);
        changed[at] = (changed[at] ?? 0) ^ change;
        expect(counts(changed, fingerprint)).toBe(false);
      }),
    );
  },
);

/** As an envelope is opened: by this key, for this purpose, of this message. */
function counts(blob: Buffer, fingerprint: string): boolean {
  try {
    const { by, namespace, isOf } = readSshSignature(blob);
    return by.fingerprint === fingerprint && namespace === 'purpose' && isOf(Buffer.from('a message'));
  } catch (error) {
    if (error instanceof Malformed) return false;
    throw error;
  }
}

test.each(keys)('a $type key that is cut off anywhere, or has more, is refused in words', ({ publicKey }) => {
  const [type = '', encoded = ''] = publicKey.split(' ');
  const blob = Buffer.from(encoded, 'base64');
  const read = (bytes: Buffer) => () => readSshKey(`${type} ${bytes.toString('base64')}`);
  for (let length = 1; length < blob.length; length++) expect(read(blob.subarray(0, length))).toThrow(Malformed);
  expect(read(Buffer.concat([blob, Buffer.from([0])]))).toThrow('there is more in it than belongs there');
});

test('certificates, keys of security keys, and keys that are too weak are refused by what they are', () => {
  const [key] = keys;
  const program = programOf('ssh-keygen', 'openssh-client');
  execFileSync(program, ['-q', '-s', key?.file ?? '', '-I', 'me', '-n', 'me', `${key?.file}.pub`]);
  const certificate = readFileSync(`${key?.file}-cert.pub`, 'utf8');
  expect(() => readSshKey(certificate)).toThrow('it is a certificate');
  const named = (type: string) => {
    const text = Buffer.from(type);
    const blob = Buffer.concat([Buffer.from([0, 0, 0, text.length]), text]);
    return () => readSshKey(`${type} ${blob.toString('base64')}`);
  };
  expect(named('ssh-dss')).toThrow('DSA keys are too weak');
  expect(named('sk-ssh-ed25519@openssh.com')).toThrow('security keys cannot be verified here yet');
  execFileSync(program, ['-q', '-t', 'rsa', '-b', '1024', '-N', '', '-f', join(folder, 'short')]);
  expect(() => readSshKey(readFileSync(join(folder, 'short.pub'), 'utf8'))).toThrow('2048 bits or more');
  expect(() => readSshKey(`ssh-rsa ${key?.publicKey.split(' ')[1]}`)).toThrow('it says ssh-rsa and is of the type');
});
