import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, onTestFinished, test } from 'vitest';
import { choosePorts } from '../../src/local/ports.js';
import { startTemporalServer } from '../../src/local/temporal.js';
import { virtualTimeInterceptors } from '../../src/local/time-skipping.js';
import { scratchFolder } from './scratch-folders.js';

const DAY = 24 * 3600 * 1000;

async function startServer(virtualTime: boolean) {
  const folder = await scratchFolder();
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  const server = await startTemporalServer({
    folder,
    ports,
    virtualTime,
    searchAttributes: { SurefootPhase: 'Keyword' },
  });
  onTestFinished(() => server.stop());
  const connection = await Connection.connect({ address: server.address, interceptors: virtualTimeInterceptors() });
  onTestFinished(() => connection.close());
  return { server, client: new Client({ connection }) };
}

test('a day of sleep with an activity at its end takes seconds, and the workflow sees the day pass', async () => {
  const { server, client } = await startServer(true);
  const connection = await NativeConnection.connect({ address: server.address });
  const worker = await Worker.create({
    connection,
    taskQueue: 'ticking',
    workflowsPath: fileURLToPath(new URL('./workflows/ticking.ts', import.meta.url)),
    activities: { note: async (tick: number) => tick },
  });
  const began = Date.now();
  const passed = await worker.runUntil(
    client.workflow.execute('ticking', { taskQueue: 'ticking', workflowId: 'a-day', args: [1, DAY] }),
  );
  await connection.close();
  expect(passed).toBeGreaterThanOrEqual(DAY);
  expect(Date.now() - began).toBeLessThan(20_000);
}, 90_000);

test('a call whose connection the server ends is made again: a long rehearsal outlives each of them', async () => {
  const { server, client } = await startServer(true);
  const sockets = new Set<Socket>();
  const between = createServer((near) => {
    const far = connect(Number(server.address.split(':')[1]), '127.0.0.1');
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) sockets.add(socket.on('error', () => {}));
  });
  await new Promise<void>((listening) => between.listen(0, '127.0.0.1', listening));
  onTestFinished(() => void between.close());
  const { port } = between.address() as AddressInfo;
  const connection = await Connection.connect({
    address: `127.0.0.1:${port}`,
    interceptors: virtualTimeInterceptors(),
  });
  onTestFinished(() => connection.close());
  const workflow = { taskQueue: 'nobody', workflowId: 'waited-for', args: [1, DAY] };
  const handle = await new Client({ connection }).workflow.start('ticking', workflow);
  const ended = expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
  // The call is under way once the server has been sent something after the start.
  await handle.describe();
  for (const socket of sockets) socket.destroy();
  await client.workflow.getHandle('waited-for').terminate('seen');
  await ended;
}, 60_000);

test('a connection that is closed while a call waits to be made again fails that call, and not the process', async () => {
  const { client } = await startServer(true);
  const nobody = await choosePorts(await scratchFolder(), ['grpc']);
  const connection = Connection.lazy({
    address: `127.0.0.1:${nobody.grpc}`,
    interceptors: virtualTimeInterceptors(),
  });
  const failed = expect(connection.workflowService.getSystemInfo({})).rejects.toBeInstanceOf(Error);
  // Refused at once, and tried again after a tenth of a second.
  await new Promise((passed) => setTimeout(passed, 50));
  await connection.close();
  await failed;
  await client.connection.workflowService.getSystemInfo({});
}, 60_000);

test('a server that was not asked for virtual time refuses it', async () => {
  const { client } = await startServer(false);
  const start = client.workflow.start('ticking', { taskQueue: 'nobody', workflowId: 'refused', args: [1, DAY] });
  await expect(start).rejects.toMatchObject({
    cause: { details: expect.stringMatching(/Time-Skipping feature is not enabled/) },
  });
}, 60_000);

test('the search attributes are there, and the Web UI answers, as soon as the server is ready', async () => {
  const { server, client } = await startServer(false);
  const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
    namespace: server.namespace,
  });
  expect(Object.keys(customAttributes ?? {})).toContain('SurefootPhase');
  expect((await fetch(server.uiUrl)).status).toBe(200);
}, 60_000);

test('a Temporal server that cannot start says why, with the end of its log', async () => {
  const folder = await scratchFolder();
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  await writeFile(join(folder, 'damaged.db'), 'this is no database'.repeat(1000));
  const start = startTemporalServer({ folder, ports, virtualTime: false, databaseFile: join(folder, 'damaged.db') });
  await expect(start).rejects.toMatchObject({
    code: 'temporal-start-failed',
    message: expect.stringContaining('file is not a database'),
    hint: expect.stringContaining('--reset'),
  });
}, 60_000);

test('another server on the port is not taken for ours', async () => {
  const folder = await scratchFolder();
  const { server } = await startServer(false);
  const { ui } = await choosePorts(folder, ['ui']);
  const grpc = Number(server.address.split(':')[1]);
  const start = startTemporalServer({ folder, ports: { grpc, ui }, virtualTime: false });
  await expect(start).rejects.toMatchObject({
    code: 'temporal-start-failed',
    message: expect.stringContaining('in use'),
  });
}, 60_000);

test('after a kill and a start on the same file workflows are still there, and new search attributes too', async () => {
  const folder = await scratchFolder();
  const ports = await choosePorts(folder, ['grpc', 'ui']);
  const options = {
    folder,
    ports,
    virtualTime: true,
    databaseFile: join(folder, 'temporal.db'),
    searchAttributes: { SurefootPhase: 'Keyword' },
  } as const;
  const first = await startTemporalServer(options);
  onTestFinished(() => first.stop());
  const connection = await Connection.connect({ address: first.address });
  onTestFinished(() => connection.close());
  await new Client({ connection }).workflow.start('ticking', {
    taskQueue: 'nobody',
    workflowId: 'kept',
    args: [1, DAY],
  });
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  const more = { ...options.searchAttributes, SurefootVerdict: 'Keyword', SurefootTicks: 'Int' } as const;
  const second = await startTemporalServer({ ...options, searchAttributes: more });
  onTestFinished(() => second.stop());
  const again = await Connection.connect({ address: second.address });
  onTestFinished(() => again.close());
  const { customAttributes } = await again.operatorService.listSearchAttributes({ namespace: second.namespace });
  expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(more)));
  expect((await new Client({ connection: again }).workflow.getHandle('kept').describe()).status.name).toBe('RUNNING');
}, 90_000);
