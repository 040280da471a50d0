/** Who has Temporal, and no key of the policy, does nothing to production: each attack is carried out for real. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { bundleWorkflowCode } from '@temporalio/worker';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import { demandAuthority } from '../../src/activities/authority.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { archiveReports } from '../../src/activities/evidence/report-archive.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createApprovalActivities } from '../../src/activities/review/approvals.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import type { Authority, SaidDecision, Statement } from '../../src/contract/envelope.js';
import {
  decideUpdate,
  type RollbackInput,
  type RollbackResult,
  runnerMoved,
  statusQuery,
} from '../../src/contract/messages.js';
import { runnerQueue } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Decision, Ledger } from '../../src/domain/ledger/ledger.js';
import { dataConverter } from '../../src/encryption/data-converter.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadPlan } from '../../src/plan/load.js';
import { ENVELOPE_NAMESPACE, sealed, statementOf } from '../../src/policy/dsse.js';
import { demandsOf, loadPolicy, type Policy } from '../../src/policy/policy.js';
import { makeKey, type TestKey } from '../helpers/ssh-keys.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

const SIGN_OFFS = [
  ['bruno.lima', 'tech-lead'],
  ['carla.mendes', 'backend-team'],
  ['diego.alves', 'devops'],
  ['elisa.rocha', 'qa'],
  ['gabriela.dias', 'product-owner'],
] as const;

/** How many forgeries are made with each access: more where there is time. */
const FORGERIES = Number(process.env.SUREFOOT_FORGERIES ?? 100);
/** Makes the same ones again. */
const SEED = Number(process.env.SUREFOOT_FORGERIES_SEED ?? Math.floor(Math.random() * 2 ** 31));

const temporal = workflowServer();

/** Where somebody has a worker of their own, and the runner that it reaches. */
interface Access {
  queue: string;
  runner: string;
  client: () => Client;
}
const ACCESSES = {
  'Temporal’s access': { queue: 'usurped', runner: 'the-runner', client: () => temporal.client },
  'the payload key as well': { queue: 'usurped-sealed', runner: 'the-sealed-runner', client: () => holder },
} satisfies Record<string, Access>;
let holder: Client;

const keys = new Map<string, TestKey>();
let mallory: TestKey;
let plan: ResolvedPlan;
let policyFile: string;
let acts: string;
let digest: string;
let policy: Policy;

const commit = '';
/** Another runner, of the same policy: nobody who may has moved anything there. */
const OTHER = '0123456789abcdef';
/** The policy may change while a worker runs in these tests; a real one reads it once. */
const current = new Proxy({} as Policy, { get: (_, name) => policy[name as keyof Policy] });

function policyWith(change: (text: string) => string = (text) => text): Policy {
  const people = [...keys].map(([id, { publicKey }]) => {
    const roles = plan.approvals.roster.find((person) => person.id === id)?.roles ?? [];
    return `  ${id}:\n    name: ${id}\n    roles: [${roles.join(', ')}]\n    keys: [{kind: ssh, key: "${publicKey}"}]\n`;
  });
  const text = [
    'policy: 1\npeople:\n',
    ...people,
    `services:\n  ${plan.service}:\n    start: [tech-lead]\n    approve: [${SIGN_OFFS.map(([, role]) => role).join(', ')}]\n`,
    'decisions:\n  rollback: [devops]\n  skip: [tech-lead]\n',
  ].join('');
  writeFileSync(policyFile, change(text));
  return loadPolicy(policyFile);
}

beforeAll(async () => {
  const { folder } = temporal;
  const { resolved } = loadPlan(SHIPPED);
  policyFile = join(folder, 'policy.yaml');
  acts = join(folder, 'acts');
  for (const { id } of resolved.approvals.roster) keys.set(id, makeKey(folder, id));
  mallory = makeKey(folder, 'mallory');
  const counting = (word: string) => ({
    run: ['sh', '-c', 'echo "$@" >> "$0"', acts, word, '{version}'],
    on: 'worker' as const,
    folder,
    timeout: 30_000,
  });
  const { repository: _, branch: __, ...release } = resolved.release;
  plan = {
    ...resolved,
    release: { ...release, target: 'v2', previous: 'v1' },
    evidence: join(folder, 'evidence'),
    environments: {
      production: { name: 'production', api: 'http://127.0.0.1:9', server: { kind: 'local' }, tools: [] },
    },
    commands: { deploy: counting('deploy') },
    alerts: undefined,
    confirmations: { prerequisites: [], staging: [], preparation: [] },
    notifications: { ...resolved.notifications, channels: [], events: {}, notices: [], reminders: undefined },
    checks: undefined,
    secrets: [],
  };
  digest = digestOf(plan);
  policy = policyWith();
  const state = join(folder, 'state');
  const interceptors = {
    activity: [archiveReports, demandAuthority({ policy: current, runner: 'the-runner', state })],
  };
  const workflowsPath = fileURLToPath(new URL('./signed.ts', import.meta.url));
  const workflowBundle = await bundleWorkflowCode({ workflowsPath });
  await temporal.work({
    taskQueue: 'attacked',
    workflowBundle,
    interceptors,
    activities: {
      ...createPeopleActivities(),
      ...createApprovalActivities({ policy: current }),
      ...createAdmissionActivities({
        runner: 'the-runner',
        allowVirtualTime: false,
        policy: current,
        precedents: async () => ({ runs: [], rollbacks: [] }),
      }),
      archiveDeployment: async () => ({ untold: [] }),
      verifyEnvelope: (claim: Parameters<typeof verifyEnvelope>[0]) => verifyEnvelope(claim),
    },
  });
  await temporal.work({
    taskQueue: 'the-runner',
    interceptors,
    activities: createCommandActivities({ state }),
  });
  vi.stubEnv('PAYLOAD_KEY', Buffer.alloc(32, 'k').toString('base64'));
  vi.stubEnv('SUREFOOT_PAYLOAD_KEYS', 'k1=env:PAYLOAD_KEY');
  const { payloadCodecs } = dataConverter('throw') ?? {};
  vi.unstubAllEnvs();
  holder = new Client({ connection: temporal.client.connection, dataConverter: { payloadCodecs } });
  const sealedRunner = ACCESSES['the payload key as well'].runner;
  await temporal.work({
    taskQueue: sealedRunner,
    dataConverter: { payloadCodecs },
    interceptors: { activity: [demandAuthority({ policy: current, runner: sealedRunner, state })] },
    activities: createCommandActivities({ state }),
  });
  for (const { queue, runner, client } of Object.values(ACCESSES)) {
    await temporal.work({
      taskQueue: queue,
      workflowBundle,
      dataConverter: client() === holder ? { payloadCodecs } : {},
      activities: {
        ...createPeopleActivities(),
        ...createApprovalActivities(),
        admit: async () => ({ runner, evidence: plan.evidence, demands: demandsOf(policy, plan.service) }),
        verifyEnvelope: async () => ({ valid: true, reason: 'signed with a key of theirs' }),
        archiveDeployment: async () => ({ untold: [] }),
      },
    });
  }
  const elsewhere = join(folder, 'elsewhere');
  await temporal.work({
    taskQueue: runnerQueue(OTHER),
    interceptors: { activity: [demandAuthority({ policy: current, runner: OTHER, state: elsewhere })] },
    activities: createCommandActivities({ state: elsewhere }),
  });
});

const real = () => createApprovalActivities({ policy: current }).verifyEnvelope;
let verifyEnvelope = (claim: Parameters<ReturnType<typeof real>>[0]) => real()(claim);

beforeEach(() => {
  policy = policyWith();
});
afterEach(() => {
  verifyEnvelope = (claim) => real()(claim);
});

const made = (): string[] => (existsSync(acts) ? readFileSync(acts, 'utf8').split('\n').filter(Boolean) : []);

let count = 0;
const newID = () => `${plan.service}-20261127-000000-${String(++count).padStart(4, '0')}`;

const seal = (said: Partial<Statement> & Pick<Statement, 'deployment' | 'person' | 'decision'>, key?: TestKey) => {
  const statement = statementOf({ service: plan.service, plan: digest, role: '', ...said }, Date.now());
  const signer = key ?? keys.get(said.person);
  return sealed(statement, (message) => signer?.sign(message, ENVELOPE_NAMESPACE) ?? '');
};

async function begin(deployment = newID(), changed: Partial<DeployInput> = {}, access: Partial<Access> = {}) {
  const envelope = await seal({ deployment, person: 'ana.souza', decision: 'start' });
  const input: DeployInput = { deployment, plan, digest, startedBy: 'ana.souza', envelope, clock: 'real', ...changed };
  const { client = () => temporal.client, queue = 'attacked' } = access;
  const handle = await client().workflow.start('DeployWorkflow', {
    taskQueue: queue,
    workflowId: `surefoot/${deployment}`,
    args: [input, commit],
  });
  return { handle, deployment };
}

const ledgerOf = (handle: WorkflowHandle): Promise<Ledger> => handle.query(statusQuery);

const asked = (handle: WorkflowHandle, kind: string) =>
  vi.waitUntil(
    async () => {
      const ledger = await ledgerOf(handle);
      return ledger.questions.find((question) => question.kind === kind && !question.answer) && ledger;
    },
    { timeout: 30_000, interval: 50 },
  );

async function approval(
  of: { deployment: string; ledger: Ledger },
  [who, role]: readonly [string, string],
  key?: TestKey,
) {
  const { deployment, ledger } = of;
  const proposal = ledger.proposal?.digest ?? '';
  const subject = 'sign-offs';
  const about = { deployment, person: who, role, decision: 'approve', subject, proposal } as const;
  return { kind: 'approve', who, role, subject, digest: proposal, envelope: await seal(about, key) } satisfies Decision;
}

/** @returns undefined when it was accepted, why not otherwise */
const send = (handle: WorkflowHandle, decision: Decision): Promise<string | undefined> =>
  handle.executeUpdate(decideUpdate, { args: [decision] }).then(
    () => undefined,
    (error: unknown) => {
      if (error instanceof WorkflowUpdateFailedError) return (error.cause as Error).message;
      throw error;
    },
  );

test('five signed approvals of a signed start deploy, once, and their envelopes are kept as evidence', async () => {
  const before = made().length;
  const { handle, deployment } = await begin();
  const ledger = await asked(handle, 'approvals');
  for (const person of SIGN_OFFS) {
    expect(await send(handle, await approval({ deployment, ledger }, person))).toBeUndefined();
  }
  const result = (await handle.result()) as Ledger;
  expect(result.outcome, result.reason).toBe('succeeded');
  expect(made().slice(before)).toEqual(['deploy v2']);
  const kept = join(plan.evidence, deployment, 'production.deploy', '1', 'authority.json');
  const { by, envelopes } = JSON.parse(readFileSync(kept, 'utf8'));
  expect(envelopes).toHaveLength(6);
  expect(by.map(({ person }: { person: string }) => person)).toEqual(['ana.souza', ...SIGN_OFFS.map(([who]) => who)]);
}, 60_000);

test('whoever answers in place of the worker that verifies gets approvals on the board, and no act: people are asked', async () => {
  const before = made().length;
  const { handle, deployment } = await begin();
  const ledger = await asked(handle, 'approvals');
  let release = () => {};
  const late = new Promise<void>((resolve) => {
    release = resolve;
  });
  verifyEnvelope = async (claim) => {
    await late;
    return real()(claim);
  };
  const sent = SIGN_OFFS.map(async (person) => send(handle, await approval({ deployment, ledger }, person, mallory)));
  const pending = await vi.waitUntil(
    async () => {
      const { raw } = await handle.describe();
      const found = raw.pendingActivities?.filter(({ activityType }) => activityType?.name === 'verifyEnvelope') ?? [];
      return found.length === SIGN_OFFS.length && found.every(({ state }) => state === 2) && found;
    },
    { timeout: 30_000, interval: 50 },
  );
  const payload = defaultPayloadConverter.toPayload({ valid: true, reason: 'signed with a key of theirs' });
  for (const { activityId } of pending) {
    await temporal.client.workflowService.respondActivityTaskCompletedById({
      namespace: 'default',
      workflowId: handle.workflowId,
      activityId,
      result: { payloads: [payload] },
    });
  }
  expect(await Promise.all(sent)).toEqual(SIGN_OFFS.map(() => undefined));
  release();
  const stopped = await asked(handle, 'step-failed');
  expect(stopped.questions[0]?.text).toContain('The policy of this runner does not let it be done');
  expect(stopped.questions[0]?.text).toMatch(/does not count: it is signed with a key that is none of \S+\./);
  expect(stopped.rollback, 'nothing is rolled back').toBeUndefined();
  expect(made().slice(before)).toEqual([]);
  await handle.terminate();
}, 60_000);

test('a start without a signature, by a key of nobody, or by who may not start is not admitted', async () => {
  const started = async (changed: (deployment: string) => Promise<Partial<DeployInput>>) => {
    const deployment = newID();
    const { handle } = await begin(deployment, await changed(deployment));
    return ((await handle.result()) as Ledger).reason;
  };
  expect(await started(async () => ({ envelope: undefined }))).toContain('it is not signed');
  const by = (person: string, key?: TestKey) => async (deployment: string) => ({
    startedBy: person,
    envelope: await seal({ deployment, person, decision: 'start' }, key),
  });
  expect(await started(by('ana.souza', mallory))).toContain('a key that is none of ana.souza');
  expect(await started(by('diego.alves'))).toContain('diego.alves may not start');
  expect(await started(by('Ana.Souza', keys.get('ana.souza')))).toContain('Ana.Souza is not one of the people');
}, 60_000);

test('a plan that nobody has signed who may is not begun, and no act is done by it', async () => {
  policy = policyWith((text) => text.replace('    approve:', '    planSigners: [qa]\n    approve:'));
  const sign = async (said: Partial<Statement> = {}, key?: TestKey) => {
    const { person: who, role } = { person: 'elisa.rocha', role: 'qa', ...said };
    return { who, role, envelope: await seal({ deployment: '', decision: 'plan', ...said, person: who, role }, key) };
  };
  const changed = { ...plan, title: 'The same, with more' };
  const bad: [string, DeployInput['signedPlan']][] = [
    ['nobody who signs plans (qa: elisa.rocha', undefined],
    ['a key that is none of elisa.rocha', await sign({}, mallory)],
    ['nobody who signs plans', await sign({ person: 'bruno.lima', role: 'tech-lead' })],
    ['bruno.lima does not have the role qa', await sign({ person: 'bruno.lima' })],
    ['it was signed for another service', await sign({ service: 'other' })],
    ['it was signed for another plan', await sign({ plan: digestOf(changed) })],
    ['it is no envelope', await sign({ deployment: newID() })],
  ];
  const { authority, input } = await legitimate();
  const [start, ...approvals] = authority.decisions as [SaidDecision, ...SaidDecision[]];
  const saying = (signedPlan: DeployInput['signedPlan']) => {
    const decisions = [start, ...(signedPlan ? [{ kind: 'plan' as const, ...signedPlan }] : []), ...approvals];
    return { ...input, authority: { ...authority, decisions } };
  };
  const before = made().length;
  for (const [why, signedPlan] of bad) {
    const { handle } = await begin(newID(), { signedPlan });
    expect(((await handle.result()) as Ledger).reason).toContain(why);
  }
  const refused = await forge(...bad.map(([, signedPlan]) => saying(signedPlan)));
  expect(refused).toEqual(bad.map(([why]) => expect.stringContaining(why)));
  const good = await sign();
  const key = keys.get('elisa.rocha')?.publicKey ?? '';
  const signing = policy;
  policy = policyWith((text) =>
    text
      .replace('    approve:', '    planSigners: [qa]\n    approve:')
      .replace(`"${key}"`, `"${key}", revoked: 2026-01-01`),
  );
  expect(await forge(saying(good))).toEqual([expect.stringContaining('the key of elisa.rocha is revoked')]);
  expect(made().slice(before)).toEqual([]);
  policy = signing;
  expect(await forge(saying(good))).toEqual(['done']);
  const kept = join(plan.evidence, authority.deployment, 'production.deploy', '1', 'authority.json');
  expect(JSON.parse(readFileSync(kept, 'utf8')).envelopes).toContain(good.envelope);
}, 60_000);

/** All that a legitimate deployment has had: whoever reads its history has these words. */
async function legitimate(): Promise<{ authority: Authority; input: Record<string, unknown> & { key: object } }> {
  const deployment = newID();
  const proposal = 'a'.repeat(64);
  const start: SaidDecision = {
    kind: 'start',
    who: 'ana.souza',
    role: '',
    envelope: await seal({ deployment, person: 'ana.souza', decision: 'start' }),
  };
  const approvals = await Promise.all(
    SIGN_OFFS.map(async ([who, role]): Promise<SaidDecision> => {
      const about = { deployment, person: who, role, decision: 'approve', subject: 'sign-offs', proposal } as const;
      return { kind: 'approve', who, role, subject: 'sign-offs', envelope: await seal(about) };
    }),
  );
  return {
    authority: { deployment, plan, proposal, commit: '', decisions: [start, ...approvals] },
    input: {
      key: { deployment, step: 'production.deploy', generation: 1 },
      evidence: { store: plan.evidence, deployment },
      environment: plan.environments.production,
      command: plan.commands.deploy,
      values: { version: 'v2' },
    },
  };
}

/** Asks the runner itself, as a worker of the attacker's can. @returns what came of each */
const forge = (...inputs: object[]) => forgeAs('runCommand', ...inputs);

const forgeAs = (activity: string, ...inputs: object[]) =>
  forgeAll(
    ACCESSES['Temporal’s access'],
    inputs.map((input) => ({ activity, input })),
  );

const forgeAll = (
  { client, queue, runner }: Access,
  forgeries: { activity: string; input: object }[],
): Promise<string[]> =>
  client().workflow.execute('ForgingWorkflow', {
    taskQueue: queue,
    workflowId: `forging-${++count}`,
    args: [runner, forgeries],
  });

/** A deployment in whose every activity but the acts the attacker answers. @returns what is said of its act */
async function usurped(access: Access, sign: (person: (typeof SIGN_OFFS)[number]) => TestKey | undefined) {
  const { handle, deployment } = await begin(newID(), {}, access);
  const ledger = await asked(handle, 'approvals');
  await Promise.all(
    SIGN_OFFS.map(async (person) => send(handle, await approval({ deployment, ledger }, person, sign(person)))),
  );
  const { questions } = await asked(handle, 'step-failed');
  await handle.terminate();
  return /The policy of this runner.*/s.exec(questions[0]?.text ?? '')?.[0] ?? `no refusal: ${questions[0]?.text}`;
}

test('words of another deployment, of another plan, in another order or twice are worth nothing at the runner', async () => {
  const before = made().length;
  const [one, other] = [await legitimate(), await legitimate()];
  const { authority, input } = one;
  const said = (...decisions: SaidDecision[]) => ({ ...input, authority: { ...authority, decisions } });
  const [start, ...approvals] = authority.decisions as [SaidDecision, ...SaidDecision[]];
  const [first, second] = approvals as [SaidDecision, SaidDecision];
  const evil = {
    ...plan,
    commands: { deploy: { ...plan.commands.deploy, run: ['sh', '-c', `echo evil >> ${acts}`] } },
  };
  expect(
    await forge(
      said(start, ...other.authority.decisions.slice(1)),
      { ...input, authority: other.authority },
      { ...input, command: evil.commands.deploy, authority: { ...authority, plan: evil } },
      { ...input, command: evil.commands.deploy, authority },
      said(start, first, first, first, first, first),
      said(
        start,
        { ...first, envelope: second.envelope },
        { ...second, envelope: first.envelope },
        ...approvals.slice(2),
      ),
      said(...approvals),
      { ...input, values: { version: 'v3' }, authority },
      { ...input, key: { ...input.key, step: 'production.again' }, authority },
      { ...input, key: { ...input.key, generation: 2 }, authority },
      { ...input, environment: { ...plan.environments.production, tools: ['/tmp'] }, authority },
      input,
    ),
  ).toEqual([
    expect.stringContaining('it was signed for another deployment'),
    expect.stringContaining('are about another deployment'),
    expect.stringContaining('it was signed for another plan'),
    expect.stringContaining('no part of the plan'),
    expect.stringContaining('it is there twice'),
    expect.stringContaining('it was signed by carla.mendes'),
    expect.stringContaining('nobody whose word counts has started it'),
    expect.stringContaining('no part of the plan'),
    expect.stringContaining('no part of the plan'),
    expect.stringContaining('nobody has signed that it is tried again'),
    expect.stringContaining('no part of the plan'),
    expect.stringContaining('began under no policy'),
  ]);
  expect(made().slice(before)).toEqual([]);
}, 60_000);

test('keys that come with the plan are nobody’s', async () => {
  const { authority, input } = await legitimate();
  const roster = plan.approvals.roster.map((person) => ({ ...person, keys: [mallory.publicKey] }));
  const own = { ...plan, approvals: { ...plan.approvals, roster, signed: true } };
  const { deployment } = authority;
  const about = { deployment, plan: digestOf(own), proposal: 'a'.repeat(64), subject: 'sign-offs' };
  const decisions = await Promise.all(
    [['ana.souza', 'start'] as const, ...SIGN_OFFS.map(([who]) => [who, 'approve'] as const)].map(
      async ([who, kind], index): Promise<SaidDecision> => {
        const role = index === 0 ? '' : (SIGN_OFFS[index - 1]?.[1] ?? '');
        const envelope = await seal({ ...about, person: who, role, decision: kind }, mallory);
        return { kind, who, role, subject: 'sign-offs', envelope };
      },
    ),
  );
  const [said] = await forge({ ...input, authority: { ...authority, plan: own, decisions } });
  expect(said).toContain('it is signed with a key that is none of ana.souza');
}, 60_000);

test('a second name with the same key approves nothing: such a policy is refused', () => {
  const again = `  ana.sousa:\n    name: Ana\n    roles: [qa]\n    keys: [{kind: ssh, key: "${keys.get('ana.souza')?.publicKey}"}]\nservices:`;
  expect(() => policyWith((text) => text.replace('services:', again))).toThrow('Is a key of ana.souza already');
});

test('who started it does not sign it off, whatever else they are', async () => {
  const { authority, input } = await legitimate();
  const { deployment } = authority;
  const about = {
    deployment,
    person: 'ana.souza',
    role: 'tech-lead',
    decision: 'approve',
    subject: 'sign-offs',
  } as const;
  const own: SaidDecision = {
    ...{ kind: 'approve', who: 'ana.souza', role: 'tech-lead', subject: 'sign-offs' },
    envelope: await seal({ ...about, proposal: 'a'.repeat(64) }),
  };
  const decisions = authority.decisions.map((decision) => (decision.role === 'tech-lead' ? own : decision));
  expect(await forge({ ...input, authority: { ...authority, decisions } })).toEqual([
    expect.stringContaining('not signed off as tech-lead'),
  ]);
}, 60_000);

test('words that have expired, and words by a key that is revoked or does not count yet, count no more', async () => {
  const { authority, input } = await legitimate();
  const expired = await Promise.all(
    authority.decisions.map(async (decision) => {
      if (decision.role !== 'qa') return decision;
      const about = {
        deployment: authority.deployment,
        person: decision.who,
        role: 'qa',
        decision: 'approve',
      } as const;
      const expires = new Date(Date.now() - 1_000).toISOString();
      const envelope = await seal({ ...about, subject: 'sign-offs', proposal: 'a'.repeat(64), expires });
      return { ...decision, envelope };
    }),
  );
  expect(await forge({ ...input, authority: { ...authority, decisions: expired } })).toEqual([
    expect.stringContaining('approve by elisa.rocha does not count any more: it has expired'),
  ]);
  const key = keys.get('elisa.rocha')?.publicKey ?? '';
  for (const [more, why] of [
    [', revoked: 2026-01-01', 'is revoked'],
    [', from: 2126-01-01', 'does not count yet'],
    [', until: 2026-01-01', 'does not count any more'],
  ] as const) {
    policy = policyWith((text) => text.replace(`"${key}"`, `"${key}"${more}`));
    expect(await forge({ ...input, authority })).toEqual([expect.stringContaining(`the key of elisa.rocha ${why}`)]);
  }
}, 60_000);

test('a rollback by itself goes no further than the plan; further, and once more, it takes one signed word', async () => {
  const { authority, input } = await legitimate();
  const back = { key: { ...input.key, step: 'rollback-code.deploy' }, values: { version: 'v0' } };
  const person = {
    deployment: authority.deployment,
    person: 'diego.alves',
    role: 'devops',
    decision: 'rollback',
  } as const;
  const word: SaidDecision = { kind: 'rollback', who: 'diego.alves', role: 'devops', envelope: await seal(person) };
  const others = { ...person, person: 'elisa.rocha', role: 'qa' } as const;
  const byQa: SaidDecision = { kind: 'rollback', who: 'elisa.rocha', role: 'qa', envelope: await seal(others) };
  const [start] = authority.decisions as [SaidDecision];
  const saying = (...decisions: SaidDecision[]) => ({ ...input, ...back, authority: { ...authority, decisions } });
  expect(
    await forge(
      saying(...authority.decisions),
      saying(start, byQa),
      { ...saying(start), values: { version: 'v1' } },
      saying(start, word),
    ),
  ).toEqual([
    expect.stringContaining('the plan does not go back to v0, and nobody who may roll back (devops) has signed that'),
    expect.stringContaining('not signed off as'),
    expect.stringContaining('not signed off as'),
    'done',
  ]);
}, 60_000);

test('a signed way back leads back once: to try it again takes another word', async () => {
  const { authority, input } = await legitimate();
  const [start] = authority.decisions as [SaidDecision];
  const about = { deployment: authority.deployment, person: 'diego.alves', role: 'devops' } as const;
  const said = { who: about.person, role: about.role };
  const word: SaidDecision = { ...said, kind: 'rollback', envelope: await seal({ ...about, decision: 'rollback' }) };
  const retry = await seal({ ...about, decision: 'retry', subject: 'rollback' });
  const again: SaidDecision = { ...said, kind: 'retry', subject: 'rollback', envelope: retry };
  const back = (generation: number, ...words: SaidDecision[]) => ({
    ...input,
    key: { ...input.key, step: 'rollback-code.deploy', generation },
    values: { version: 'v1' },
    authority: { ...authority, decisions: [start, ...words] },
  });
  const before = made().length;
  const twice = await forge(back(1, word), back(2, word));
  expect(twice.filter((text) => text === 'done')).toHaveLength(1);
  expect(twice.filter((text) => text.includes('not signed off as'))).toHaveLength(1);
  expect(await forge(back(3, word))).toEqual([expect.stringContaining('not signed off as')]);
  expect(await forge(back(3, word, again), back(3, word, again))).toEqual(['done', 'done']);
  expect(made().slice(before)).toEqual(['deploy v1', 'deploy v1']);
}, 60_000);

test('what is left of a command is ended by a signed word, and by nobody else', async () => {
  const { authority, input } = await legitimate();
  const { key } = input;
  const about = {
    deployment: authority.deployment,
    person: 'bruno.lima',
    role: 'tech-lead',
    decision: 'skip',
  } as const;
  const skip = async (signer?: TestKey): Promise<SaidDecision> => ({
    ...{ kind: 'skip', who: about.person, role: about.role, subject: 'production.deploy' },
    envelope: await seal({ ...about, subject: 'production.deploy' }, signer),
  });
  const saying = (...words: SaidDecision[]) => ({
    key,
    authority: { ...authority, decisions: [...authority.decisions, ...words] },
  });
  const inputs = [{ key }, saying(), saying(await skip(mallory)), saying(await skip())];
  expect(await forgeAs('endCommands', ...inputs)).toEqual([
    expect.stringContaining('began under no policy'),
    expect.stringContaining('nobody whose word counts has said what is to follow it'),
    expect.stringContaining('nobody whose word counts has said what is to follow it'),
    'done',
  ]);
}, 60_000);

test('a forged move leads nowhere: unsigned it is refused, and the runner it leads to does nothing by it', async () => {
  const before = made().length;
  const { handle, deployment } = await begin();
  const ledger = await asked(handle, 'approvals');
  const about = { deployment, person: 'diego.alves', role: 'devops', decision: 'move', to: OTHER } as const;
  const move = { kind: 'move', who: 'diego.alves', role: 'devops', to: OTHER, why: 'it is gone' } as const;
  expect(await send(handle, move)).toContain('takes it signed only');
  const forged = { ...move, envelope: await seal(about, mallory) };
  expect(await send(handle, forged)).toContain('a key that is none of diego.alves');
  // Answered in place of the worker that verifies.
  verifyEnvelope = async () => ({ valid: true, reason: 'signed with a key of theirs' });
  expect(await send(handle, forged)).toBeUndefined();
  for (const person of SIGN_OFFS) await send(handle, await approval({ deployment, ledger }, person));
  const stopped = await asked(handle, 'step-failed');
  expect(stopped.runner, 'it was moved').toBe(runnerQueue(OTHER));
  expect(stopped.questions[0]?.text).toContain('move by diego.alves does not count');
  expect(made().slice(before)).toEqual([]);
  await handle.terminate();
}, 60_000);

test('a rollback that is told of a move by nobody acts on no runner that the policy does not name', async () => {
  const before = made().length;
  policy = policyWith((text) => `${text}runners: {production: [the-runner]}\n`);
  const { authority } = await legitimate();
  const { deployment } = authority;
  const evidence = { store: plan.evidence, deployment };
  const trigger = { kind: 'criterion', text: 'a breach' } as unknown as RollbackInput['trigger'];
  const common = { deployment, plan, authority, evidence, trigger, generation: 1, maintenance: false };
  const input: RollbackInput = { ...common, runner: 'the-runner', previous: 'v1', found: {} };
  const handle = await temporal.client.workflow.signalWithStart('RollbackCodeWorkflow', {
    taskQueue: 'attacked',
    workflowId: `rollback-of-${deployment}`,
    args: [input],
    signal: runnerMoved,
    signalArgs: [{ runner: runnerQueue(OTHER) }],
  });
  const { succeeded, reason } = (await handle.result()) as RollbackResult;
  expect(succeeded).toBe(false);
  expect(reason).toContain(`runner ${OTHER} does not serve production`);
  expect(made().slice(before)).toEqual([]);
}, 60_000);

test.each(Object.entries(ACCESSES))(
  `no way to put old and forged words together leads to one act on production: with %s (seed ${SEED})`,
  async (_, access) => {
    const before = made().length;
    const [one, other] = [await legitimate(), await legitimate()];
    const forged = await Promise.all(
      one.authority.decisions.map(async (said) => ({
        ...said,
        envelope: await seal(
          {
            deployment: one.authority.deployment,
            person: said.who,
            role: said.role,
            decision: said.kind,
            proposal: 'a'.repeat(64),
            subject: said.subject ?? '',
          },
          mallory,
        ),
      })),
    );
    const tampered = one.authority.decisions.map((said) => {
      const envelope = JSON.parse(said.envelope ?? '') as { payload: string };
      const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString()) as Statement;
      const payload = Buffer.from(JSON.stringify({ ...statement, nonce: `${statement.nonce}0` })).toString('base64');
      return { ...said, envelope: JSON.stringify({ ...envelope, payload }) };
    });
    const unsigned = one.authority.decisions.map((said) => ({ ...said, envelope: undefined }));
    const genuine = one.authority.decisions;
    const swapped = one.authority.decisions.map((said, index, all) => ({
      ...said,
      envelope: all[(index + 1) % all.length]?.envelope,
    }));
    const bad = [...forged, ...tampered, ...unsigned, ...swapped, ...other.authority.decisions];
    // Everything but one word may be genuine: that one is left out, or another stands in its place.
    const change = fc.record({
      at: fc.nat(genuine.length - 1),
      by: fc.option(fc.constantFrom(...bad), { nil: undefined }),
    });
    const forgery = fc.record({
      activity: fc.constantFrom('runCommand', 'runCommand', 'runCommand', 'migrate', 'checkCommand', 'endCommands'),
      changes: fc.array(change, { minLength: 1, maxLength: 3 }),
      more: fc.array(fc.constantFrom(...bad), { maxLength: 2 }),
      step: fc.constantFrom('production.deploy', 'production.deploy', 'rollback-code.deploy', 'staging.deploy', 'x'),
      version: fc.constantFrom('v0', 'v1', 'v2', 'v2', '--force'),
      generation: fc.constantFrom(1, 1, 2),
      proposal: fc.constantFrom('a'.repeat(64), 'a'.repeat(64), 'b'.repeat(64), undefined),
    });
    const inPlace = Math.ceil(FORGERIES / 20);
    const sampled = fc.sample(forgery, { numRuns: FORGERIES - inPlace, seed: SEED });
    const forgeries = sampled.map(({ activity, changes, more, step, version, generation, proposal }) => {
      const changed = genuine.map((said, index) => {
        const made = changes.find(({ at }) => at === index);
        return made ? made.by : said;
      });
      const decisions = [...changed, ...more].filter((said) => said !== undefined);
      const input = {
        ...one.input,
        key: { ...one.input.key, step, generation },
        values: { version },
        authority: { ...one.authority, proposal, decisions },
      };
      return { activity, input };
    });
    const said: string[] = [];
    for (let index = 0; index < forgeries.length; index += 25)
      said.push(...(await forgeAll(access, forgeries.slice(index, index + 25))));
    // The others are answered in place of the workers: one word at least is signed with a key of the attacker's.
    for (let index = 0; index < inPlace; index += 1) {
      const isForged = (at: number) => at === index % SIGN_OFFS.length || (index >> at) % 2 === 1;
      said.push(await usurped(access, (person) => (isForged(SIGN_OFFS.indexOf(person)) ? mallory : undefined)));
    }
    expect(said).toHaveLength(FORGERIES);
    expect(said.filter((text) => !text.startsWith('The policy of this runner does not let it be done'))).toEqual([]);
    expect(made().slice(before)).toEqual([]);
  },
  600_000,
);
