/** A worker that is killed in the middle of a command, of a proof, of a watch and of a migration. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeBindings } from '../../sandbox/local/bindings.js';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import type { TargetEnvironment } from '../../sandbox/local/target.js';
import type { DeployInput, DeployResult } from '../../src/contract/deployment.js';
import { deployWorkflowId, TASK_QUEUE, watchWorkflowId } from '../../src/contract/names.js';
import { startTraffic } from '../../src/demo/traffic.js';
import { virtualTimeInterceptors } from '../../src/local/time-skipping.js';
import { newDeploymentId } from '../../src/plan/deployment-id.js';
import { loadPlan } from '../../src/plan/load.js';
import { alive } from '../activities/support.js';
import {
  BASE_REVISION,
  connectTo,
  NEW_REVISION,
  operations,
  ownSandbox,
  SHIPPED_PLAN,
  stateOf,
  until,
} from './support.js';

// The supervisor starts the program that stands beside it: the built one.
const SUPERVISOR = '../../dist/src/demo/supervisor.js';
const { superviseWorker } = (await import(SUPERVISOR)) as typeof import('../../src/demo/supervisor.js');

let sandbox: Sandbox;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  sandbox = await ownSandbox({ virtualTime: true });
});

afterAll(async () => {
  while (closers.length > 0) await closers.pop()?.();
  await sandbox?.stop();
});

test('SIGKILL of the worker during the staging deploy, the proof of the way back, the soak and the production migration, and a restart: the deployment goes on and ends the same, each command having run once', async () => {
  const { home, target, temporal, postgres } = sandbox;
  const { staging, production } = target.environments;
  const bindings = await writeBindings(sandbox);
  const plan = loadPlan(SHIPPED_PLAN, { bindings });

  const tools = dirname(postgres.binaries.pgDump);
  const worker = superviseWorker(
    {
      address: temporal.address,
      namespace: temporal.namespace,
      state: join(home, 'worker'),
      plan: SHIPPED_PLAN,
      bindings,
      tools: [target.binFolder, tools],
    },
    { environment: { ...process.env, SUREFOOT_PG_BIN: tools }, home, onDeath: () => {} },
  );
  closers.push(() => worker.stop());
  const traffic = new AbortController();
  closers.push(async () => traffic.abort());
  await startTraffic(plan.resolved, traffic.signal);
  const connection = await Connection.connect({
    address: temporal.address,
    interceptors: virtualTimeInterceptors(),
  });
  closers.push(() => connection.close());
  const client = new Client({ connection, namespace: temporal.namespace });

  /** @returns when the worker is dead; the next one is started a quarter of a second later */
  const killWorker = async () => {
    const deaths = worker.deaths();
    const pid = worker.pid();
    if (pid === undefined) throw new Error('there is no worker to kill');
    process.kill(pid, 'SIGKILL');
    await until('the worker is dead', () => worker.deaths() === deaths + 1, { within: 5_000, every: 5 });
  };
  const begun = (environment: TargetEnvironment, operation: string) =>
    until(
      `${operation} runs on ${environment.name}`,
      () => operations(environment).find((line) => line.operation === operation),
      { within: 240_000, every: 5 },
    );

  const deployment = newDeploymentId(plan.resolved.service);
  const input: DeployInput = {
    deployment,
    plan: plan.resolved,
    digest: plan.digest,
    startedBy: 'demo',
    clock: 'virtual',
  };
  const handle = await client.workflow.start('DeployWorkflow', {
    workflowId: deployWorkflowId(plan.resolved.service),
    taskQueue: TASK_QUEUE,
    args: [input],
  });

  const deploy = await begun(staging, 'deploy staging main');
  await killWorker();
  expect(alive(deploy.pid), 'the deploy was still running when its worker was dead').toBe(true);

  await begun(staging, `alembic downgrade ${BASE_REVISION}`);
  await killWorker();

  const ticks = () =>
    readFileSync(join(home, 'evidence', deployment, 'series', 'soak.jsonl'), 'utf8')
      .trim()
      .split('\n').length;
  await until('some samples of the soak', () => ticks() >= 20, { within: 240_000 });
  await killWorker();
  const soak = await client.workflow.getHandle(watchWorkflowId(deployment, 'soak', 1)).describe();
  expect(soak.status.name, 'the soak was not over when its worker was dead').toBe('RUNNING');

  await begun(production, 'deploy production main');
  const lock = await connectTo(production);
  closers.push(() => lock.end());
  // CREATE INDEX waits for this one, and the application does not.
  await lock.query('BEGIN');
  await lock.query('LOCK TABLE intervention_plans IN SHARE UPDATE EXCLUSIVE MODE');
  const migration = await begun(production, 'alembic upgrade head');
  await until('the migration waits for the lock', () => isWaitedFor(lock), { within: 4_000, every: 10 });
  await killWorker();
  expect(alive(migration.pid), 'the migration was still running when its worker was dead').toBe(true);
  expect(await isWaitedFor(lock)).toBe(true);
  await lock.query('ROLLBACK');

  const result = (await handle.result()) as DeployResult;
  expect(result).toMatchObject({ outcome: 'succeeded', reason: 'all phases passed' });
  expect(result.steps.filter(({ state, generation }) => state !== 'passed' || generation !== 1)).toEqual([]);
  expect(result.decisions.filter(({ kind }) => !['approve', 'confirm'].includes(kind))).toEqual([]);
  expect(worker.deaths()).toBe(4);
  expect(operations(staging).map(({ operation }) => operation)).toEqual([
    'deploy staging main',
    'alembic upgrade head',
    `alembic downgrade ${BASE_REVISION}`,
    'alembic upgrade head',
    'deploy staging v1.2.3',
    'deploy staging main',
  ]);
  expect(operations(production).map(({ operation }) => operation)).toEqual([
    'maintenance_mode enable production',
    'deploy production main',
    'alembic upgrade head',
    'maintenance_mode disable production',
  ]);
  expect(await stateOf(staging)).toMatchObject({ version: 'main', revision: NEW_REVISION });
  expect(await stateOf(production)).toMatchObject({ version: 'main', maintenance: false, revision: NEW_REVISION });
}, 600_000);

async function isWaitedFor(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query(
    "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'intervention_plans'::regclass",
  );
  return rows.length > 0;
}
