/** Each way back from a real production, chosen by people with the CLI, and read back without the workflow's word. */

import { chmodSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeBindings } from '../../sandbox/local/bindings.js';
import { connectionTo } from '../../sandbox/local/postgres.js';
import type { Sandbox } from '../../sandbox/local/sandbox.js';
import { createAdmissionActivities } from '../../src/activities/admission.js';
import { createHttpActivities } from '../../src/activities/application/endpoints.js';
import { createBackupActivities } from '../../src/activities/backup/backups.js';
import { createRestoreActivities } from '../../src/activities/backup/restore.js';
import { createCommandActivities } from '../../src/activities/commands.js';
import { createSampleActivities } from '../../src/activities/metrics/samples.js';
import { createPeopleActivities } from '../../src/activities/notify/people.js';
import { createDatabaseActivities } from '../../src/activities/postgres/databases.js';
import { createIndexActivities } from '../../src/activities/postgres/indexes.js';
import { createApprovalActivities } from '../../src/activities/review/approvals.js';
import { createVerificationActivities } from '../../src/activities/verification.js';
import { createWindowActivities } from '../../src/activities/windows.js';
import { MetricReaders } from '../../src/adapters/metrics/metric-sources.js';
import { resolveCommit } from '../../src/adapters/review/git.js';
import type { DeployResult } from '../../src/contract/deployment.js';
import { concernRaised } from '../../src/contract/messages.js';
import { deployWorkflowId, searchAttributes, TASK_QUEUE } from '../../src/contract/names.js';
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { SILENT_SINKS } from '../../src/contract/sinks.js';
import { readProduction } from '../../src/demo/production.js';
import type { Eligibility } from '../../src/domain/ledger/ledger.js';
import { newDeploymentId } from '../../src/plan/deployment-id.js';
import { loadWhole, type WholePlan } from '../helpers/whole-plan.js';
import {
  asks,
  BASE_REVISION,
  connectTo,
  ledgerWhen,
  NEW_REVISION,
  operationsOf,
  ownSandbox,
  resetTarget,
  SHIPPED_PLAN,
  stateOf,
  surefoot,
} from './support.js';

let sandbox: Sandbox;
let plan: WholePlan;
let client: Client;
const closers: (() => Promise<unknown>)[] = [];

const PROVEN: Eligibility = { migration: true, code: true, reasons: [], wentBackTo: BASE_REVISION };
const AS = ['--as', 'diego.alves', '--role', 'devops', '--why', 'customers report errors'];
const MINUTE = 60_000;

const cli = (...words: string[]) => surefoot(sandbox.home, ...words);
/** What the CLI accepts. */
async function decide(...words: string[]): Promise<void> {
  const said = await cli('rollback', ...words);
  expect(said, said.err).toMatchObject({ code: 0 });
}
const production = () => sandbox.target.environments.production;

beforeAll(async () => {
  sandbox = await ownSandbox({ virtualTime: false });
  closers.push(() => sandbox.stop());
  process.env.SUREFOOT_PG_BIN = dirname(sandbox.postgres.binaries.pgDump);
  const resolved = loadWhole(SHIPPED_PLAN, { bindings: await writeBindings(sandbox) });
  const [first] = resolved.watches;
  if (!first) throw new Error('the shipped plan watches nothing');
  // One watch that lasts until people have spoken, with the criteria that people are asked about.
  const { criteria, metrics } = resolved.watches.at(-1) ?? first;
  const asked = criteria.filter(({ tier }) => tier === 'consider');
  plan = {
    ...resolved,
    watches: [{ ...first, duration: 60 * MINUTE, tick: 1_000, metrics, criteria: asked, trends: [] }],
    // What is signed off has tests of its own.
    approvals: { ...resolved.approvals, roles: [] },
    notifications: { ...resolved.notifications, channels: [], events: {} },
  };
  const { address } = sandbox.temporal;
  client = new Client({ connection: await Connection.connect({ address }) });
  closers.push(() => client.connection.close());
  const connection = await NativeConnection.connect({ address });
  closers.push(() => connection.close());
  const readers = new MetricReaders();
  closers.push(() => readers.close());
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    workflowsPath: fileURLToPath(new URL('../workflows/from-production.ts', import.meta.url)),
    sinks: SILENT_SINKS,
    activities: {
      ...createAdmissionActivities({ runner: TASK_QUEUE, allowVirtualTime: false }),
      ...createApprovalActivities(),
      ...createBackupActivities({ state: join(sandbox.home, 'worker') }),
      ...createCommandActivities({ state: join(sandbox.home, 'worker') }),
      ...createDatabaseActivities(),
      ...createHttpActivities(),
      ...createIndexActivities(),
      ...createSampleActivities(readers),
      ...createPeopleActivities(),
      ...createRestoreActivities({ state: join(sandbox.home, 'worker') }),
      ...createVerificationActivities(),
      ...createWindowActivities(),
    },
  });
  const working = worker.run();
  closers.push(async () => {
    worker.shutdown();
    await working;
  });
}, 300_000);

afterAll(async () => {
  while (closers.length > 0) await closers.pop()?.();
}, 60_000);

/** Deploys to a production that is as the checklist finds it. */
async function deploy(changes: Partial<ResolvedPlan> = {}, eligibility = PROVEN): Promise<WorkflowHandle> {
  if (operationsOf(production()).length > 0) await resetTarget(sandbox);
  const deployment = newDeploymentId(plan.service);
  return client.workflow.start('DeployWorkflow', {
    taskQueue: TASK_QUEUE,
    workflowId: deployWorkflowId(plan.service),
    // One that a test before has left.
    workflowIdConflictPolicy: 'TERMINATE_EXISTING',
    memo: { deployment },
    typedSearchAttributes: [
      { key: searchAttributes.service, value: plan.service },
      { key: searchAttributes.deployment, value: deployment },
    ],
    args: [
      {
        deployment,
        plan: { ...plan, ...changes },
        digest: '0'.repeat(64),
        startedBy: 'ana.souza',
        clock: 'real',
        eligibility,
        commit: await commitOf(plan.release),
      },
    ],
  });
}

async function commitOf({ repository, target }: { repository: string; target: string }): Promise<string | undefined> {
  const found = await resolveCommit({ folder: repository }, target);
  return 'commit' in found ? found.commit : undefined;
}

async function watched(): Promise<WorkflowHandle> {
  const handle = await deploy();
  await ledgerWhen(handle, 'production is watched', ({ monitors }) => monitors.length > 0);
  return handle;
}

/** A deploy that fails after production has changed, by itself: it asks too much of the first smoke check. */
const failing = (overrideWithin: number): Partial<ResolvedPlan> => ({
  smoke: plan.smoke.map((check, position) => (position === 0 ? { ...check, status: 418 } : check)),
  rollback: { ...plan.rollback, overrideWithin },
});

async function rolledBack(handle: WorkflowHandle): Promise<DeployResult> {
  const result = (await handle.result()) as DeployResult;
  expect(result, result.reason).toMatchObject({ outcome: 'rolled-back', rollback: { succeeded: true } });
  const { took = 0, estimate = 0, option } = result.rollback ?? {};
  expect(took, `${option} took ${took} ms`).toBeGreaterThan(0);
  // A restore's estimate is the time of the trial, without what is done around it.
  if (option !== 'restore') expect(took).toBeLessThan(estimate);
  return result;
}

/** What production itself says. */
async function reality() {
  const { version, maintenance, revision } = await stateOf(production());
  const { indexes } = await readProduction(
    production(),
    plan.indexes.expected.map(({ name }) => name),
  );
  return { version, maintenance, revision, indexes: indexes.length };
}

const plansIn = async (database = production().database.name): Promise<number> => {
  const administrator = new pg.Client(await connectionTo(sandbox.postgres, database));
  await administrator.connect();
  try {
    const { rows } = await administrator.query('select count(*)::int as plans from intervention_plans');
    return rows[0].plans;
  } finally {
    await administrator.end();
  }
};

describe('a person’s rollback while production is watched', () => {
  test('of the migration leaves the new code on the old schema, within the estimate', async () => {
    const handle = await watched();
    await decide(...AS, '--option', 'migration');
    const { rollback } = await rolledBack(handle);
    expect(rollback).toMatchObject({ option: 'migration', estimate: 5 * MINUTE });
    expect(await reality()).toEqual({ version: 'main', maintenance: false, revision: BASE_REVISION, indexes: 0 });
  }, 120_000);

  test('that answers a concern without an option is the one that the plan has for it: the code', async () => {
    const handle = await watched();
    await handle.signal(concernRaised, {
      monitor: 'the test',
      criterion: 'alert-cpu',
      title: 'Alerta de CPU > 85%',
      text: '91 %',
      at: 0,
      until: 0,
      otherwise: 'continue',
    });
    await ledgerWhen(handle, 'the concern is put to people', asks('alert-cpu'));
    await decide('alert-cpu', ...AS);
    const { rollback } = await rolledBack(handle);
    expect(rollback).toMatchObject({ option: 'code', estimate: 10 * MINUTE });
    expect(rollback?.reasons).toContain('the plan says code for this criterion');
    expect(await reality()).toEqual({ version: 'v1.2.3', maintenance: false, revision: NEW_REVISION, indexes: 4 });
  }, 120_000);

  test('of both, where the downgrade fails, keeps users out and asks; the backup brings production back', async () => {
    const handle = await watched();
    const before = await plansIn();
    const session = await connectTo(production());
    await session.query('delete from intervention_plans where id in (select id from intervention_plans limit 7)');
    // The downgrade waits for this one in vain.
    await session.query('begin; lock table intervention_plans in share update exclusive mode');

    const early = await cli('rollback', ...AS, '--option', 'restore');
    expect(early).toMatchObject({ code: 2, err: expect.stringContaining('only when a rollback has failed') });
    await decide(...AS, '--option', 'full');
    const asking = await ledgerWhen(handle, 'the rollback has failed', asks('rollback'));
    expect(asking.rollback).toMatchObject({ option: 'full', succeeded: false });
    expect(asking.questions).toMatchObject([
      {
        title: 'The full rollback failed',
        text: expect.stringMatching(
          /^Downgrade the database: .*\. Ways back: migration \(up to 5 min\), code \(up to 10 min\), full \(up to 15 min\), restore \(the backup from before the deploy: .+ on trial; what is there now is kept beside it\)$/s,
        ),
        moves: ['retry', 'rollback', 'skip'],
      },
    ]);
    expect(await stateOf(production())).toMatchObject({ maintenance: true, version: 'main', revision: NEW_REVISION });
    const status = await cli('status');
    expect(status.out).toContain('restore (the backup from before the deploy');

    await decide('rollback', ...AS, '--option', 'restore');
    const result = await rolledBack(handle);
    expect(result.rollback).toMatchObject({ option: 'restore', estimate: result.production.restoreEstimate });
    expect(result.earlierRollbacks).toMatchObject([{ option: 'full', succeeded: false }]);
    const [restore] = result.rollback?.steps ?? [];
    expect(restore?.facts.map(({ name, ok }) => [name, ok])).toEqual([
      ['fetched', true],
      ['restored', true],
      ['in-place', true],
    ]);
    expect(await reality()).toEqual({ version: 'v1.2.3', maintenance: false, revision: BASE_REVISION, indexes: 0 });
    expect(await plansIn()).toBe(before);
    const kept = /the one before it is (\w+)/.exec(restore?.facts[2]?.text ?? '')?.[1] ?? '';
    expect(await plansIn(kept)).toBe(before - 7);
    await session.end().catch(() => {});
  }, 120_000);
});

describe('a rollback that nobody asked for', () => {
  test('waits for the time that people have to choose another option, and is theirs then', async () => {
    const handle = await deploy(failing(5 * MINUTE));
    const asking = await ledgerWhen(handle, 'people may choose', asks('rollback'));
    expect(asking.questions).toMatchObject([
      {
        kind: 'rollback-choice',
        title: 'Rolling back (full) in 5 min unless somebody chooses otherwise',
        text: expect.stringContaining('Options: migration (up to 5 min), code (up to 10 min), full (up to 15 min)'),
      },
    ]);
    expect(operationsOf(production())).not.toContain('deploy production v1.2.3');
    const restore = await cli('rollback', 'rollback', ...AS, '--option', 'restore');
    expect(restore).toMatchObject({ code: 2, err: expect.stringContaining('only when a rollback has failed') });
    await decide('rollback', ...AS, '--option', 'code');
    const { rollback } = await rolledBack(handle);
    expect(rollback).toMatchObject({ option: 'code', trigger: { kind: 'step' } });
    expect(rollback?.reasons).toContain('diego.alves as devops chose code instead: customers report errors');
    expect(await reality()).toEqual({ version: 'v1.2.3', maintenance: false, revision: NEW_REVISION, indexes: 4 });
  }, 120_000);

  test('is left to people where none is proven to be safe, who have to say which: both go back', async () => {
    const unproven = { migration: false, code: false, reasons: ['the downgrade raised NotImplementedError'] };
    const handle = await deploy(failing(0), unproven);
    const asking = await ledgerWhen(handle, 'people are asked', asks('rollback'));
    expect(asking.questions).toMatchObject([
      {
        title: 'No rollback is proven to be safe: which one?',
        text: expect.stringMatching(/cannot be undone .*NotImplementedError.* Ways back: .*restore \(the backup/s),
      },
    ]);
    expect(asking.rollback).toBeUndefined();
    expect(await cli('rollback', 'rollback', ...AS)).toMatchObject({
      code: 2,
      err: expect.stringContaining('say which one: option migration, code, full, restore'),
    });
    expect(await cli('rollback', 'rollback', ...AS, '--option', 'full')).toMatchObject({
      code: 2,
      err: expect.stringContaining('the proof on staging went back to an unknown revision'),
    });
    await decide('rollback', ...AS, '--option', 'full', '--revision', BASE_REVISION);
    const { rollback } = await rolledBack(handle);
    expect(rollback).toMatchObject({ option: 'full', estimate: 15 * MINUTE });
    expect(await reality()).toEqual({ version: 'v1.2.3', maintenance: false, revision: BASE_REVISION, indexes: 0 });
  }, 120_000);
});

/** A `current` in whose pipe the exit code is lost: refused by the database, it prints nothing and ends well. */
function silentOnce(call: number): ResolvedPlan['migration'] {
  const script = join(sandbox.home, `current-${call}.sh`);
  const count = `${script}.calls`;
  writeFileSync(
    script,
    `#!/bin/sh
echo >> '${count}'
[ "$(wc -l < '${count}')" = ${call} ] && { (echo 'FATAL: sorry, too many clients already' >&2; false) | tail -n 1; exit 0; }
alembic current 2>/dev/null | tail -n 1
`,
  );
  chmodSync(script, 0o755);
  return { ...plan.migration, current: { ...plan.migration.current, run: [script] } };
}

describe('a `current` that says nothing', () => {
  test('before the deploy stops it and asks; gone on with all the same, a breach downgrades nothing unasked', async () => {
    const handle = await deploy({ ...failing(0), migration: silentOnce(1) });
    const before = await ledgerWhen(handle, 'people are asked', asks('production.before'));
    expect(before.questions[0]?.text).toMatch(
      /revision of production's database is not known: .*it printed nothing, and alembic_version holds 8c1f0a2d4b6e/s,
    );
    expect(before.production).toMatchObject({ codeDeployed: false, migrated: false, found: { version: 'v1.2.3' } });
    expect(operationsOf(production())).toEqual([]);
    expect(await cli('skip', 'production.before', ...AS)).toMatchObject({ code: 0 });

    const asking = await ledgerWhen(handle, 'the rollback is left to people', asks('rollback'));
    expect(asking.questions[0]?.text).toContain('production was found at an unknown revision');
    expect(asking.rollback).toBeUndefined();
    expect(operationsOf(production()).join()).not.toContain('alembic downgrade');
    expect(await stateOf(production())).toMatchObject({ revision: NEW_REVISION });
    expect(await plansIn()).toBeGreaterThan(0);
    for (const words of [[], ['--revision', 'base']]) {
      expect(await cli('rollback', 'rollback', ...AS, '--option', 'full', ...words)).toMatchObject({ code: 2 });
    }
    await decide('rollback', ...AS, '--option', 'full', '--revision', BASE_REVISION);
    await rolledBack(handle);
    expect(await reality()).toEqual({ version: 'v1.2.3', maintenance: false, revision: BASE_REVISION, indexes: 0 });
  }, 120_000);

  test('at the rollback itself runs nothing, keeps users out and asks; tried again, it goes back', async () => {
    // Before the deploy, before and after the migration, and then right before the downgrade: the choice asks the database.
    const handle = await deploy({ ...failing(0), migration: silentOnce(4) });
    const asking = await ledgerWhen(handle, 'the rollback has failed', asks('rollback'));
    expect(asking.questions[0]?.text).toContain('nothing was run');
    expect(operationsOf(production()).join()).not.toContain('alembic downgrade');
    expect(await cli('retry', 'rollback', ...AS)).toMatchObject({ code: 0 });
    await rolledBack(handle);
    expect(await reality()).toEqual({ version: 'v1.2.3', maintenance: false, revision: BASE_REVISION, indexes: 0 });
  }, 120_000);
});

test('a rollback brings back the release that ran, whatever the plan calls the one before', async () => {
  const stale = { ...plan.release, previous: 'v1.0.0' };
  const handle = await deploy({ ...failing(0), release: stale });
  const { questions } = await ledgerWhen(handle, 'people are asked', asks('production.before'));
  expect(questions[0]?.text).toContain('production runs v1.2.3, not v1.0.0 that a rollback would go back to');
  expect(await cli('skip', 'production.before', ...AS)).toMatchObject({ code: 0 });
  await rolledBack(handle);
  expect(operationsOf(production())).toContain('deploy production v1.2.3');
  expect(await reality()).toEqual({ version: 'v1.2.3', maintenance: false, revision: BASE_REVISION, indexes: 0 });
}, 120_000);
