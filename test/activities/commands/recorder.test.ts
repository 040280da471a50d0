import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { processIdentity } from '../../../src/adapters/commands/process-identity.mjs';
import {
  type HeartbeatContext,
  LeftRunning,
  runRecorded,
  stepFolder,
  wasStarted,
} from '../../../src/adapters/commands/recorder.js';
import { alive, eventually, temporaryFolder, textOf } from '../support.js';

// Stopping has a grace of 5 s, and machines are sometimes busy.
vi.setConfig({ testTimeout: 30_000, hookTimeout: 60_000 });

const patient = (signal = new AbortController().signal, stops = true): HeartbeatContext => ({
  heartbeat: () => undefined,
  signal,
  stops: () => stops,
});

const shell = (script: string, timeout = 60_000) => ({
  command: { argv: ['sh', '-c', script], cwd: '/', host: 'local', timeout },
  environment: process.env,
});

const json = async (file: string) => JSON.parse(await textOf(file)) as { pid: number };

describe('the recorder', () => {
  test('reads exit code and output, and reads them again without running the command again', async () => {
    const folder = join(temporaryFolder(), 'step');
    const step = { ...shell(`echo out; echo err >&2; exit 7`), heartbeat: patient() };
    const end = await runRecorded(folder, step);
    expect(end).toMatchObject({ kind: 'ended', code: 7, signal: null });
    expect(await textOf(join(folder, 'stdout.log'))).toBe('out\n');
    expect(await textOf(join(folder, 'stderr.log'))).toBe('err\n');
    expect(await runRecorded(folder, { ...shell('echo other'), heartbeat: patient() })).toEqual(end);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const file of ['stdout.log', 'stderr.log', 'exit.json', 'started.json', 'command.json']) {
      expect(statSync(join(folder, file)).mode & 0o777, file).toBe(0o600);
    }
  });

  test('starts the command once when many attach at the same time', async () => {
    const state = temporaryFolder();
    const folder = join(state, 'step');
    const step = shell(`echo ran >> '${state}/count'; sleep 0.2`);
    const ends = await Promise.all([...Array(8)].map(() => runRecorded(folder, { ...step, heartbeat: patient() })));
    expect(new Set(ends.map((end) => JSON.stringify(end))).size).toBe(1);
    expect(await textOf(join(state, 'count'))).toBe('ran\n');
  });

  test('that is killed before it begins has begun nothing, and nobody calls it late', async () => {
    const state = temporaryFolder();
    const { command } = shell(`touch '${state}/ran'`);
    const killed = '--import "data:text/javascript,process.kill(process.pid,\'SIGKILL\')"';
    const environment = { ...process.env, NODE_OPTIONS: killed };
    const run = runRecorded(join(state, 'step'), { command, environment, heartbeat: patient() });
    await expect(run).rejects.toThrow(/^the recorder was killed by SIGKILL in /);
    expect(await textOf(join(state, 'ran'))).toBe('');
  });

  test('says why a command could not be started', async () => {
    const step = { ...shell(''), heartbeat: patient() };
    step.command.argv = ['no-such-program-here'];
    const end = await runRecorded(join(temporaryFolder(), 'step'), step);
    expect(end).toMatchObject({ kind: 'ended', code: null, error: expect.stringContaining('ENOENT') });
  });

  test('kills the whole group of a command that takes too long', async () => {
    const state = temporaryFolder();
    const step = shell(`sleep 300 & echo $! > '${state}/child'; wait`, 400);
    const end = await runRecorded(join(state, 'step'), { ...step, heartbeat: patient() });
    expect(end).toMatchObject({ kind: 'ended', stopReason: 'timed out' });
    await eventually('the child is gone', async () => !alive(Number(await textOf(join(state, 'child')))));
  });

  test('stops the group when its worker asks for it, by SIGKILL when SIGTERM is ignored', async () => {
    const state = temporaryFolder();
    const controller = new AbortController();
    const step = shell(`trap '' TERM; (while :; do sleep 0.1; done) & echo $! > '${state}/child'; wait; wait; wait`);
    const running = runRecorded(join(state, 'step'), { ...step, heartbeat: patient(controller.signal) });
    const child = await eventually('the child runs', async () => Number(await textOf(join(state, 'child'))));
    controller.abort();
    expect(await running).toMatchObject({ kind: 'ended', stopReason: 'stopped' });
    await eventually('the child is gone', () => processIdentity(child) === undefined);
  });

  test('leaves the command running when its worker only goes away', async () => {
    const state = temporaryFolder();
    const folder = join(state, 'step');
    const controller = new AbortController();
    const step = shell(`while [ ! -e '${state}/go' ]; do sleep 0.05; done; echo done`);
    const running = runRecorded(folder, { ...step, heartbeat: patient(controller.signal, false) });
    await eventually('it was started', () => wasStarted(folder));
    controller.abort();
    await expect(running).rejects.toThrow(LeftRunning);
    await execa('touch', [join(state, 'go')]);
    expect(await runRecorded(folder, { ...step, heartbeat: patient() })).toMatchObject({ code: 0 });
    expect(await textOf(join(folder, 'stdout.log'))).toBe('done\n');
  });

  test('a killed recorder is an unknown outcome, and the command is not started again', async () => {
    const state = temporaryFolder();
    const folder = join(state, 'step');
    const step = shell(`echo ran >> '${state}/count'; exec sleep 300`, 2_000);
    const running = runRecorded(folder, { ...step, heartbeat: patient() });
    await eventually('the command runs', () => textOf(join(state, 'count')));
    const command = await eventually('its pid is known', () =>
      json(join(folder, 'command-pid.json')).catch(() => null),
    );
    process.kill((await json(join(folder, 'started.json'))).pid, 'SIGKILL');
    expect(await running).toEqual({ kind: 'unknown', alive: [{ pid: command.pid, name: 'sleep' }] });
    process.kill(command.pid, 'SIGKILL');
    await eventually('the command is gone', () => processIdentity(command.pid) === undefined);
    expect(await runRecorded(folder, { ...step, heartbeat: patient() })).toEqual({ kind: 'unknown', alive: [] });
    expect(await textOf(join(state, 'count'))).toBe('ran\n');
  });

  test('folders of different steps never meet and never leave the state folder', () => {
    const folder = (deployment: string, step = 'a') =>
      stepFolder('/state', { deployment, step, generation: 1 }, 'command');
    expect(folder('../../etc')).toBe('/state/steps/..%2F..%2Fetc/a/1/command');
    expect(folder('..')).toBe('/state/steps/%2E%2E/a/1/command');
    expect(folder('a/b', 'c')).not.toBe(folder('a', 'b/c'));
  });
});

describe('a worker that is killed', () => {
  const compiled = join(temporaryFolderForFile(), 'adapters', 'commands', 'recorder.js');

  function temporaryFolderForFile(): string {
    const folder = join(
      import.meta.dirname,
      '../../../node_modules/.cache/surefoot-recorder-test',
      String(process.pid),
    );
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  beforeAll(async () => {
    const source = join(import.meta.dirname, '../../../src');
    const folder = join(compiled, '../../..');
    const options = '--module nodenext --target es2023 --types node --skipLibCheck --strict --verbatimModuleSyntax';
    const words = ['tsc', '--ignoreConfig', ...options.split(' '), '--rootDir', source, '--outDir', folder];
    await execa('npx', [...words, join(source, 'adapters', 'commands', 'recorder.ts')]);
    for (const file of ['recorder-process.mjs', 'process-identity.mjs', 'survivors.mjs'])
      copyFileSync(join(source, 'adapters', 'commands', file), join(folder, 'adapters', 'commands', file));
  });

  afterAll(() => rmSync(join(compiled, '../../..'), { recursive: true, force: true }));

  test('does not take the command with it, and the next one reads the end', async () => {
    const state = temporaryFolder();
    const folder = join(state, 'step');
    const script = `echo ran >> '${state}/count'; while [ ! -e '${state}/go' ]; do sleep 0.05; done; echo end; exit 3`;
    const words = [join(import.meta.dirname, 'attach.mjs'), pathToFileURL(compiled).href, folder, 'sh', '-c', script];
    const first = spawn(process.execPath, words, { detached: true, stdio: 'ignore' });
    await eventually('the command runs', () => textOf(join(state, 'count')));
    // The whole group, as a terminal or a supervisor would kill it.
    process.kill(-(first.pid as number), 'SIGKILL');
    await eventually('the worker is gone', () => processIdentity(first.pid as number) === undefined);
    const second = execa(process.execPath, words);
    await execa('touch', [join(state, 'go')]);
    expect(JSON.parse((await second).stdout)).toMatchObject({ kind: 'ended', code: 3 });
    expect(await textOf(join(state, 'count'))).toBe('ran\n');
    expect(await textOf(join(folder, 'stdout.log'))).toBe('end\n');
  });

  test('killed at any moment of the start, the command runs at most once', async () => {
    const state = temporaryFolder();
    for (let delay = 40; delay <= 130; delay += 15) {
      const folder = join(state, `step-${delay}`);
      const script = `echo ran >> '${folder}.count'`;
      const words = [join(import.meta.dirname, 'attach.mjs'), pathToFileURL(compiled).href, folder, 'sh', '-c', script];
      const first = spawn(process.execPath, words, { detached: true, stdio: 'ignore' });
      await new Promise((resolve) => setTimeout(resolve, delay));
      process.kill(-(first.pid as number), 'SIGKILL');
      const second = await execa(process.execPath, words);
      expect(JSON.parse(second.stdout)).toMatchObject({ kind: 'ended', code: 0 });
      expect(await textOf(`${folder}.count`)).toBe('ran\n');
    }
  });
});
