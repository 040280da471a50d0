/** What proves who has said something: what could not be looked at is no proof, and no proof of the contrary. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import type { IdentityProof } from '../../src/adapters/identity/identity-proof.js';
import { IDENTITY_PROOFS } from '../../src/adapters/identity/identity-proofs.js';
import { makeKey } from '../helpers/ssh-keys.js';
import { type Answer, answerOf, conforms, type Impossible, type Situation, type Situations } from './reader.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-identity-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is claimed, when what verifies it is in this state. */
interface Claimed {
  proof: string;
  keys: string[];
}

const STATEMENT = 'I have said this\n';
const conforming: IdentityProof[] = [];

/** Every proof passes it. `none` is somebody else's: proven not to be this person's. */
function identityConforms(
  module: string,
  proof: IdentityProof,
  situations: Record<Exclude<Situation, 'rateLimit' | 'paging' | 'secrets'>, (() => Claimed) | Impossible>,
): void {
  conforming.push(proof);
  const ask = (claimed: () => Claimed) => async (): Promise<Answer> => {
    const { signal } = new AbortController();
    const claim = { statement: STATEMENT, who: 'ana', ...claimed() };
    const answer = await answerOf(() => proof.verify(claim, { signal, limit: 500 }));
    const { valid, reason } = 'known' in answer ? (answer.known as { valid: boolean; reason: string }) : {};
    return valid === false ? { none: String(reason) } : answer;
  };
  const asked = Object.entries(situations).map(([situation, claimed]) => [
    situation,
    typeof claimed === 'function' ? ask(claimed) : claimed,
  ]);
  conforms(module, Object.fromEntries(asked) as Situations);
}

const ana = makeKey(folder, 'ana');
const other = makeKey(folder, 'other');
const signed = (): Claimed => ({ proof: ana.sign(STATEMENT), keys: [ana.publicKey] });

/** The program that does this instead of what it should. */
function instead(script: string): () => Claimed {
  return () => {
    const claimed = signed();
    const tools = mkdtempSync(join(folder, 'tools-'));
    const program = join(tools, 'ssh-keygen');
    writeFileSync(program, `#!/bin/sh\n${script}\n`);
    chmodSync(program, 0o755);
    vi.stubEnv('PATH', `${tools}:${process.env.PATH}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    return claimed;
  };
}

identityConforms('adapters/identity/ssh-signature.ts', IDENTITY_PROOFS.ssh, {
  value: signed,
  none: () => ({ proof: other.sign(STATEMENT), keys: [ana.publicKey] }),
  hidden: { impossible: 'it is given all that it looks at' },
  partial: instead('echo Good; kill -9 $$'),
  error: instead('kill -SEGV $$'),
  hang: instead('exec sleep 60'),
  nonsense: { impossible: 'nothing of what ssh-keygen prints is read' },
  huge: instead('exec yes'),
});

test('each proof is put through all this', () => {
  expect(conforming).toEqual(Object.values(IDENTITY_PROOFS));
});

test('where proofs cannot be verified, trying it says so', async () => {
  expect(await IDENTITY_PROOFS.ssh.probe()).toEqual({ ok: true, text: 'ssh-keygen is there' });
  vi.stubEnv('PATH', '/nowhere');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(await IDENTITY_PROOFS.ssh.probe()).toMatchObject({ ok: false, advice: 'Install the OpenSSH client.' });
});
