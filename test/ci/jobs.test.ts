/** Jobs of pipelines: the scripts of `ci/`, run as their runners do, with the real command line and a real Temporal. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { deployWorkflowId, TASK_QUEUE } from '../../src/contract/names.js';
import type { Ledger } from '../../src/domain/ledger/ledger.js';
import { ledgerWith } from '../client/ledgers.js';
import { standIns } from '../helpers/stand-ins.js';
import { workflowServer } from '../helpers/workflow-server.js';
import { SHIPPED } from '../plan/plan-files.js';
import { TEMPLATES, type Template } from './templates.js';

const temporal = workflowServer();
const deployments = standIns(temporal, { queue: TASK_QUEUE });
const SERVICE = 'eduautismo';

/** As after its retention: one that was ended from outside would be in the way of the next. */
afterEach(async () => {
  const handle = temporal.client.workflow.getHandle(deployWorkflowId(SERVICE));
  const last = await handle.describe().catch(() => undefined);
  if (!last) return;
  const { workflowId, runId } = last;
  const { workflowService } = temporal.client.connection;
  const namespace = 'default';
  await workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId, runId } });
  const listed = () => workflowService.listWorkflowExecutions({ namespace, query: `RunId = '${runId}'` });
  await vi.waitUntil(async () => (await listed()).executions?.length === 0, { timeout: 20_000, interval: 100 });
});

let count = 0;

/** Runs a template's script as its runner does, with the real command line. */
async function runs(kind: string, said: Record<string, string>, address = temporal.address) {
  const { variables, script, output } = TEMPLATES[kind] as Template;
  const folder = join(temporal.folder, `job-${++count}`);
  mkdirSync(folder);
  const empty = Object.fromEntries(Object.keys(variables).map((name) => [name, '']));
  const env = {
    ...process.env,
    ...empty,
    SUREFOOT: `node ${resolve('dist/src/client/main.js')}`,
    SUREFOOT_PLAN: resolve(SHIPPED),
    SUREFOOT_AS: 'ana.souza',
    ...said,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_CONFIG_FILE: join(folder, 'none.toml'),
    RUNNER_TEMP: folder,
    GITHUB_OUTPUT: join(folder, 'github-output'),
  };
  const shell = kind === 'github' ? ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script] : ['-e', '-c', script];
  return new Promise<{ code: number; err: string; deployment: string | undefined; output: string }>((done) => {
    execFile(kind === 'github' ? 'bash' : 'sh', shell, { cwd: folder, env }, (error, _, err) => {
      const text = readFileSync(join(folder, output.file), 'utf8');
      const deployment = new RegExp(`^${output.name}=(.*)$`, 'm').exec(text)?.[1];
      done({ code: error ? Number(error.code) : 0, err, deployment, output: text });
    });
  });
}

const of = (parts: Partial<Ledger> = {}): Ledger =>
  ledgerWith({ service: SERVICE, deployment: `${SERVICE}-20251124-120000-ab12`, ...parts });

describe.each(['github', 'gitlab'])('a job of %s', (kind) => {
  test('starts a deployment and comes back with its ID', async () => {
    deployments.say(of());
    const { code, err, deployment } = await runs(kind, {});
    expect({ code, err }).toMatchObject({ code: 0 });
    const { memo } = await temporal.client.workflow.getHandle(deployWorkflowId(SERVICE)).describe();
    expect(deployment).toBe(memo?.deployment);
  }, 60_000);

  test('comes back at the sign-offs, where it is told to wait for them', async () => {
    deployments.say(of({ phase: 'approval' }));
    expect(await runs(kind, { SUREFOOT_UNTIL: 'sign-offs', SUREFOOT_TIMEOUT: '5m' })).toMatchObject({ code: 0 });
  }, 60_000);

  test('says that it is still on its way when its time is over', async () => {
    deployments.say(of({ phase: 'soak' }));
    const { code, deployment, output } = await runs(kind, { SUREFOOT_UNTIL: 'production', SUREFOOT_TIMEOUT: '2s' });
    expect(deployment).toMatch(/^eduautismo-/);
    // GitHub knows no exit codes that are none: there it is an output.
    expect(code).toBe(kind === 'github' ? 0 : 4);
    if (kind === 'github') expect(output).toContain('on-its-way=true\n');
  }, 60_000);

  test('fails with a deployment that ended badly, with a plan that is none, and where Temporal is not', async () => {
    deployments.say(of({ outcome: 'aborted', reason: 'so' }));
    expect(await runs(kind, { SUREFOOT_UNTIL: 'end' })).toMatchObject({ code: 1 });
    const hostile = '$(exit 9); none.yaml';
    expect(await runs(kind, { SUREFOOT_PLAN: hostile })).toMatchObject({ code: 2, deployment: '' });
    expect(await runs(kind, {}, '127.0.0.1:1')).toMatchObject({ code: 3, deployment: '' });
  }, 60_000);
});
