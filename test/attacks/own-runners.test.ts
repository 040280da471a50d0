/** Workers for one environment each, as they are shipped, and somebody with a worker of their own at the same server. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runnerQueue } from '../../src/contract/names.js';
import type { EnvironmentName } from '../../src/contract/plan/environment.js';
import { projectFolder } from '../../src/local/folders.js';
import { commandWith, environmentWith, eventually } from '../activities/support.js';
import { workflowServer } from '../helpers/workflow-server.js';

const temporal = workflowServer();
const SECRETS = { staging: 'of-staging-only', production: 'of-production-only' };

interface Started {
  queue: string;
  process: ReturnType<typeof spawn>;
}
const started: Started[] = [];
let staging: Started;
let production: Started;

/** @param environment the only one that it serves, with its secrets; without one it does everything */
async function startWorker(environment?: EnvironmentName): Promise<Started> {
  const state = join(temporal.folder, environment ?? 'all');
  const main = join(projectFolder(), 'dist', 'src', 'client', 'main.js');
  const only = environment ? ['--environment', environment] : [];
  const { PATH, HOME } = process.env;
  const worker = spawn(process.execPath, [main, 'worker', '--state', state, ...only], {
    env: { PATH, HOME, TEMPORAL_ADDRESS: temporal.address, ...(environment ? { PASSWORD: SECRETS[environment] } : {}) },
    stdio: 'ignore',
  });
  const identity = await eventually(
    'it has an identity',
    () => {
      const file = join(state, 'runner.json');
      return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { identity?: string }).identity : undefined;
    },
    60_000,
  );
  const one = { queue: runnerQueue(identity), process: worker };
  started.push(one);
  return one;
}

beforeAll(async () => {
  // What carries deployments out makes its build current, and that one is served on the others' queues.
  await startWorker();
  [staging, production] = await Promise.all([startWorker('staging'), startWorker('production')]);
  await temporal.work({
    taskQueue: 'attacker',
    workflowsPath: fileURLToPath(new URL('./signed.ts', import.meta.url)),
  });
}, 180_000);
afterAll(async () => {
  for (const { process: worker } of started) {
    worker.kill('SIGKILL');
    if (worker.exitCode === null && worker.signalCode === null) await once(worker, 'exit');
  }
});

let count = 0;

/** Asked of a runner by raw activities, in a workflow of the attacker's. */
const ask = (runner: Started, ...forgeries: { activity: string; input: object }[]): Promise<string[]> =>
  temporal.client.workflow.execute('ForgingWorkflow', {
    taskQueue: 'attacker',
    workflowId: `forging-${++count}`,
    args: [runner.queue, forgeries],
  });

function deploy(name: EnvironmentName, script: string) {
  const deployment = `shop-20261127-0000${String(++count).padStart(2, '0')}-ab12`;
  const key = { deployment, step: `${name}.deploy`, generation: 1 };
  const evidence = { store: join(temporal.folder, 'evidence'), deployment, secrets: [] };
  const environment = environmentWith({ name, database: undefined, login: undefined, application: undefined });
  const input = { key, evidence, environment, command: commandWith(['sh', '-c', script]), values: {} };
  return { activity: 'runCommand', input };
}

const done = (name: string) => join(temporal.folder, name);

test('what is about production is done by its runner, and refused by staging’s, whoever has sent it there', async () => {
  const forged = deploy('production', `touch ${done('by-staging')}`);
  const { key, evidence, environment } = forged.input;
  const look = { activity: 'checkPath', input: { key, evidence, environment, path: '/' } };
  const sample = { monitor: 'm', evidence, at: Date.now(), since: {}, clock: 'real', metrics: [], baselines: {} };
  const refused = 'Not begun: the worker of this runner serves staging only, and this is about production';
  expect(
    await ask(staging, forged, look, { activity: 'sampleMetrics', input: { ...sample, environment: 'production' } }),
  ).toEqual([refused, refused, refused]);
  expect(existsSync(done('by-staging'))).toBe(false);

  expect(await ask(production, deploy('production', `touch ${done('by-production')}`))).toEqual(['done']);
  expect(existsSync(done('by-production'))).toBe(true);
}, 120_000);

test('what names no environment is refused by either, as it could be about another', async () => {
  const { key, evidence, command, values } = deploy('staging', `touch ${done('of-none')}`).input;
  const [told] = await ask(staging, { activity: 'runCommand', input: { key, evidence, command, values } });
  expect(told).toContain('this is about no environment');
  expect(existsSync(done('of-none'))).toBe(false);
}, 120_000);

test('a script of staging finds production’s secrets neither with itself nor with its worker', async () => {
  const seen = done('seen-by-staging');
  const script = `{ env; tr '\\0' '\\n' < /proc/${staging.process.pid}/environ; } > ${seen}`;
  expect(await ask(staging, deploy('staging', script))).toEqual(['done']);
  const text = readFileSync(seen, 'utf8');
  expect(text).toContain('PATH=');
  expect(text).not.toContain(SECRETS.production);
}, 120_000);

test('a worker for one environment takes no work that all share', async () => {
  for (const { queue } of [staging, production]) expect(queue).toMatch(/^surefoot@[0-9a-f]{16}$/);
  const { pollers } = await temporal.client.workflowService.describeTaskQueue({
    namespace: 'default',
    taskQueue: { name: 'surefoot' },
    taskQueueType: 1,
  });
  const all = started.slice(1).map(({ process: { pid } }) => `${pid}@`);
  expect((pollers ?? []).length).toBeGreaterThan(0);
  expect((pollers ?? []).filter(({ identity }) => all.some((one) => identity?.startsWith(one)))).toEqual([]);
}, 120_000);
