/** What a signed word is about: whoever sends it with something else has not got it signed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { DeployInput } from '../../src/contract/deployment.js';
import { begunBy, type SaidDecision, type Statement, saidBy, startBy } from '../../src/contract/envelope.js';
import type { Decision } from '../../src/domain/ledger/ledger.js';
import { CountedWords } from '../../src/policy/counted-words.js';
import { ENVELOPE_NAMESPACE, sealed, statementOf } from '../../src/policy/dsse.js';
import { judgeStart, judgeWord } from '../../src/policy/judge-act.js';
import { loadPolicy } from '../../src/policy/policy.js';
import type { Gathered } from '../../src/report/history/gather.js';
import { unprovenWords } from '../../src/report/words-proven.js';
import { makeKey } from '../helpers/ssh-keys.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-words-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const ana = makeKey(folder, 'ana');
const bob = makeKey(folder, 'bob');

function policyOf(rules = '', more = '') {
  const file = join(folder, 'policy.yaml');
  const person = (id: string, role: string, key: string) =>
    `  ${id}:\n    name: ${id}\n    roles: [${role}]\n    keys: [{kind: ssh, key: "${key}"}]\n`;
  const people = person('ana', 'lead', ana.publicKey) + person('bob', 'qa', bob.publicKey);
  const rest = `services:\n  shop: {start: [lead], approve: [qa]${rules}}\ndecisions:\n  rollback: [lead]\n  move: [lead]\n${more}`;
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
    judgeStart(policy, subject, begunBy({ startedBy: 'ana', ...said }), now);
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

test('a plan is carried out that a signer of plans has signed, whoever starts it, and no other plan or service by that', async () => {
  const digest = 'd'.repeat(64);
  const subject = { deployment: 'shop-1', service: 'shop', digest };
  const now = Date.now();
  const seal = (key: typeof ana, said: Partial<Statement>) =>
    sealed(
      statementOf(
        { deployment: '', service: 'shop', plan: digest, role: '', person: 'ana', decision: 'start', ...said },
        now,
      ),
      (message) => key.sign(message, ENVELOPE_NAMESPACE),
    );
  const envelope = await seal(ana, { deployment: 'shop-1' });
  const signing = (said: Partial<Statement> = {}, key = bob) =>
    seal(key, { decision: 'plan', person: 'bob', role: 'qa', ...said });
  const plan = await signing();
  const policy = policyOf(', planSigners: [qa]');
  const judged = (signed: string | undefined, by = policy, of = subject, at = now) => {
    const signedPlan = signed === undefined ? undefined : { who: 'bob', role: 'qa', envelope: signed };
    return judgeStart(by, of, begunBy({ startedBy: 'ana', envelope, signedPlan }), at);
  };
  expect(await judged(plan)).toBeUndefined();
  expect(await judged(plan, policyOf(', planSigners: [qa]', 'signed: []\n'))).toBeUndefined();
  const another = { ...subject, deployment: 'shop-2' };
  const again = begunBy({
    startedBy: 'ana',
    envelope: await seal(ana, { deployment: 'shop-2' }),
    signedPlan: { who: 'bob', role: 'qa', envelope: plan },
  });
  expect(await judgeStart(policy, another, again, now)).toBeUndefined();
  expect(await judged(undefined)).toMatch(
    /^nobody who signs plans \(qa: bob\) has signed this one: .*`surefoot plan sign PLAN/,
  );
  expect(await judged(undefined, policyOf(`, plans: [${digest}], planSigners: [qa]`))).toBeUndefined();
  expect(await judged(plan, policyOf(', planSigners: [lead]'))).toContain('nobody who signs plans (lead: ana)');
  expect(await judged(plan, policyOf(`, plans: [${'e'.repeat(64)}]`))).toContain('not one that the policy lets be');
  // The policy names the plan itself: whoever stood for it may be gone.
  expect(await judged(await signing({}, ana), policyOf(`, plans: [${digest}], planSigners: [qa]`))).toBeUndefined();
  expect(await judged(await signing({ plan: 'e'.repeat(64) }))).toContain('it was signed for another plan');
  expect(await judged(await signing({ service: 'mail' }))).toContain('it was signed for another service');
  expect(await judged(await signing({}, ana))).toContain('a key that is none of bob');
  expect(await judged(await signing({ deployment: 'shop-1' }))).toContain('it is no envelope of a decision');
  expect(await judged(await signing({ decision: 'start', deployment: 'shop-1', role: '' }))).toContain(
    'it was signed for another deployment',
  );
  const late = new Date(now - 1).toISOString();
  expect(await judged(await signing({ expires: late }))).toContain('plan by bob does not count any more');
  // Whoever looks at a report goes by the same words, as of the time at which it was begun.
  const verified = (signedPlan?: DeployInput['signedPlan']) => {
    const input = { ...subject, plan: { service: 'shop' }, startedBy: 'ana', envelope, signedPlan };
    return unprovenWords(policy, { input, ledger: { startedAt: now, decisions: [] } } as unknown as Gathered);
  };
  expect(await verified({ who: 'bob', role: 'qa', envelope: plan })).toEqual([]);
  expect(await verified()).toEqual([
    { kind: 'unproven', where: 'start', text: expect.stringContaining('nobody who signs plans') },
  ]);
});
