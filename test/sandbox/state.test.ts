import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { acquireLock } from '../../sandbox/local/lock.js';
import { openState, resetState } from '../../sandbox/local/state.js';
import { processStart } from '../../src/local/processes.js';
import { scratchFolder } from './scratch-folders.js';

test('a second start in the same folder is refused, and says who holds it and what to do', async () => {
  const folder = await scratchFolder();
  const state = await openState(folder);
  await writeFile(state.descriptionFile, JSON.stringify({ temporal: { uiUrl: 'http://127.0.0.1:8233' } }));
  await expect(openState(folder)).rejects.toMatchObject({
    code: 'sandbox-in-use',
    message: expect.stringMatching(new RegExp(`process ${process.pid} since 2.*http://127.0.0.1:8233`)),
    hint: expect.stringContaining('SUREFOOT_HOME='),
  });
  await state.close();
  await (await openState(folder)).close();
});

test('the lock of a dead process is taken over', async () => {
  const folder = await scratchFolder();
  await (await openState(folder)).close();
  const child = spawn('sleep', ['60']);
  await once(child, 'spawn');
  const pid = child.pid as number;
  await writeFile(join(folder, 'lock.json'), JSON.stringify({ pid, started: await processStart(pid), since: 'then' }));
  await expect(openState(folder)).rejects.toMatchObject({ code: 'sandbox-in-use' });
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await openState(folder)).close();
});

test('a lock whose pid belongs to another process by now is taken over', async () => {
  const folder = await scratchFolder();
  await (await openState(folder)).close();
  await writeFile(
    join(folder, 'lock.json'),
    JSON.stringify({ pid: process.pid, started: 'another boot/1', since: 'then' }),
  );
  await (await openState(folder)).close();
});

test('of many that find the same dead lock exactly one gets it', async () => {
  const path = join(await scratchFolder(), 'lock.json');
  await writeFile(path, JSON.stringify({ pid: 4_000_000, started: 'gone', since: 'then' }));
  const results = await Promise.all(Array.from({ length: 20 }, () => acquireLock(path)));
  expect(results.filter((result) => 'lock' in result)).toHaveLength(1);
});

test('a reset refuses a folder that is not a state folder, and touches nothing in it', async () => {
  const folder = await scratchFolder();
  await writeFile(join(folder, 'thesis.txt'), 'years of work');
  await expect(resetState(folder)).rejects.toMatchObject({ code: 'not-a-state-folder' });
  await expect(openState(folder)).rejects.toMatchObject({ code: 'not-a-state-folder' });
  expect(await readdir(folder)).toEqual(['thesis.txt']);
});

test('a reset refuses a folder in use, and removes it once it is free', async () => {
  const folder = await scratchFolder();
  const state = await openState(folder);
  await expect(resetState(folder)).rejects.toMatchObject({ code: 'sandbox-in-use' });
  await state.close();
  await resetState(folder);
  await expect(stat(folder)).rejects.toMatchObject({ code: 'ENOENT' });
  await resetState(folder);
});

test('only the owner can read the folder of secrets', async () => {
  const state = await openState(await scratchFolder());
  expect((await stat(state.secretsFolder)).mode & 0o777).toBe(0o700);
  await state.close();
});
