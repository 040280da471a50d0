/** Certificates of a test's own authority, by openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programOf } from './programs.js';

export interface TestAuthority {
  /** The root certificate, a file. */
  root: string;
  /** A certificate and its key, files. @param names what it is for; the first one is its common name */
  issue(names: string[]): { certificate: string; key: string };
  remove(): void;
}

export function makeAuthority(): TestAuthority {
  const program = programOf('openssl');
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-certificates-'));
  const file = (name: string) => join(folder, name);
  const openssl = (...words: string[]) => execFileSync(program, words, { stdio: 'pipe' });
  const key = ['-newkey', 'rsa:2048', '-nodes', '-sha256'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.crt'),
    '-days',
    '2',
    '-subj',
    '/CN=Test CA',
  );
  let count = 0;
  return {
    root: file('ca.crt'),
    issue: ([name = '', ...others]) => {
      count += 1;
      const [certificate, own, request] = [file(`${count}.crt`), file(`${count}.key`), file(`${count}.csr`)];
      openssl('req', ...key, '-keyout', own, '-out', request, '-subj', `/CN=${name}`);
      const alternatives = [name, ...others].map((one) => (/^[\d.]+$/.test(one) ? `IP:${one}` : `DNS:${one}`));
      writeFileSync(file('extensions'), `subjectAltName=${alternatives.join(',')}\n`);
      const signer = ['-CA', file('ca.crt'), '-CAkey', file('ca.key'), '-CAcreateserial'];
      openssl(
        'x509',
        '-req',
        '-in',
        request,
        ...signer,
        '-out',
        certificate,
        '-days',
        '2',
        '-extfile',
        file('extensions'),
      );
      return { certificate, key: own };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
