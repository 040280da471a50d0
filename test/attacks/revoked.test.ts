/** A key is revoked while what it was trusted for is under way: nothing goes forward, and production is not left alone. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import { createHttpActivities } from '../../src/activities/application/endpoints.js';
import { demandAuthority } from '../../src/activities/authority.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { createSampleActivities } from '../../src/activities/metrics/samples.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createApprovalActivities } from '../../src/activities/review/approvals.js';
import { createVerificationActivities } from '../../src/activities/verification.js';
import type { Statement } from '../../src/contract/envelope.js';
import { decideUpdate, statusQuery } from '../../src/contract/messages.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Watch } from '../../src/contract/plan/watch.js';
import type { Decision, Ledger } from '../../src/domain/ledger/ledger.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadPlan } from '../../src/plan/load.js';
import { ENVELOPE_NAMESPACE, sealed, statementOf } from '../../src/policy/dsse.js';
import { loadPolicy, type Policy } from '../../src/policy/policy.js';
import { type Receiver, webhookReceiver } from '../helpers/receivers.js';
import { serve, type TestServer } from '../helpers/server.js';
import { makeKey, type TestKey } from '../helpers/ssh-keys.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

const SIGN_OFFS = [
  ['bruno.lima', 'tech-lead'],
  ['elisa.rocha', 'qa'],
] as const;
const ROLES: Record<string, string> = {
  'ana.souza': 'tech-lead',
  ...Object.fromEntries(SIGN_OFFS),
  'diego.alves': 'devops',
};
/** Who stands for the plan of the deployments that are about that. */
const SIGNER = 'gabriela.dias';

const temporal = workflowServer();
const keys = new Map<string, TestKey>();
const ends: (() => Promise<void>)[] = [];
const end = (cleanUp: () => Promise<void>) => void ends.push(cleanUp);
afterAll(() => Promise.all(ends.map((cleanUp) => cleanUp())));

let plan: ResolvedPlan;
let digest: string;
let hook: Receiver;
let production: TestServer;
/** What users meet: read by the watch. */
let errors = 0;
let policy: Policy;
const current = new Proxy({} as Policy, { get: (_, name) => policy[name as keyof Policy] });

/** @param revoked whose keys count no more */
function policyWithout(revoked: string[], rules = ''): Policy {
  const people = Object.entries({ ...ROLES, [SIGNER]: 'product-owner' }).map(([id, role]) => {
    const more = revoked.includes(id) ? ', revoked: 2026-01-01' : '';
    const key = keys.get(id)?.publicKey;
    return `  ${id}:\n    name: ${id}\n    roles: [${role}]\n    keys: [{kind: ssh, key: "${key}"${more}}]\n`;
  });
  const file = join(temporal.folder, 'policy.yaml');
  const service = `services:\n  ${plan.service}: {start: [tech-lead], approve: [tech-lead, qa]${rules}}\n`;
  writeFileSync(file, `policy: 1\npeople:\n${people.join('')}${service}decisions:\n  rollback: [devops]\n`);
  return loadPolicy(file);
}

const fileOf = (name: string) => join(temporal.folder, name);
const made = (): string[] => readFileSync(fileOf('acts'), 'utf8').split('\n').filter(Boolean);

beforeAll(async () => {
  const { folder } = temporal;
  for (const id of [...Object.keys(ROLES), SIGNER]) keys.set(id, makeKey(folder, id));
  writeFileSync(fileOf('acts'), '');
  hook = await webhookReceiver(end);
  production = await serve(({ url }, response) => {
    const version =
      made()
        .findLast((act) => act.startsWith('deploy '))
        ?.slice('deploy '.length) ?? 'v1';
    response.end(url === '/metrics' ? `errors ${errors}\n` : JSON.stringify({ status: 'healthy', version }));
  }, end);
  const { resolved } = loadPlan(SHIPPED);
  // A deploy that has begun goes on until it is let go.
  const script = 'echo "$1 $2" >> acts; [ "$2" != v2 ] || while [ ! -e go ]; do sleep 0.05; done';
  const command = (...words: string[]) => ({
    run: ['sh', '-c', script, 'sh', ...words],
    on: 'worker' as const,
    folder,
    timeout: 60_000,
  });
  const watch: Watch = {
    ...{ id: 'watch-5m', title: 'Watch', environment: 'production', duration: 300_000, tick: 200, trends: [] },
    ...{ gate: 'ask', consider: { within: 60_000, otherwise: 'continue' } },
    metrics: [
      {
        ...{ name: 'errors', title: 'Errors', unit: '' },
        source: {
          kind: 'scrape',
          url: `${production.url}/metrics`,
          window: 60_000,
          read: { gauge: { name: 'errors' } },
        },
      },
    ],
    criteria: [
      {
        ...{ id: 'errors', title: 'Errors', metric: 'errors', unit: '', tier: 'rollback', for: 0, minimumSamples: 1 },
        breach: { comparison: '>', threshold: 5 },
        ...{ noData: 'unknown', notANumber: 'unknown', providerError: 'unknown' },
      },
    ],
  };
  const { repository: _, branch: __, ...release } = resolved.release;
  plan = {
    ...resolved,
    release: { ...release, target: 'v2', previous: 'v1' },
    evidence: fileOf('evidence'),
    environments: {
      production: { name: 'production', api: production.url, server: { kind: 'local' }, tools: [] },
    },
    commands: { deploy: command('deploy', '{version}'), restartService: command('restart') },
    ...{ migration: undefined, indexes: undefined, backup: undefined, alerts: undefined, checks: undefined },
    ...{ secrets: [], watches: [watch] },
    production: { maintenance: { enabled: false, drain: 0 }, restart: true },
    approvals: {
      ...resolved.approvals,
      roles: resolved.approvals.roles.filter(({ role }) => SIGN_OFFS.some(([, needed]) => needed === role)),
    },
    confirmations: { prerequisites: [], staging: [], preparation: [] },
    rollback: { ...resolved.rollback, pin: 'code', overrideWithin: 0 },
    notifications: {
      ...resolved.notifications,
      channels: [{ id: 'hook', kind: 'webhook', url: hook.url }],
      events: { 'step-failed': ['hook'], breach: ['hook'], 'rollback-failed': ['hook'], ended: ['hook'] },
      ...{ notices: [], contacts: [], reminders: undefined },
    },
  };
  digest = digestOf(plan);
  policy = policyWithout([]);
  const state = fileOf('state');
  const workflowsPath = fileURLToPath(new URL('./revoked.ts', import.meta.url));
  const interceptors = { activity: [demandAuthority({ policy: current, runner: 'the-runner', state })] };
  await temporal.work({
    taskQueue: 'shared',
    workflowBundle: await bundleWorkflowCode({ workflowsPath }),
    interceptors,
    activities: {
      ...createPeopleActivities(),
      ...createApprovalActivities({ policy: current }),
      ...createAdmissionActivities({
        ...{ runner: 'the-runner', allowVirtualTime: false, policy: current },
        precedents: async () => ({ runs: [], rollbacks: [] }),
      }),
      ...createSampleActivities(),
      ...createHttpActivities(),
      ...createVerificationActivities(),
      archiveDeployment: async () => ({ untold: [] }),
    },
  });
  await temporal.work({ taskQueue: 'the-runner', interceptors, activities: createCommandActivities({ state }) });
}, 120_000);

const seal = (said: Partial<Statement> & Pick<Statement, 'deployment' | 'person' | 'decision'>) =>
  sealed(
    statementOf({ service: plan.service, plan: digest, role: '', ...said }, Date.now()),
    (message) => keys.get(said.person)?.sign(message, ENVELOPE_NAMESPACE) ?? '',
  );

const ledgerOf = (handle: WorkflowHandle): Promise<Ledger> => handle.query(statusQuery);

const until = (handle: WorkflowHandle, holds: (ledger: Ledger) => boolean) =>
  vi.waitUntil(
    async () => {
      const ledger = await ledgerOf(handle);
      return holds(ledger) && ledger;
    },
    { timeout: 30_000, interval: 50 },
  );

const asked = (handle: WorkflowHandle, kind: string) =>
  until(handle, ({ questions }) => questions.some((question) => question.kind === kind && !question.answer));

const send = (handle: WorkflowHandle, decision: Decision) => handle.executeUpdate(decideUpdate, { args: [decision] });

/** How often it has been looked at what users meet. */
const looks = () => production.requests.filter((request) => request === 'GET /metrics').length;

/** However it ends: a way back that fails asks people, who are not there. */
const ended = async (handle: WorkflowHandle): Promise<Ledger> => {
  const ledger = await until(
    handle,
    ({ outcome, questions }) => outcome !== undefined || questions.some(({ kind }) => kind === 'rollback-failed'),
  );
  return { ...ledger, reason: ledger.reason ?? ledger.questions[0]?.text };
};

let count = 0;

/** Signed off, and in the midst of its deploy. */
async function deploying(signedPlan?: { who: string; role: string; envelope: string }) {
  const deployment = `${plan.service}-20261127-000000-${String(++count).padStart(4, '0')}`;
  errors = 0;
  hook.received.length = 0;
  writeFileSync(fileOf('acts'), '');
  rmSync(fileOf('go'), { force: true });
  const envelope = await seal({ deployment, person: 'ana.souza', decision: 'start' });
  const handle = await temporal.client.workflow.start('DeployWorkflow', {
    taskQueue: 'shared',
    workflowId: `surefoot/${deployment}`,
    args: [{ deployment, plan, digest, startedBy: 'ana.souza', envelope, signedPlan, clock: 'real' }],
  });
  const { proposal: sealedProposal } = await asked(handle, 'approvals');
  const proposal = sealedProposal?.digest ?? '';
  for (const [who, role] of SIGN_OFFS) {
    const about = { deployment, person: who, role, decision: 'approve', subject: 'sign-offs', proposal } as const;
    await send(handle, {
      kind: 'approve',
      who,
      role,
      subject: 'sign-offs',
      digest: proposal,
      envelope: await seal(about),
    });
  }
  await vi.waitUntil(() => made().length > 0, { timeout: 30_000 });
  return { handle, deployment };
}

/** What is at work is not cut off: the next act is refused. @returns the ledger with the question */
async function refused(handle: WorkflowHandle) {
  writeFileSync(fileOf('go'), '');
  return asked(handle, 'step-failed');
}

const told = () => hook.received.map(({ raw }) => raw).join('\n');

async function rollBackAs(handle: WorkflowHandle, { deployment }: { deployment: string }) {
  const about = { deployment, person: 'diego.alves', role: 'devops', decision: 'rollback' } as const;
  const why = 'the starter is not trusted any more';
  const envelope = await seal({ ...about, why });
  await send(handle, { kind: 'rollback', who: 'diego.alves', role: 'devops', why, envelope });
}

test.each([
  ['the starter’s', ['ana.souza'], 'start by ana.souza does not count: the key of ana.souza is revoked'],
  ['one approver’s', ['elisa.rocha'], 'approve by elisa.rocha does not count: the key of elisa.rocha is revoked'],
  ['the starter’s and an approver’s', ['ana.souza', 'bruno.lima'], 'start by ana.souza does not count'],
])(
  'once %s key is revoked, people are told whom the runner trusts no more, and what to type; production is watched, and one signed word leads back',
  async (_, revoked, why) => {
    const { handle, deployment } = await deploying();
    policy = policyWithout(revoked);
    try {
      const { questions, untold } = await refused(handle);
      expect(questions[0]?.text).toContain(why);
      expect(questions[0]?.text).toContain(`\`--deployment ${deployment} --as WHO --role ROLE`);
      expect(questions[0]?.text).toContain('(`surefoot rollback`; by diego.alves as devops)');
      await vi.waitUntil(() => told().includes(why), { timeout: 30_000 });
      expect(told()).toContain('surefoot rollback');
      expect(untold).toEqual([]);
      const before = looks();
      await vi.waitUntil(() => looks() > before + 2, { timeout: 30_000 });
      const later = await ledgerOf(handle);
      expect(
        later.questions.map(({ kind }) => kind),
        'what is watched is seen',
      ).toEqual(['step-failed']);
      await rollBackAs(handle, { deployment });
      const { outcome, reason } = await ended(handle);
      expect(outcome, reason).toBe('rolled-back');
      expect(made()).toEqual(['deploy v2', 'deploy v1']);
    } finally {
      policy = policyWithout([]);
    }
  },
  90_000,
);

test('a breach after that is acted on by itself: what a runner has itself deployed it takes back where the plan goes', async () => {
  const { handle } = await deploying();
  policy = policyWithout(['ana.souza', 'elisa.rocha']);
  try {
    await refused(handle);
    errors = 100;
    const { outcome, reason } = await ended(handle);
    expect(outcome, reason).toBe('rolled-back');
    expect(made()).toEqual(['deploy v2', 'deploy v1']);
    expect(told()).toContain('Errors');
  } finally {
    policy = policyWithout([]);
  }
}, 90_000);

test('once the key is revoked of who stands for the plan, it goes no further, until the policy is put right and somebody retries', async () => {
  const rules = ', planSigners: [product-owner]';
  policy = policyWithout([], rules);
  const envelope = await seal({ deployment: '', person: SIGNER, role: 'product-owner', decision: 'plan' });
  const { handle, deployment } = await deploying({ who: SIGNER, role: 'product-owner', envelope });
  policy = policyWithout([SIGNER], rules);
  try {
    const { questions } = await refused(handle);
    const why = `plan by ${SIGNER} does not count: the key of ${SIGNER} is revoked`;
    expect(questions[0]?.text).toContain(why);
    expect(questions[0]?.text).toContain('(`surefoot retry`)');
    await vi.waitUntil(() => told().includes(why), { timeout: 30_000 });
    policy = policyWithout([], rules);
    const { id: subject } = questions[0] ?? { id: '' };
    const about = { deployment, person: 'diego.alves', role: 'devops', decision: 'retry', subject } as const;
    await send(handle, { kind: 'retry', who: 'diego.alves', role: 'devops', subject, envelope: await seal(about) });
    const { outcome, reason } = await ended(handle);
    expect(outcome, reason).toBe('succeeded');
    expect(made()).toEqual(['deploy v2', 'restart ']);
  } finally {
    policy = policyWithout([]);
  }
}, 90_000);
