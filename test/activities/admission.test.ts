import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import { runnerQueue } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { OPEN } from '../../src/contract/plan/release-values.js';
import type { Precedents } from '../../src/domain/precedents.js';
import { digestOf } from '../../src/plan/core/digest.js';
import type { Policy } from '../../src/policy/policy.js';
import { runActivity } from './support.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-admission-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plan = {
  evidence: join(folder, 'evidence'),
  service: 'eduautismo',
  title: 'A plan',
  environments: { production: {} },
  release: { branch: 'work', target: 'v2', previous: 'v1' },
  migration: { revision: '5403edb1d087' },
} as ResolvedPlan;
const open = { ...plan, release: { ...plan.release, target: OPEN.target } };
const digest = digestOf(plan);
const HOUR = 3_600_000;

const NOTHING_BEFORE: Precedents = { runs: [], rollbacks: [] };

const admit = (changes: object, allowVirtualTime = false, before = NOTHING_BEFORE) => {
  const precedents = async () => before;
  const activities = createAdmissionActivities({ runner: 'surefoot@this-machine', allowVirtualTime, precedents });
  const input = { deployment: 'shop-1', plan, digest, clock: 'real' as const, workflowTime: Date.now(), ...changes };
  return runActivity(() => activities.admit(input));
};

describe('admit', () => {
  test("names this machine's own task queue", async () => {
    expect(await admit({})).toEqual({
      runner: 'surefoot@this-machine',
      evidence: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(await admit({ clock: 'virtual', workflowTime: Date.now() + HOUR }, true)).toMatchObject({});
  });

  test.each([
    ['another plan than was agreed on', { plan: { ...plan, title: 'Another plan' } }, 'digest'],
    ['a plan that leaves open what is deployed', { plan: open, digest: digestOf(open) }, '(target)'],
    ['a name that leads out of the folders of deployments', { deployment: '../../etc' }, 'letters, digits'],
    ['virtual time', { clock: 'virtual' }, 'demo and rehearsal'],
    ['a clock that ran ahead', { workflowTime: Date.now() + HOUR }, '1 h ahead of'],
    ['a clock that is behind', { workflowTime: Date.now() - HOUR }, '1 h behind'],
  ])('refuses %s', async (_, changes, message) => {
    const refusal = { type: 'Refused', nonRetryable: true, message: expect.stringContaining(message) };
    await expect(admit(changes)).rejects.toMatchObject(refusal);
  });
});

describe('admit, by a policy that names runners for environments', () => {
  const [own, other] = ['a'.repeat(16), 'b'.repeat(16)];
  const both = { ...plan, environments: { staging: {}, production: {} } } as ResolvedPlan;
  const named = async (runners: Policy['runners'], of = both) => {
    const policy: Policy = {
      people: new Map([['ana', { id: 'ana', name: 'Ana', roles: ['lead'], keys: [] }]]),
      services: new Map([[plan.service, { start: ['lead'], approve: ['lead'] }]]),
      ...{ identityProviders: new Map(), proofs: new Map(), decisions: {}, signed: new Set() },
      ...{ automaticRollback: true, runners },
    };
    const precedents = async () => NOTHING_BEFORE;
    const activities = createAdmissionActivities({
      runner: runnerQueue(own),
      allowVirtualTime: true,
      precedents,
      policy,
    });
    const asked = { plan: of, digest: digestOf(of), clock: 'virtual' as const, workflowTime: Date.now() };
    const input = { deployment: 'shop-1', ...asked };
    const admitted = await runActivity(() => activities.admit({ ...input, start: { startedBy: 'ana' } }));
    return 'runners' in admitted ? admitted.runners : 'none';
  };

  test('has their commands run there: by itself where it is one of them, else by the first', async () => {
    expect(await named({ staging: [other, own], production: [other] })).toEqual({
      staging: { queue: runnerQueue(own), named: [other, own] },
      production: { queue: runnerQueue(other), named: [other] },
    });
    expect(await named({ production: [other] })).toEqual({ production: { queue: runnerQueue(other), named: [other] } });
  });

  test('says nothing of runners where the policy names none, nor of an environment that the plan has not', async () => {
    expect(await named({})).toBe('none');
    expect(await named({ staging: [own] }, plan)).toBe('none');
  });
});

test('refuses where evidence cannot be kept, before anything is begun', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  const elsewhere = { ...plan, evidence: file };
  await expect(admit({ plan: elsewhere, digest: digestOf(elsewhere) })).rejects.toMatchObject({
    type: 'Refused',
    message: expect.stringContaining(`the evidence folder ${file} of this worker cannot be used: `),
  });
});

describe('admit, a second time', () => {
  const state = join(folder, 'state');
  const admitted = (name: string, runId: string, own = state) => {
    const precedents = async () => NOTHING_BEFORE;
    const one = createAdmissionActivities({ runner: 'r', state: own, allowVirtualTime: false, precedents });
    const input = { deployment: name, plan, digest, clock: 'real' as const, workflowTime: Date.now() };
    const { workflowExecution } = { workflowExecution: { workflowId: 'surefoot/shop/production', runId } };
    return new MockActivityEnvironment({ workflowExecution }).run(() => one.admit(input));
  };
  const refusal = {
    type: 'Refused',
    message: expect.stringContaining('shop-2 was admitted before, for the run first'),
  };

  test('takes the same run again, as an attempt after a lost answer is, and no other of that deployment', async () => {
    for (const _ of [1, 2]) await expect(admitted('shop-2', 'first')).resolves.toMatchObject({ runner: 'r' });
    await expect(admitted('shop-2', 'second')).rejects.toMatchObject(refusal);
    await expect(admitted('shop-3', 'second')).resolves.toMatchObject({ runner: 'r' });
  });

  test('knows it by either folder: the runner’s own, and the evidence that runners have in common', async () => {
    await expect(admitted('shop-2', 'second', join(folder, 'state of another'))).rejects.toMatchObject(refusal);
    rmSync(join(plan.evidence, '.admitted'), { recursive: true });
    await expect(admitted('shop-2', 'third')).rejects.toMatchObject(refusal);
  });

  test('refuses where nobody can tell', async () => {
    writeFileSync(join(state, '.admitted', 'shop-4.json'), 'half a rec');
    await expect(admitted('shop-4', 'first')).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('whether shop-4 was admitted before cannot be told: '),
    });
  });
});

describe('admit, over a deployment that was ended from outside', () => {
  const left = { runId: 'r1', deployment: 'eduautismo-20251124-120000-ab12', status: 'TERMINATED', verdict: 'running' };
  const startedAfter = (run?: string) => admit({ after: run }, false, { runs: [left], rollbacks: [] });

  test('refuses what says nothing of it, or names another', async () => {
    const message = expect.stringContaining(`${left.deployment} was ended from outside (terminated)`);
    await expect(startedAfter()).rejects.toMatchObject({ type: 'Refused', nonRetryable: true, message });
    await expect(startedAfter('another')).rejects.toMatchObject({ type: 'Refused', message });
  });

  test('takes what names it, by deployment or run', async () => {
    expect(await startedAfter(left.deployment)).toEqual({
      runner: 'surefoot@this-machine',
      evidence: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
    expect(await startedAfter('r1')).toEqual({
      runner: 'surefoot@this-machine',
      evidence: expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });
});

test('checkClock refuses a clock that ran ahead later', async () => {
  const { checkClock } = createAdmissionActivities({ runner: 'r', allowVirtualTime: true });
  await runActivity(() => checkClock({ clock: 'real', workflowTime: Date.now() + 60_000 }));
  await runActivity(() => checkClock({ clock: 'virtual', workflowTime: Date.now() + 24 * HOUR }));
  const ahead = runActivity(() => checkClock({ clock: 'real', workflowTime: Date.now() + HOUR }));
  await expect(ahead).rejects.toMatchObject({ type: 'Refused' });
});
