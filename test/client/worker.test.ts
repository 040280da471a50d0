import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { expect, onTestFinished, test } from 'vitest';
import type { DeployInput } from '../../src/contract/deployment.js';
import { decisionSignals } from '../../src/contract/messages.js';
import { runnerQueue, SEARCH_ATTRIBUTES, TASK_QUEUE } from '../../src/contract/names.js';
import { projectFolder } from '../../src/local/folders.js';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer } from '../../src/local/temporal.js';
import { digestOf } from '../../src/plan/core/digest.js';
import { loadPlan } from '../../src/plan/load.js';
import { queueServices } from '../../src/temporal/queue-service.js';
import { watchdogIsAlone, watchdogService } from '../../src/temporal/watchdog-service.js';
import { eventually, temporaryFolder } from '../activities/support.js';

const MAIN = join(projectFolder(), 'dist', 'src', 'client', 'main.js');

const startWorker = (address: string, state: string, ...options: string[]) =>
  start(address, '--state', state, ...options);

function start(address: string, ...options: string[]) {
  const child = spawn(process.execPath, [MAIN, 'worker', ...options], {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.on('data', (text) => {
    said += text;
  });
  return { child, ended: once(child, 'exit'), said: () => said };
}

test('a worker serves the queue of the identity in its state folder, and the older name that its records are known by', async () => {
  const folder = temporaryFolder();
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  const server = await startTemporalServer({ folder, ports, virtualTime: false });
  onTestFinished(() => server.stop());
  const connection = await Connection.connect({ address: server.address });
  onTestFinished(() => connection.close());
  const connected = { client: new Client({ connection }), connection, address: server.address, namespace: 'default' };

  const state = join(folder, 'state');
  mkdirSync(join(state, 'steps', 'shop-1'), { recursive: true });
  expect((await queueServices(connected)).map((service) => service.state)).toEqual(['nobody']);
  const worker = startWorker(server.address, state);
  const identity = await eventually(
    'it has an identity',
    () => {
      try {
        return (JSON.parse(readFileSync(join(state, 'runner.json'), 'utf8')) as { identity: string }).identity;
      } catch {
        return undefined;
      }
    },
    60_000,
  );
  const former = `${TASK_QUEUE}@${hostname()}-${createHash('sha256').update(state).digest('hex').slice(0, 8)}`;
  for (const queue of [runnerQueue(identity), former]) {
    await eventually(
      `${queue} is served`,
      async () => (await queueServices(connected, [queue])).every((service) => service.state === 'served'),
      60_000,
    );
  }
  // It looks at deployments as well: who asks hears that nobody would miss it.
  await eventually(
    'the watchdog has looked',
    async () => (await watchdogService(connected)).state === 'looks' || undefined,
    60_000,
  );
  expect(await watchdogIsAlone(connected)).toBe(true);
  // A terminal that goes away ends it in order.
  worker.child.kill('SIGHUP');
  expect(await worker.ended).toEqual([0, null]);

  writeFileSync(join(state, 'runner.json'), '');
  const spoiled = startWorker(server.address, state);
  expect(await spoiled.ended).toEqual([2, null]);
  expect(spoiled.said()).toContain('runner.json is empty: which runner this is, is not known');
}, 240_000);

test('a worker sends a collector the trace of each deployment that it carries out, and leads people to its console', async () => {
  const folder = temporaryFolder();
  const server = await startTemporalServer({
    folder,
    ports: await choosePorts(folder, ['grpc', 'ui']),
    virtualTime: false,
    searchAttributes: SEARCH_ATTRIBUTES,
  });
  onTestFinished(() => server.stop());
  const connection = await Connection.connect({ address: server.address });
  onTestFinished(() => connection.close());
  let sent = '';
  const collector = createServer(async (request, response) => {
    for await (const chunk of request) sent += chunk;
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  onTestFinished(() => void collector.close());
  const { port } = collector.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const console = 'https://surefoot.example.com/console';
  const options = ['--traces', `${url}/v1/traces`, '--console', `${console}/`];
  const worker = startWorker(server.address, join(folder, 'state'), ...options);

  const { resolved } = loadPlan(join(projectFolder(), 'plans', 'minimal.yaml'));
  const plan = { ...resolved, evidence: join(folder, 'evidence') };
  const input: DeployInput = {
    deployment: 'shop-20261127-101500-0a1b',
    plan,
    digest: 'another',
    startedBy: 'ana',
    clock: 'real',
  };
  const { workflow } = new Client({ connection });
  const result = await workflow.execute('DeployWorkflow', {
    workflowId: 'surefoot/shop/production',
    taskQueue: TASK_QUEUE,
    args: [input],
  });
  expect(result).toMatchObject({ outcome: 'aborted' });

  const channels = [{ id: 'hook', kind: 'webhook', url }];
  const reminders = { after: 1_000, every: 3_600_000 };
  const telling = {
    ...plan,
    notifications: { ...plan.notifications, channels, events: { held: ['hook'] }, reminders },
  };
  const held = await workflow.signalWithStart('DeployWorkflow', {
    workflowId: 'surefoot/shop/production',
    taskQueue: TASK_QUEUE,
    args: [{ ...input, plan: telling, digest: digestOf(telling) }],
    signal: decisionSignals.hold,
    signalArgs: [{ who: 'ana', role: 'operator', why: 'an incident elsewhere' }],
  });
  const page = `"page":"${console}/deployments/${input.deployment}/decide"`;
  await eventually('people are reminded', () => sent.includes(page) || undefined, 60_000);
  await held.terminate();
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toEqual([0, null]);
  expect(sent).toMatch(/"name":"admit".*"name":"deployment"/);
}, 240_000);

test('a watchdog needs no state folder, carries nothing out, makes its schedule and looks, is healthy, and ends in order', async () => {
  const folder = temporaryFolder();
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  const server = await startTemporalServer({ folder, ports, virtualTime: false });
  onTestFinished(() => server.stop());
  const { address } = server;
  const connection = await Connection.connect({ address });
  onTestFinished(() => connection.close());
  const connected = { client: new Client({ connection }), connection, address, namespace: 'default' };
  expect((await watchdogService(connected)).state).toBe('absent');

  const watchdog = start(address, '--watchdog');
  await eventually(
    'the watchdog has looked',
    async () => (await watchdogService(connected)).state === 'looks' || undefined,
    60_000,
  );
  expect((await queueServices(connected)).map((service) => service.state)).toEqual(['nobody']);
  expect(await watchdogIsAlone(connected)).toBe(false);
  const health = spawn(process.execPath, [join(projectFolder(), 'docker', 'worker-health.js'), '--watchdog'], {
    env: { ...process.env, TEMPORAL_ADDRESS: address },
    stdio: 'inherit',
  });
  expect(await once(health, 'exit')).toEqual([0, null]);
  watchdog.child.kill('SIGTERM');
  expect(await watchdog.ended).toEqual([0, null]);

  const both = start(address, '--watchdog', '--state', folder);
  expect(await both.ended).toEqual([2, null]);
  expect(both.said()).toContain("option '--watchdog' cannot be used with option '--state <DIR>'");
}, 240_000);
