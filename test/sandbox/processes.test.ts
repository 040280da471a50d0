import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isAlive, processStart, startService, stopLeftovers, waitFor } from '../../src/local/processes.js';
import { scratchFolder } from './scratch-folders.js';

async function startSomething(args: string[] = ['-e', 'setInterval(() => {}, 1000)'], stopWithin = 3000) {
  const folder = await scratchFolder();
  const recordsFolder = join(folder, 'services');
  const logFile = join(folder, 'logs', 'something.log');
  const service = await startService({
    name: 'something',
    file: process.execPath,
    args,
    logFile,
    recordsFolder,
    stopWithin,
  });
  return { service, recordsFolder, logFile };
}

test('a service that a killed run left behind is found by its record and stopped', async () => {
  const { service, recordsFolder } = await startSomething();
  expect(await stopLeftovers(recordsFolder)).toEqual(['something']);
  expect(await processStart(service.pid)).toBeUndefined();
  expect(await readdir(recordsFolder)).toEqual([]);
});

test('a stranger that has got the pid of a recorded service is left alone', async () => {
  const stranger = spawn('sleep', ['60']);
  await once(stranger, 'spawn');
  // Start times are told apart to 10 ms, in which no pid comes round again.
  await delay(50);
  const { service, recordsFolder } = await startSomething();
  const file = join(recordsFolder, 'something.json');
  const record = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await service.stop();
  await writeFile(file, JSON.stringify({ ...record, pid: stranger.pid }));
  expect(await stopLeftovers(recordsFolder)).toEqual([]);
  expect(await processStart(stranger.pid as number)).toBeDefined();
  stranger.kill('SIGKILL');
});

test('a service that ignores SIGTERM is killed with its children', async () => {
  const script = `
    const child = require('node:child_process').spawn('sleep', ['60']);
    process.on('SIGTERM', () => {});
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const { service, logFile } = await startSomething(['-e', script], 200);
  const text = await waitFor('the pid is logged', async () => (await readFile(logFile, 'utf8')).trim(), {
    timeout: 10_000,
  });
  const child = { pid: Number(text), started: (await processStart(Number(text))) ?? '' };
  await service.stop();
  expect(await processStart(service.pid)).toBeUndefined();
  await waitFor('the child is gone', async () => !(await isAlive(child)), { timeout: 2000 });
});

test('stopping twice is fine', async () => {
  const { service } = await startSomething();
  await Promise.all([service.stop(), service.stop()]);
  await service.stop();
  expect(await service.exited).toEqual({ code: null, signal: 'SIGTERM' });
});

test('a program that does not exist is a clear failure', async () => {
  const folder = await scratchFolder();
  const start = startService({
    name: 'ghost',
    file: '/nowhere/ghost',
    args: [],
    logFile: join(folder, 'log'),
    recordsFolder: folder,
  });
  await expect(start).rejects.toMatchObject({
    code: 'service-died',
    message: expect.stringContaining('/nowhere/ghost'),
  });
});

test('waiting says what did not come true, and for how long', async () => {
  const waiting = waitFor('the moon is made of cheese', async () => false, { timeout: 100 });
  await expect(waiting).rejects.toMatchObject({
    code: 'timeout',
    message: 'the moon is made of cheese: not so after 0.1 s',
  });
});
