/** Signatures of approvals, made and verified by the real ssh-keygen. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { createApprovalActivities } from '../../../src/activities/review/approvals.js';
import { signStatement } from '../../../src/client/commands/trust/signing.js';
import { approvalStatement } from '../../../src/domain/decisions/approvals.js';
import { makeKey } from '../../helpers/ssh-keys.js';
import { runActivity } from '../support.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-keys-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const elisa = makeKey(folder, 'elisa');
const second = makeKey(folder, 'elisa-second', 'ecdsa');
const mallory = makeKey(folder, 'mallory');
const about = { deployment: 'shop-20251124-120000-ab12', digest: 'a'.repeat(64), role: 'qa', who: 'elisa.rocha' };
const statement = approvalStatement(about);
const OTHER = { valid: false, reason: 'the signature is not one of elisa.rocha for this very approval' };

const { verifySignature } = createApprovalActivities();
const verify = (signature: string, options: { statement?: string; keys?: string[]; who?: string } = {}) =>
  runActivity(() =>
    verifySignature({
      statement,
      signature,
      who: 'elisa.rocha',
      keys: [elisa.publicKey, second.publicKey],
      ...options,
    }),
  );

describe('the signature of an approval', () => {
  test('by any of a person’s keys is valid', async () => {
    const valid = { valid: true, reason: 'signed with a key of elisa.rocha' };
    expect(await verify(elisa.sign(statement))).toEqual(valid);
    expect(await verify(second.sign(statement))).toEqual(valid);
    expect(await verify(await signStatement(statement, elisa.file))).toEqual(valid);
  });

  test('by somebody else’s key is not', async () => expect(await verify(mallory.sign(statement))).toEqual(OTHER));

  test.each([
    ['deployment', 'shop-20251201-120000-ffff'],
    ['digest', 'b'.repeat(64)],
    ['role', 'devops'],
    ['who', 'fabio.nunes'],
  ])('of another %s is not: it cannot be sent again for this one', async (part, value) => {
    const signed = elisa.sign(approvalStatement({ ...about, [part]: value }));
    expect(await verify(signed)).toEqual(OTHER);
  });

  test('made for another purpose is not: a signed commit or file is no approval', async () => {
    expect(await verify(elisa.sign(statement, 'git'))).toEqual(OTHER);
    expect(await verify(elisa.sign(statement, 'file'))).toEqual(OTHER);
  });

  test.each([
    ['nothing', ''],
    ['a text', 'approved!'],
    ['an empty envelope', '-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n'],
    ['what is no base64', '-----BEGIN SSH SIGNATURE-----\n%%%%\n-----END SSH SIGNATURE-----\n'],
    ['bytes', '\u0000\u0001\uffff'],
  ])('is not %s', async (_, signature) => expect(await verify(signature)).toEqual(OTHER));

  test('is not one that was cut short', async () =>
    expect(await verify(elisa.sign(statement).slice(0, -60))).toEqual(OTHER));

  test('of a person without keys is not', async () =>
    expect(await verify(elisa.sign(statement), { keys: [] })).toEqual({
      valid: false,
      reason: "elisa.rocha has no key on the plan's roster",
    }));

  test('leaves nothing behind on the worker', async () => {
    const left = () => readdirSync(tmpdir()).filter((name) => name.startsWith('surefoot-signature-'));
    const before = left();
    await verify(elisa.sign(statement));
    await verify('garbage');
    expect(left()).toEqual(before);
  });

  test('cannot be verified without ssh-keygen, which is no signature that is refused', async () => {
    vi.stubEnv('PATH', '/nowhere');
    try {
      await expect(verify('anything')).rejects.toThrow('ssh-keygen is not on this worker');
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe('signing an approval', () => {
  test.each([
    ['a file that is not there', join(folder, 'absent'), /could not be signed with .*absent/],
    ['what reads as an option', '-Y', /-Y is no key file/],
  ])('says what is wrong with %s', (_, key, message) => expect(signStatement(statement, key)).rejects.toThrow(message));
});
