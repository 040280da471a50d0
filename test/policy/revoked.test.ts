/** What still counts when the start, or who stands for the plan, counts no more: nothing that leads on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Authority, SaidDecision, Statement } from '../../src/contract/envelope.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadPlan } from '../../src/plan/load.js';
import { ENVELOPE_NAMESPACE, sealed, statementOf } from '../../src/policy/dsse.js';
import { judgeAct } from '../../src/policy/judge-act.js';
import { loadPolicy } from '../../src/policy/policy.js';
import { makeKey } from '../helpers/ssh-keys.js';
import { SHIPPED } from '../plan/plan-files.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-revoked-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const keys = { ana: makeKey(folder, 'ana'), bob: makeKey(folder, 'bob'), dan: makeKey(folder, 'dan') };
const ROLES = { ana: 'lead', bob: 'qa', dan: 'devops' };
type Person = keyof typeof keys;

const { resolved: plan } = loadPlan(SHIPPED);
const digest = digestOf(plan);
const deployment = 'eduautismo-20261127-000000-0001';

function policyOf({ revoked = [] as Person[], rules = '', more = '', start = 'lead' } = {}) {
  const people = Object.entries(ROLES).map(([id, role]) => {
    const until = revoked.includes(id as Person) ? ', revoked: 2026-01-01' : '';
    const key = `{kind: ssh, key: "${keys[id as Person].publicKey.trim()}"${until}}`;
    return `  ${id}: {name: ${id}, roles: [${role}], keys: [${key}]}\n`;
  });
  const file = join(folder, 'policy.yaml');
  const service = `services:\n  ${plan.service}: {start: [${start}], approve: [qa]${rules}}\n`;
  writeFileSync(file, `policy: 1\npeople:\n${people.join('')}${service}decisions:\n  rollback: [devops]\n${more}`);
  return loadPolicy(file);
}

async function said(kind: SaidDecision['kind'], who: Person, more: Partial<Statement> = {}): Promise<SaidDecision> {
  const role = kind === 'start' ? '' : ROLES[who];
  const of = { deployment: kind === 'plan' ? '' : deployment, service: plan.service, plan: digest };
  const statement = statementOf({ ...of, person: who, role, decision: kind, ...more }, Date.now());
  const envelope = await sealed(statement, (message) => keys[who].sign(message, ENVELOPE_NAMESPACE));
  return { kind, who, role, envelope };
}

let [start, approval, rollback]: SaidDecision[] = [];
beforeAll(async () => {
  start = await said('start', 'ana');
  approval = await said('approve', 'bob', { proposal: 'p' });
  rollback = await said('rollback', 'dan');
});

const { production: environment } = plan.environments;
const { deploy } = plan.commands;
const key = (step: string) => ({ deployment, step, generation: 1 });
const ACTS = {
  tell: ['tell', { messages: plan.notifications.channels.map((channel) => ({ channel })) }],
  watch: ['sampleMetrics', { metrics: plan.watches[0]?.metrics }],
  revision: ['readRevision', { environment, migration: plan.migration }],
  logs: ['checkLogs', { environment, command: plan.commands.logs, key: key('rollback-code.logs') }],
  deploy: [
    'runCommand',
    { environment, command: deploy, values: { version: plan.release.target }, key: key('production.deploy') },
  ],
  back: [
    'runCommand',
    { environment, command: deploy, values: { version: plan.release.previous }, key: key('rollback-code.deploy') },
  ],
} as const;

/** Of the acts, those that the runner lets be. */
async function letBe(
  policy: ReturnType<typeof policyOf>,
  decisions: (SaidDecision | undefined)[],
  changed: string[] = [],
): Promise<string[]> {
  const authority: Authority = {
    deployment,
    plan,
    proposal: 'p',
    commit: '',
    decisions: decisions.flatMap((one) => one ?? []),
  };
  const judged = await Promise.all(
    Object.entries(ACTS).map(async ([name, [activity, input]]) => {
      const asked = { activity, input: input as object, authority, runner: 'any', changed, now: Date.now() };
      return 'refused' in (await judgeAct(policy, asked)) ? [] : [name];
    }),
  );
  return judged.flat();
}

const SEEING = ['tell', 'watch', 'revision', 'logs'];

test('while all words count, everything is let be', async () => {
  expect(await letBe(policyOf(), [start, approval])).toEqual([...SEEING, 'deploy', 'back']);
});

test('without the start people are told, and production is watched, by those who have signed that very plan off', async () => {
  const policy = policyOf({ revoked: ['ana'] });
  expect(await letBe(policy, [start, approval])).toEqual(SEEING);
  expect(await letBe(policy, [start, approval, rollback])).toEqual([...SEEING, 'back']);
  expect(await letBe(policy, [start, rollback]), 'nobody has signed it off').toEqual([]);
  const other = await said('approve', 'bob', { proposal: 'p', plan: 'e'.repeat(64) });
  expect(await letBe(policy, [start, other, rollback]), 'another plan').toEqual([]);
  expect(await letBe(policy, [start, { ...approval, envelope: undefined } as SaidDecision, rollback])).toEqual([]);
});

test('who started it, by a key that counts no more, is none of those who have signed it off', async () => {
  const policy = policyOf({ revoked: [], start: 'devops' });
  // As the start says, whose signature is of another deployment.
  const theirs = { ...(await said('start', 'ana', { deployment: 'another' })), who: 'bob' };
  expect(await letBe(policy, [theirs, approval, rollback])).toEqual([]);
});

test('before the sign-offs people are told where the policy, or a signer of plans, stands for where they are told', async () => {
  const signed = await said('plan', 'dan');
  const signing = ', planSigners: [devops]';
  expect(await letBe(policyOf({ revoked: ['ana'], rules: signing }), [start, signed])).toEqual(SEEING);
  expect(await letBe(policyOf({ revoked: ['ana'], rules: `, plans: [${digest}]` }), [start])).toEqual(SEEING);
  expect(await letBe(policyOf({ revoked: ['ana', 'dan'], rules: signing }), [start, signed])).toEqual([]);
  expect(await letBe(policyOf({ revoked: ['ana'] }), [start])).toEqual([]);
});

test('a runner that has itself changed production by that plan looks after it, whoever is trusted no more', async () => {
  const policy = policyOf({ revoked: ['ana', 'bob'] });
  expect(await letBe(policy, [start, approval], [digest])).toEqual([...SEEING, 'back']);
  expect(await letBe(policy, [start, approval], ['e'.repeat(64)]), 'by another plan').toEqual([]);
});

test('what anybody can say without a signature stands for nothing', async () => {
  const policy = policyOf({ more: 'signed: []\n' });
  expect(await letBe(policy, [start, approval, rollback])).toEqual([...SEEING, 'deploy', 'back']);
  const byNobody = { kind: 'start', who: 'zoe', role: '' } as const;
  expect(await letBe(policy, [byNobody, approval, rollback])).toEqual([]);
});

test('once an approver’s key is revoked, what the way back looks at is looked at, and nothing leads on', async () => {
  expect(await letBe(policyOf({ revoked: ['bob'] }), [start, approval])).toEqual(SEEING);
  expect(await letBe(policyOf({ revoked: ['bob'] }), [start, approval, rollback])).toEqual([...SEEING, 'back']);
});
