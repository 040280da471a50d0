/** Deployments in real time, as people start and steer them: the built CLI, an ordinary worker, plain signals. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { execa } from 'execa';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { writeBindings } from '../../sandbox/local/bindings.js';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { decideUpdate } from '../../src/contract/messages.js';
import { GUARD, rollbackWorkflowId, TASK_QUEUE, watchWorkflowId } from '../../src/contract/names.js';
import { startTraffic } from '../../src/demo/traffic.js';
import type { Decision } from '../../src/domain/ledger/ledger.js';
import { newDeploymentId } from '../../src/plan/deployment-id.js';
import { loadPlan } from '../../src/plan/load.js';
import { startPgbouncer } from '../helpers/pgbouncer.js';
import {
  asks,
  BASE_REVISION,
  changedPlan,
  connectTo,
  ledgerWhen,
  NEW_REVISION,
  operationsOf,
  ownSandbox,
  type PlanSections,
  resetTarget,
  SHIPPED_PLAN,
  startWorker,
  stateOf,
  surefoot,
} from './support.js';

/** Who signs off when ana.souza has started the deployment: each role by another person. */
const SIGN_OFFS = [
  { who: 'bruno.lima', role: 'tech-lead' },
  { who: 'carla.mendes', role: 'backend-team' },
  { who: 'diego.alves', role: 'devops' },
  { who: 'elisa.rocha', role: 'qa' },
  { who: 'gabriela.dias', role: 'product-owner' },
];
const CONFIRMATIONS = [
  { subject: 'access', who: 'diego.alves', role: 'devops' },
  { subject: 'communication', who: 'gabriela.dias', role: 'product-owner' },
  { subject: 'infrastructure', who: 'diego.alves', role: 'devops' },
];
const SHORT_SOAK = ['--shorten', 'soak=6s'];
const SHORT_WATCHES = ['watch-5m', 'watch-1h', 'watch-24h'].flatMap((watch) => ['--shorten', `${watch}=6s`]);

let sandbox: Sandbox;
let bindings: string;
/** The shipped plan, with soak and watches that may be made as short as seconds. */
let plan: string;
let client: Client;
let traffic: AbortController;
const closers: (() => Promise<unknown>)[] = [];

/**
 * Rules of minutes say nothing in seconds: those kept need two seconds, and one known sample. The first look knows no rate
 * yet: less than six seconds may be half blind.
 */
function allowSeconds(plan: PlanSections): void {
  const { criteria, soak, watches, load, items } = plan;
  const kept = ['soak-error-rate', 'immediate-errors', 'immediate-down', 'immediate-data-loss'];
  for (const [id, criterion] of Object.entries(criteria)) {
    if (!kept.includes(id)) delete criteria[id];
    if (criterion.for !== '0s') criterion.for = '2s';
    criterion.minimumSamples = 1;
  }
  for (const watch of [soak, ...watches]) {
    watch.tick = '1s';
    watch.minimum = '6s';
    watch.criteria = watch.criteria.filter((id) => kept.includes(id));
    watch.trends = [];
  }
  for (const test of load.tests) Object.assign(test, { requests: 50, concurrency: 5 });
  delete plan.production.loadTest?.impact;
  // Boxes that the left out rules settled go with them, and the document that has them.
  delete plan.document;
  for (const [id, { by }] of Object.entries(items)) {
    if ([by].flat().some((reference) => /^(soak|watch-\w+)\//.test(reference))) delete items[id];
  }
}

const cli = (...words: string[]) => surefoot(sandbox.home, ...words);
const environments = () => sandbox.target.environments;

beforeAll(async () => {
  sandbox = await ownSandbox({ virtualTime: false });
  closers.push(() => sandbox.stop());
  bindings = await writeBindings(sandbox);
  plan = await changedPlan(sandbox.home, 'plan.yaml', allowSeconds);
  const worker = startWorker(sandbox.home);
  closers.push(() => worker.stop());
  const { address, namespace } = sandbox.temporal;
  const connection = await Connection.connect({ address });
  closers.push(() => connection.close());
  client = new Client({ connection, namespace });
});

afterAll(async () => {
  while (closers.length > 0) await closers.pop()?.();
});

beforeEach(() => {
  traffic = new AbortController();
});

afterEach(() => traffic.abort());

/** Starts a deployment by the CLI, on a target that is as the checklist finds it. */
async function start(file = plan, ...options: string[]): Promise<{ deployment: string; handle: WorkflowHandle }> {
  if (operationsOf(environments().staging).length > 0) await resetTarget(sandbox);
  await startTraffic(loadPlan(plan, { bindings }).resolved, traffic.signal);
  const said = await cli('start', file, '--bindings', bindings, '--as', 'ana.souza', '--json', ...options);
  expect(said, said.err).toMatchObject({ code: 0 });
  const { deploymentId, workflowId, runId } = JSON.parse(said.out) as Record<string, string>;
  return {
    deployment: deploymentId as string,
    handle: client.workflow.getHandle(workflowId as string, runId),
  };
}

/** Says what people have to say before production is deployed to, each thing when it is asked for. */
async function answerAll(handle: WorkflowHandle): Promise<void> {
  const say = (decision: Decision) => handle.executeUpdate(decideUpdate, { args: [decision] });
  for (const confirmation of CONFIRMATIONS) {
    if (confirmation.subject === 'communication') {
      const { proposal } = await ledgerWhen(handle, 'sign-offs are asked for', asks('sign-offs'));
      for (const signOff of SIGN_OFFS) await say({ kind: 'approve', ...signOff, digest: proposal?.digest });
    }
    await ledgerWhen(handle, `${confirmation.subject} is asked for`, asks(confirmation.subject));
    await say({ kind: 'confirm', ...confirmation });
  }
}

const statusOf = async (workflowId: string) => (await client.workflow.getHandle(workflowId).describe()).status.name;

test('a soak that the plan does not allow to shorten is not shortened: exit code 2, with the line of the plan', async () => {
  const said = await cli('start', SHIPPED_PLAN, '--bindings', bindings, '--as', 'ana.souza', '--shorten', 'soak=1m');
  expect(said.code).toBe(2);
  const lines = readFileSync(SHIPPED_PLAN, 'utf8').split('\n');
  const line = lines.indexOf('  duration: 24h', lines.indexOf('soak:')) + 1;
  expect(said.err).toContain(`eduautismo-performance.yaml:${line}:`);
  expect(said.err).toMatch(/soak.*asked to last 1 ?m.*does not allow to shorten/s);
});

test('virtual time is refused outside the demo, by `start` and by an ordinary worker', async () => {
  const said = await cli('start', plan, '--bindings', bindings, '--as', 'ana.souza', '--virtual');
  expect(said).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Virtual time exists only in demo') });

  const { resolved, digest } = loadPlan(plan, { bindings });
  const deployment = newDeploymentId(resolved.service);
  const input: DeployInput = { deployment, plan: resolved, digest, startedBy: 'ana.souza', clock: 'virtual' };
  const handle = await client.workflow.start('DeployWorkflow', {
    workflowId: `surefoot/not-the-demo/${randomUUID()}`,
    taskQueue: TASK_QUEUE,
    args: [input],
  });
  expect(await handle.result()).toMatchObject({
    outcome: 'aborted',
    reason: expect.stringContaining('Refused: virtual time is for demo and rehearsal'),
    steps: [],
  });
  const { events } = await handle.fetchHistory();
  const failures = (events ?? []).flatMap(({ activityTaskFailedEventAttributes: failed }) => failed?.failure ?? []);
  expect(failures.map(({ applicationFailureInfo }) => applicationFailureInfo?.type)).toEqual(['Refused']);
  expect(operationsOf(environments().staging)).toEqual([]);
});

test('an abort during the soak ends the deployment and leaves production untouched', async () => {
  const { deployment, handle } = await start();
  await answerStaging(handle);
  await ledgerWhen(handle, 'the soak runs', ({ phase, monitors }) => phase === 'soak' && monitors.length > 0);

  const unsaid = await cli('abort', '--as', 'diego.alves', '--role', 'devops');
  expect(unsaid).toMatchObject({ code: 2, err: expect.stringContaining('say why it is aborted') });
  const said = await cli('abort', '--as', 'diego.alves', '--role', 'devops', '--why', 'the release is postponed');
  expect(said, said.err).toMatchObject({ code: 0 });

  const result = (await handle.result()) as DeployResult;
  expect(result).toMatchObject({
    outcome: 'aborted',
    reason: 'abort by diego.alves as devops: the release is postponed',
    production: { codeDeployed: false, migrated: false, maintenance: false },
  });
  expect(result.rollback).toBeUndefined();
  expect(await statusOf(watchWorkflowId(deployment, 'soak', 1))).not.toBe('RUNNING');
  expect(operationsOf(environments().production)).toEqual([]);
  expect(await stateOf(environments().production)).toMatchObject({ version: 'v1.2.3', revision: BASE_REVISION });
  expect(await cli('status')).toMatchObject({ code: 1, out: expect.stringContaining('the release is postponed') });
}, 300_000);

async function answerStaging(handle: WorkflowHandle): Promise<void> {
  // What is asked from the preparation of production on comes later.
  const subjects = CONFIRMATIONS.map(({ subject }) => subject);
  for (const confirmation of CONFIRMATIONS.slice(0, subjects.indexOf('communication'))) {
    await ledgerWhen(handle, `${confirmation.subject} is asked for`, asks(confirmation.subject));
    await handle.executeUpdate(decideUpdate, { args: [{ kind: 'confirm', ...confirmation }] });
  }
}

test('a deployment of a plan that allows short watches runs in real time, with confirmations by the CLI and sign-offs by the signals of the Web UI’s button', async () => {
  const began = Date.now();
  const { deployment, handle } = await start(plan, ...SHORT_SOAK, ...SHORT_WATCHES);
  const confirm = async (subject: string, ...as: string[]) => {
    await ledgerWhen(handle, `${subject} is asked for`, asks(subject));
    return cli('confirm', subject, ...as);
  };

  const second = await cli('start', plan, '--bindings', bindings, '--as', 'bruno.lima');
  expect(second).toMatchObject({ code: 2, out: '' });
  expect(second.err).toContain('is already running');
  expect(second.err).toContain(deployment);

  expect(await confirm('access', '--as', 'fabio.nunes', '--role', 'qa')).toMatchObject({
    code: 2,
    err: expect.stringContaining('access is answered by: devops'),
  });
  // The role needs no saying where only one may answer.
  expect(await confirm('access', '--as', 'diego.alves')).toMatchObject({ code: 0 });

  const { proposal } = await ledgerWhen(handle, 'sign-offs are asked for', asks('sign-offs'));
  const digest = proposal?.digest.slice(0, 12);
  await handle.signal('approve', 'looks good to me');
  await handle.signal('approve');
  await handle.signal('approve', { who: 'mallory', role: 'qa' });
  await handle.signal('approve', { who: 'fabio.nunes', role: 'devops' });
  await handle.signal('approve', { who: 'ana.souza', role: 'tech-lead', digest });
  await handle.signal('sign-off', { who: 'fabio.nunes', role: 'qa' });
  const [first, ...others] = SIGN_OFFS;
  await handle.signal('approve', first);
  await handle.signal('approve', { ...first, digest });
  await handle.signal('approve', { ...first, digest });
  for (const signOff of others) await handle.signal('approve', { ...signOff, digest });

  expect(await confirm('communication', '--as', 'gabriela.dias', '--role', 'product-owner')).toMatchObject({ code: 0 });
  expect(await confirm('infrastructure', '--as', 'diego.alves')).toMatchObject({ code: 0 });

  const result = (await handle.result()) as DeployResult;
  expect(result).toMatchObject({ outcome: 'succeeded', reason: 'all phases passed', startedBy: 'ana.souza' });
  expect(result.approvals.map(({ who, role }) => ({ who, role }))).toEqual(SIGN_OFFS);
  const bySignal = result.decisions.filter(({ via }) => via === 'signal');
  expect(bySignal.filter(({ accepted }) => !accepted).map(({ reason }) => reason)).toEqual([
    expect.stringContaining('send one JSON object'),
    expect.stringContaining('send one JSON object'),
    expect.stringContaining("mallory is not on the plan's roster"),
    'fabio.nunes does not have the role devops (has: qa)',
    'ana.souza started this deployment and cannot approve it',
    expect.stringContaining('"sign-off" is no decision'),
    `name the digest of what you approve: ${digest}`,
    'tech-lead has already been signed off by bruno.lima',
  ]);
  expect(bySignal.filter(({ accepted }) => accepted).map(({ kind }) => kind)).toEqual(Array(5).fill('approve'));

  // The watches lasted as long as they say, by the clock on the wall.
  const { production } = environments();
  const watches = result.monitors.filter(({ id }) => id !== GUARD);
  for (const { id, startedAt, endedAt = 0, ticks } of watches) {
    expect(endedAt - startedAt, id).toBeGreaterThanOrEqual(4_000);
    expect(ticks, id).toBeGreaterThanOrEqual(4);
  }
  expect(result.monitors.map(({ id }) => id)).toEqual(['soak', GUARD, 'watch-5m', 'watch-1h', 'watch-24h']);
  // The guard stood while users were on what was still being checked, and had its last look before the first watch.
  const endOf = (step: string) => result.steps.find(({ id }) => id === step)?.endedAt;
  const guard = result.monitors.find(({ id }) => id === GUARD);
  expect(guard?.startedAt).toBeGreaterThanOrEqual(endOf('production.maintenance-off') ?? Number.NaN);
  expect(guard?.endedAt).toBeGreaterThanOrEqual(endOf('production.smoke') ?? Number.NaN);
  expect(guard?.endedAt).toBeLessThanOrEqual(watches[1]?.startedAt ?? Number.NaN);
  expect(guard?.ticks).toBeGreaterThanOrEqual(1);
  expect(result.startedAt).toBeGreaterThanOrEqual(began - 1_000);
  expect(result.endedAt).toBeLessThanOrEqual(Date.now() + 1_000);
  expect(operationsOf(production)).toEqual([
    'maintenance_mode enable production',
    'deploy production main',
    'alembic upgrade head',
    'maintenance_mode disable production',
  ]);
  expect(await stateOf(production)).toMatchObject({ version: 'main', maintenance: false, revision: NEW_REVISION });
  const status = await cli('status', deployment, '--json');
  expect(status).toMatchObject({ code: 0 });
  expect(JSON.parse(status.out)).toMatchObject({ deploymentId: deployment, running: false, outcome: 'succeeded' });
}, 300_000);

test.each([
  {
    option: 'code',
    operations: ['deploy production v1.2.3'],
    state: { version: 'v1.2.3', revision: NEW_REVISION },
    left: 'the old code on the new schema',
  },
  {
    option: 'migration',
    operations: [`alembic downgrade ${BASE_REVISION}`, 'restart_service production'],
    state: { version: 'main', revision: BASE_REVISION },
    left: 'the new code on the old schema',
  },
])(
  'a person’s rollback of the $option during a watch leaves $left',
  async ({ option, operations, state }) => {
    const { deployment, handle } = await start(plan, ...SHORT_SOAK);
    await answerAll(handle);
    await ledgerWhen(handle, 'production is watched', ({ monitors }) => monitors.some(({ id }) => id === 'watch-5m'));
    const before = operationsOf(environments().production);

    const why = 'customers report wrong priorities';
    const said = await cli('rollback', '--as', 'diego.alves', '--role', 'devops', '--why', why, '--option', option);
    expect(said, said.err).toMatchObject({ code: 0 });

    const result = (await handle.result()) as DeployResult;
    expect(result).toMatchObject({
      outcome: 'rolled-back',
      rollback: { option, succeeded: true, trigger: { kind: 'person', who: 'diego.alves' } },
    });
    expect(result.reason).toContain(why);
    expect(result.rollback?.reasons).toContainEqual(expect.stringContaining(`diego.alves asked for ${option}`));
    expect(await statusOf(rollbackWorkflowId(deployment, option, 1))).toBe('COMPLETED');
    expect(await statusOf(watchWorkflowId(deployment, 'watch-5m', 1))).not.toBe('RUNNING');
    const { production } = environments();
    expect(operationsOf(production).slice(before.length)).toEqual(operations);
    expect(await stateOf(production)).toMatchObject({ ...state, status: expect.stringMatching(/ok|healthy/) });
  },
  240_000,
);

test('a plan copied from the last release is refused before anything starts, and by the doctor', async () => {
  await resetTarget(sandbox);
  // It was the release before the one that production runs by now.
  await execa('git', ['-c', 'safe.directory=*', '-C', sandbox.target.repository, 'tag', '--force', 'v1.2.2', 'v1.2.3']);
  const stale = await changedPlan(sandbox.home, 'stale.yaml', (sections) => {
    allowSeconds(sections);
    sections.release.previous = 'v1.2.2';
  });
  const said = 'production runs v1.2.3, not v1.2.2 that a rollback would go back to (release.previous)';
  const doctor = await cli('doctor', stale, '--bindings', bindings, '--as', 'ana.souza');
  expect(doctor.out).toContain(said);
  expect(doctor.code).toBe(1);
  const { handle } = await start(stale);
  const ledger = await ledgerWhen(handle, 'people are asked', asks('prerequisites.production'));
  expect(ledger.questions[0]).toMatchObject({ text: expect.stringContaining(said), moves: ['retry', 'skip', 'abort'] });
  expect(operationsOf(environments().staging)).toEqual([]);
  const aborted = await cli('abort', '--as', 'diego.alves', '--role', 'devops', '--why', 'the plan is an old one');
  expect(aborted).toMatchObject({ code: 0 });
  expect(await handle.result()).toMatchObject({ outcome: 'aborted' });
}, 240_000);

test('a database behind a pooler of transactions is refused before anything starts, and its application goes on writing', async () => {
  await resetTarget(sandbox);
  const { production } = environments();
  const { host, port, name, user, passwordFile } = production.database;
  const pooler = await startPgbouncer(
    { host, port, name, user, password: `file:${passwordFile}` },
    { pool_mode: 'transaction', default_pool_size: 2 },
  );
  closers.push(() => pooler.stop());
  const pooled = { ...production, database: { ...production.database, port: pooler.port } };
  const direct = await connectTo(production);
  await direct.query('create table written_by_the_application (at timestamptz default now())');
  const application = await connectTo(pooled);
  const written = { rows: 0, errors: [] as string[] };
  const over = new AbortController();
  closers.push(async () => over.abort());
  const writing = (async () => {
    while (!over.signal.aborted) {
      await application.query('insert into written_by_the_application default values').then(
        () => (written.rows += 1),
        (error: Error) => written.errors.push(error.message),
      );
      await pause(5);
    }
  })();
  const behind = join(sandbox.home, 'behind-a-pooler.yaml');
  const address = (at: number) => `@${host}:${at}/${name}`;
  await writeFile(behind, readFileSync(bindings, 'utf8').replaceAll(address(port), address(pooler.port)));

  const doctor = await cli('doctor', plan, '--bindings', behind, '--as', 'ana.souza');
  expect(doctor).toMatchObject({ code: 1, out: expect.stringMatching(/production-session.*pooler/) });
  const { handle } = await start(plan, '--bindings', behind);
  const ledger = await ledgerWhen(handle, 'people are asked', asks('prerequisites.staging'));
  expect(ledger.questions[0]?.text).toMatch(/pooler/);
  expect(operationsOf(environments().staging)).toEqual([]);
  expect(await cli('abort', '--as', 'diego.alves', '--role', 'devops', '--why', 'behind a pooler')).toMatchObject({
    code: 0,
  });
  expect(await handle.result()).toMatchObject({ outcome: 'aborted' });

  over.abort();
  await writing;
  expect(written).toMatchObject({ errors: [], rows: expect.any(Number) });
  expect(written.rows).toBeGreaterThan(100);
  await application.end();
  await direct.query('drop table written_by_the_application');
  await direct.end();
}, 240_000);
