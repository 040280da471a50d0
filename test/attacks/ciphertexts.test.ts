/** Who has Temporal, and no key, sends again elsewhere what who has one has sent: copies of ciphertexts are worth nothing. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Context } from '@temporalio/activity';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import { bundleWorkflowCode, DefaultLogger, Runtime } from '@temporalio/worker';
import { afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createApprovalActivities } from '../../src/activities/review/approvals.js';
import type { DeployInput } from '../../src/contract/deployment.js';
import { statusQuery } from '../../src/contract/messages.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import type { Decision, Ledger } from '../../src/domain/ledger/ledger.js';
import { boundAnswers } from '../../src/encryption/bound-answers.js';
import { EncryptionCodec } from '../../src/encryption/codec.js';
import { clientInterceptors } from '../../src/encryption/uses-of-clients.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadPlan } from '../../src/plan/load.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';

Runtime.install({ logger: new DefaultLogger('ERROR') });
vi.setConfig({ testTimeout: 60_000 });

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** As workers load it. */
const FAILURES = at('dist/src/encryption/failures.js');
const TASK_QUEUE = 'copied';
const RUNNER = 'the-runner';

const temporal = workflowServer();
const keyring = { active: 'k1', keys: new Map([['k1', randomBytes(32)]]) };
const encryption = (refusal: 'throw' | 'replace') => ({
  payloadCodecs: [new EncryptionCodec(keyring, refusal)],
  failureConverterPath: FAILURES,
});

let holder: Client;
let plan: ResolvedPlan;
let deployed: string[] = [];
/** What the deploy command waits for. */
let held = Promise.resolve();
let release = () => {};
const hold = () => {
  held = new Promise((resolve) => {
    release = resolve;
  });
};
afterEach(async () => {
  release();
  // What a test has left open; most of it has ended.
  await temporal.client.workflow
    .getHandle(LOCK)
    .terminate()
    .catch(() => undefined);
});

beforeAll(async () => {
  const { resolved } = loadPlan(SHIPPED);
  plan = {
    ...resolved,
    evidence: join(temporal.folder, 'evidence'),
    environments: {
      production: { name: 'production', api: 'http://127.0.0.1:9', server: { kind: 'local' }, tools: [] },
    },
    commands: { deploy: { run: ['true'], on: 'worker', folder: temporal.folder, timeout: 30_000 } },
    release: { ...resolved.release, target: 'v2', previous: 'v1' },
    notifications: { ...resolved.notifications, channels: [], events: {}, notices: [], reminders: undefined },
    checks: undefined,
    secrets: [],
  };
  holder = new Client({
    connection: temporal.client.connection,
    dataConverter: encryption('throw'),
    interceptors: clientInterceptors,
  });
  const workflowBundle = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./bound.ts', import.meta.url)),
    workflowInterceptorModules: [
      at('src/encryption/bound-payloads.ts'),
      at('src/workflows/common/unreadable-messages.ts'),
    ],
    failureConverterPath: at('src/encryption/failures.ts'),
    logger: new DefaultLogger('WARN'),
  });
  const state = join(temporal.folder, 'state');
  const precedents = async () => ({ runs: [], rollbacks: [] });
  await temporal.work({
    taskQueue: TASK_QUEUE,
    workflowBundle,
    dataConverter: encryption('replace'),
    interceptors: { activity: [boundAnswers] },
    activities: {
      ...createAdmissionActivities({ runner: RUNNER, state, allowVirtualTime: false, precedents }),
      ...createPeopleActivities(),
      ...createApprovalActivities(),
      archiveDeployment: async () => ({ untold: [] }),
    },
  });
  await temporal.work({
    taskQueue: RUNNER,
    dataConverter: encryption('replace'),
    interceptors: { activity: [boundAnswers] },
    activities: {
      async runCommand({ key }: { key: { deployment: string } }) {
        // Encrypted for this very place, as its answer will be, and made up as one that would be believed.
        Context.current().heartbeat({
          summary: 'deployed',
          facts: [{ name: 'ran', ok: true, text: 'so far' }],
          evidence: [],
        });
        await held;
        deployed.push(key.deployment);
        return { summary: 'deployed', facts: [{ name: 'ran', ok: true, text: 'it ran' }], evidence: [] };
      },
    },
  });
}, 120_000);

let count = 0;
const newID = () => `${plan.service}-20261127-000000-${String(++count).padStart(4, '0')}`;
/** The lock, which all deployments of a service have in turn. */
const LOCK = 'surefoot/shop/production';

async function begin(deployment = newID(), workflowId = LOCK) {
  const digest = digestOf(plan);
  const input: DeployInput = { deployment, plan, digest, startedBy: 'ana.souza', clock: 'real' };
  const started = { taskQueue: TASK_QUEUE, workflowId, args: [input], memo: { deployment } };
  const handle = await holder.workflow.start('DeployWorkflow', started);
  return { handle: holder.workflow.getHandle(workflowId, handle.firstExecutionRunId), deployment };
}

const ledgerOf = (handle: WorkflowHandle): Promise<Ledger> => handle.query(statusQuery);
const asked = (handle: WorkflowHandle, kind: string) =>
  vi.waitUntil(
    async () => {
      const ledger = await ledgerOf(handle);
      return ledger.questions.some((question) => question.kind === kind && !question.answer) && ledger;
    },
    { timeout: 30_000, interval: 50 },
  );
const say = (handle: WorkflowHandle, kind: Decision['kind'], more: Partial<Decision> = {}) =>
  handle.signal(kind, { who: 'diego.alves', role: 'devops', ...more });
const decisionsOf = async (handle: WorkflowHandle, many: number) => {
  const enough = async () => {
    const { decisions } = await ledgerOf(handle);
    return decisions.length >= many && decisions.map(({ kind, accepted, reason }) => ({ kind, accepted, reason }));
  };
  return await vi.waitUntil(enough, { timeout: 30_000, interval: 50 });
};

/** What Temporal keeps of one that went well. */
async function legitimate() {
  const { handle, deployment } = await begin();
  await asked(handle, 'confirmation');
  await say(handle, 'hold', { why: 'a look first', deployment });
  await say(handle, 'resume', { deployment });
  await say(handle, 'confirm', { subject: 'access', deployment });
  expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
  const { events = [] } = await handle.fetchHistory();
  const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads as Payload[];
  const signals = events?.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal ?? []) ?? [];
  const signalled = (name: string) =>
    signals.find(({ signalName }) => signalName === name)?.input?.payloads as Payload[];
  const scheduled = events?.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'runCommand',
  );
  const answer = events?.flatMap(({ activityTaskCompletedEventAttributes: done }) =>
    done && String(done.scheduledEventId) === String(scheduled?.eventId) ? (done.result?.payloads as Payload[]) : [],
  ) as Payload[];
  return { deployment, input, signalled, answer };
}

const raw = () => temporal.client.workflowService;
const startAgain = async (payloads: Payload[], workflowId: string) => {
  const { runId } = await raw().startWorkflowExecution({
    ...{ namespace: 'default', workflowId, requestId: randomBytes(8).toString('hex'), identity: 'mallory' },
    ...{ workflowType: { name: 'DeployWorkflow' }, taskQueue: { name: TASK_QUEUE }, input: { payloads } },
  });
  return holder.workflow.getHandle(workflowId, runId);
};
const sendAgain = (handle: WorkflowHandle, signalName: string, payloads: Payload[]) =>
  raw().signalWorkflowExecution({
    ...{ namespace: 'default', workflowExecution: { workflowId: handle.workflowId }, signalName, input: { payloads } },
  });
const plainly = (value: unknown): Payload => defaultPayloadConverter.toPayload(value) as Payload;

/** One whose deploy command is at work. */
async function deploying() {
  hold();
  const { handle, deployment } = await begin();
  await asked(handle, 'confirmation');
  await say(handle, 'confirm', { subject: 'access', deployment });
  const atWork = async () => {
    const { raw: described } = await handle.describe();
    return described.pendingActivities?.find(
      ({ activityType, heartbeatDetails }) => activityType?.name === 'runCommand' && heartbeatDetails?.payloads,
    );
  };
  const activity = await vi.waitUntil(atWork, { timeout: 30_000, interval: 50 });
  const heartbeat = activity.heartbeatDetails?.payloads as Payload[];
  return { handle, deployment, activityId: activity.activityId ?? '', heartbeat };
}

test('an old start is not admitted again, nor is it a start of anything else', async () => {
  const { input, deployment } = await legitimate();
  deployed = [];
  const again = (await (await startAgain(input, LOCK)).result()) as Ledger;
  expect(again.outcome).toBe('aborted');
  expect(again.reason).toContain(`${deployment} was admitted before, for the run `);
  await expect((await startAgain(input, 'surefoot/other/production')).result()).rejects.toMatchObject({
    cause: { type: 'Refused', message: expect.stringContaining('the input has no deployment') },
  });
  expect(deployed).toEqual([]);
});

test.each([
  ['an old healthy answer', 'answer'],
  ['what was once a decision', 'decision'],
  ['its own heartbeat', 'heartbeat'],
  ['a healthy answer in plain text', 'plain'],
  ['no answer at all', 'nothing'],
])('%s, given in place of a deploy that is at work, is not its end: people are asked', async (_, which) => {
  const old = await legitimate();
  deployed = [];
  const { handle, activityId, heartbeat } = await deploying();
  const payloads = {
    heartbeat,
    answer: old.answer,
    decision: old.signalled('confirm'),
    plain: [plainly({ summary: 'deployed', facts: [{ name: 'ran', ok: true, text: 'it ran' }], evidence: [] })],
    nothing: [],
  }[which] as Payload[];
  const result = which === 'nothing' ? undefined : { payloads };
  const where = { namespace: 'default', workflowId: LOCK, activityId };
  await raw().respondActivityTaskCompletedById({ ...where, result });
  const { questions, outcome } = await asked(handle, 'outcome-unknown');
  expect(outcome).toBeUndefined();
  expect(questions.find(({ kind }) => kind === 'outcome-unknown')?.text).toContain(
    'An answer in place of activity runCommand was not encrypted for it by a worker',
  );
});

test('a failure that no worker has encrypted is not believed: how the deploy ended is not known', async () => {
  const { handle, activityId } = await deploying();
  const failure = {
    message: 'nothing was begun',
    applicationFailureInfo: { type: 'RunnerFailed', nonRetryable: true },
  };
  await raw().respondActivityTaskFailedById({ namespace: 'default', workflowId: LOCK, activityId, failure });
  const { questions } = await asked(handle, 'outcome-unknown');
  const text = questions.find(({ kind }) => kind === 'outcome-unknown')?.text ?? '';
  expect(text).toContain('how the work itself has ended is not known');
  expect(text).not.toContain('nothing was begun');
});

test('an old approval counts for nothing: not elsewhere, not as something else, and not twice', async () => {
  const old = await legitimate();
  const { handle, deployment } = await begin();
  const other = await begin(newID(), 'surefoot/other/production');
  await asked(handle, 'confirmation');
  await asked(other.handle, 'confirmation');

  await sendAgain(handle, 'confirm', old.signalled('confirm'));
  await sendAgain(handle, 'confirm', old.signalled('resume'));
  await sendAgain(handle, 'confirm', [plainly({ who: 'diego.alves', role: 'devops', subject: 'access' })]);
  expect((await decisionsOf(handle, 3)).map(({ accepted, reason }) => [accepted, reason])).toEqual([
    [false, `it is about ${old.deployment}, and this is ${deployment}`],
    [false, expect.stringContaining('"who" is missing')],
    [false, expect.stringContaining('"who" is missing')],
  ]);
  await sendAgain(other.handle, 'confirm', old.signalled('confirm'));
  expect(await decisionsOf(other.handle, 1)).toMatchObject([
    { accepted: false, reason: expect.stringContaining('"who"') },
  ]);

  await say(handle, 'hold', { why: 'a look first', deployment });
  await say(handle, 'resume', { deployment });
  await decisionsOf(handle, 5);
  const { events } = await handle.fetchHistory();
  const own = events?.flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => signal ?? []) ?? [];
  const held = own.find(({ signalName }) => signalName === 'hold')?.input?.payloads as Payload[];
  await sendAgain(handle, 'hold', held);
  expect((await decisionsOf(handle, 6)).at(-1)).toMatchObject({ kind: 'hold', accepted: false });
  const { events: after } = await handle.fetchHistory();
  expect(after?.filter(({ workflowTaskFailedEventAttributes: failed }) => failed)).toEqual([]);
  await other.handle.terminate();
});
