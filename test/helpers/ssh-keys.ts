/** People's SSH keys, and signatures made with them by the real `ssh-keygen`. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programOf } from './programs.js';

export interface TestKey {
  /** The private key's file. */
  file: string;
  /** As `authorized_keys` and a plan's roster have it. */
  publicKey: string;
  /** @param namespace what the signature is for: `surefoot` for an approval */
  sign(statement: string | Buffer, namespace?: string): string;
}

/** Makes a key without a passphrase in this folder. */
export function makeKey(folder: string, name: string, type: 'ed25519' | 'ecdsa' | 'rsa' = 'ed25519'): TestKey {
  const program = programOf('ssh-keygen', 'openssh-client');
  const file = join(folder, name);
  execFileSync(program, ['-q', '-t', type, '-N', '', '-C', `${name}@example.com`, '-f', file]);
  return {
    file,
    publicKey: readFileSync(`${file}.pub`, 'utf8').trim(),
    sign(statement, namespace = 'surefoot') {
      const words = ['-Y', 'sign', '-n', namespace, '-f', file];
      const { status, stdout, stderr } = spawnSync(program, words, { input: statement, encoding: 'utf8' });
      if (status !== 0) throw new Error(`ssh-keygen: ${stderr}`);
      return stdout;
    },
  };
}
