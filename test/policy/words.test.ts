/** What a signed word is about: whoever sends it with something else has not got it signed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type SaidDecision, saidBy, startBy } from '../../src/contract/envelope.js';
import type { Decision } from '../../src/domain/ledger/ledger.js';
import { CountedWords } from '../../src/policy/counted-words.js';
import { ENVELOPE_NAMESPACE, sealed, statementOf } from '../../src/policy/dsse.js';
import { judgeStart, judgeWord } from '../../src/policy/judge-act.js';
import { loadPolicy } from '../../src/policy/policy.js';
import { makeKey } from '../helpers/ssh-keys.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-words-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ana = makeKey(folder, 'ana');
const bob = makeKey(folder, 'bob');

function policyOf() {
  const file = join(folder, 'policy.yaml');
  const person = (id: string, role: string, key: string) =>
    `  ${id}:\n    name: ${id}\n    roles: [${role}]\n    keys: [{kind: ssh, key: "${key}"}]\n`;
  const people = person('ana', 'lead', ana.publicKey) + person('bob', 'qa', bob.publicKey);
  const rest = 'services:\n  shop: {start: [lead], approve: [qa]}\ndecisions:\n  rollback: [lead]\n  move: [lead]\n';
  writeFileSync(file, `policy: 1\npeople:\n${people}${rest}`);
  return loadPolicy(file);
}

test('a move counts for the runner that was signed, and for no other', async () => {
  const policy = policyOf();
  const subject = { deployment: 'shop-1', service: 'shop', digest: 'd'.repeat(64) };
  const about = { deployment: 'shop-1', service: 'shop', plan: 'd'.repeat(64), role: 'lead', person: 'ana' } as const;
  const to = '0123456789abcdef';
  const statement = statementOf({ ...about, decision: 'move', to }, Date.now());
  const envelope = await sealed(statement, (message) => ana.sign(message, ENVELOPE_NAMESPACE));
  const judged = (said: Partial<SaidDecision>) =>
    judgeWord(policy, subject, { kind: 'move', who: 'ana', role: 'lead', to, envelope, ...said }, Date.now());
  expect(await judged({})).toBeUndefined();
  expect(await judged({ to: 'fedcba9876543210' })).toContain('it was signed for another runner');
  expect(await judged({ to: undefined })).toContain('it was signed for another runner');
  expect(await judged({ envelope: undefined })).toContain('it is not signed');
  expect(await judged({ kind: 'abort' })).toContain('what was signed is move');
  expect(await judged({ who: 'bob', role: 'qa' })).toContain('it was signed by ana');
});

test('a move to another build counts for the build that was signed, and for no other', async () => {
  const policy = policyOf();
  const subject = { deployment: 'shop-1', service: 'shop', digest: 'd'.repeat(64) };
  const about = { deployment: 'shop-1', service: 'shop', plan: 'd'.repeat(64), role: 'lead', person: 'ana' } as const;
  const build = '0.2.0-4be1c2a09d35';
  const statement = statementOf({ ...about, decision: 'move', build }, Date.now());
  const envelope = await sealed(statement, (message) => ana.sign(message, ENVELOPE_NAMESPACE));
  const decision: Decision = { kind: 'move', who: 'ana', role: 'lead', build, envelope };
  const judged = (said: Partial<Decision>) => judgeWord(policy, subject, saidBy({ ...decision, ...said }), Date.now());
  expect(await judged({})).toBeUndefined();
  expect(await judged({ build: '0.2.0-000000000000' })).toContain('it was signed for another build');
  expect(await judged({ build: undefined })).toContain('it was signed for another build');
  expect(await judged({ build: undefined, to: '0123456789abcdef' })).toContain('it was signed for another runner');
});

test('a start counts for the time that was signed, and for nothing that is done before it', async () => {
  const policy = policyOf();
  const subject = { deployment: 'shop-1', service: 'shop', digest: 'd'.repeat(64) };
  const about = { deployment: 'shop-1', service: 'shop', plan: 'd'.repeat(64), role: '', person: 'ana' } as const;
  const now = Date.now();
  const [beginsAt, begins] = [now + 3_600_000, new Date(now + 3_600_000).toISOString()];
  const signedFor = async (said: { begins?: string }) =>
    sealed(statementOf({ ...about, decision: 'start', ...said }, now), (message) =>
      ana.sign(message, ENVELOPE_NAMESPACE),
    );
  const [timed, atOnce] = [await signedFor({ begins }), await signedFor({})];
  const judged = (said: { beginsAt?: number; envelope: string }) =>
    judgeStart(policy, subject, startBy({ startedBy: 'ana', ...said }), now);
  // Admitted at once, so that whoever starts it hears whether it may be.
  expect(await judged({ beginsAt, envelope: timed })).toBeUndefined();
  expect(await judged({ envelope: atOnce })).toBeUndefined();
  expect(await judged({ beginsAt: beginsAt + 1, envelope: timed })).toContain('signed to begin at another time');
  expect(await judged({ envelope: timed })).toContain('signed to begin at another time');
  expect(await judged({ beginsAt, envelope: atOnce })).toContain('signed to begin at another time');
  const words = new CountedWords(policy, subject, now);
  await words.read([startBy({ startedBy: 'ana', beginsAt, envelope: timed })]);
  expect(words.early()).toBe(`start by ana does not count before ${begins}`);
  const then = new CountedWords(policy, subject, beginsAt);
  await then.read([startBy({ startedBy: 'ana', beginsAt, envelope: timed })]);
  expect(then.early()).toBeUndefined();
});
