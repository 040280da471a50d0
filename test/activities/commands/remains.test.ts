/** What a command leaves at work when its recorder, its own process or its time is gone: seen, waited for, ended. */
import { spawn } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { type HeartbeatContext, runRecorded, stepFolder } from '../../../src/adapters/commands/recorder.js';
import { aliveIn } from '../../../src/adapters/commands/records.js';
import { endSurvivors } from '../../../src/adapters/commands/survivors.mjs';
import type { StepKey } from '../../../src/contract/activities/step.js';
import { alive, eventually, runActivity, temporaryFolder, textOf } from '../support.js';

vi.setConfig({ testTimeout: 30_000 });

const heartbeat: HeartbeatContext = {
  heartbeat: () => undefined,
  signal: new AbortController().signal,
  stops: () => true,
};
const key: StepKey = { deployment: 'd', step: 'production.deploy', generation: 1 };

/** A command under way, and whatever it leaves taken away when the test is over. */
function begin(script: string, { timeout = 20_000, signal = heartbeat.signal } = {}) {
  const state = temporaryFolder();
  const folder = stepFolder(state, key, 'command');
  onTestFinished(async () => void (await endSurvivors({ folder })));
  const step = {
    command: { argv: ['sh', '-c', script], cwd: state, host: 'local', timeout },
    environment: process.env,
    heartbeat: { ...heartbeat, signal },
  };
  const ended = runRecorded(folder, step);
  // A test that takes the records away need not hear what comes of that.
  ended.catch(() => undefined);
  const pidIn = (name: string) => eventually(`${name} runs`, async () => Number(await textOf(join(state, name))));
  const recorder = () =>
    eventually('it is claimed', async () => {
      const text = await textOf(join(folder, 'started.json'));
      return text === '' ? undefined : (JSON.parse(text) as { pid: number }).pid;
    });
  return { state, folder, step, ended, pidIn, recorder };
}

/** In a session of its own, and nobody's child: neither a group nor a parent leads to it. */
const detached = (name: string, seconds: number) => `(setsid sh -c 'echo $$ > ${name}; exec sleep ${seconds}' &); `;

describe('a recorder that is killed', () => {
  test('what its command left in a session of its own is waited for before it is told', async () => {
    const { pidIn, recorder, ended } = begin(`${detached('child', 3)} echo $$ > own; exec sleep 300`);
    const child = await pidIn('child');
    process.kill(await recorder(), 'SIGKILL');
    process.kill(await pidIn('own'), 'SIGKILL');
    expect(alive(child)).toBe(true);
    expect(await ended).toEqual({ kind: 'unknown', alive: [] });
    expect(alive(child)).toBe(false);
  });

  test('before it wrote down the pid of its command, which is found by its mark', async () => {
    const { folder, pidIn, recorder, ended } = begin('echo $$ > own; exec sleep 300', { timeout: 2_000 });
    const own = await pidIn('own');
    process.kill(await recorder(), 'SIGKILL');
    rmSync(join(folder, 'command-pid.json'), { force: true });
    expect(await ended).toEqual({ kind: 'unknown', alive: [{ pid: own, name: 'sleep' }] });
  });

  test('at any moment of its beginning: the command runs once or not at all, and is not told to be over while it runs', async () => {
    const killed = async (delay: number) => {
      const { state, recorder, ended, step, folder } = begin('echo $$ >> own; exec sleep 2');
      const pid = await recorder();
      await new Promise((resolve) => setTimeout(resolve, delay));
      process.kill(pid, 'SIGKILL');
      expect(await ended).toEqual({ kind: 'unknown', alive: [] });
      const own = (await textOf(join(state, 'own'))).trim();
      if (own !== '') expect(alive(Number(own))).toBe(false);
      expect(await runRecorded(folder, step)).toEqual({ kind: 'unknown', alive: [] });
      expect((await textOf(join(state, 'own'))).trim()).toBe(own);
    };
    await Promise.all([0, 5, 10, 15, 20, 30, 45, 60].map(killed));
  });

  test('who stops the command meanwhile ends all that is left of it', async () => {
    const controller = new AbortController();
    const run = begin(`${detached('child', 300)} echo $$ > own; exec sleep 300`, { signal: controller.signal });
    const pids = [await run.pidIn('child'), await run.pidIn('own')];
    process.kill(await run.recorder(), 'SIGKILL');
    controller.abort();
    expect(await run.ended).toEqual({ kind: 'unknown', alive: [] });
    expect(pids.map(alive)).toEqual([false, false]);
  });
});

describe('a command', () => {
  test('that takes too long is ended with all that it began, also in sessions of their own', async () => {
    const { pidIn, ended } = begin(`${detached('child', 300)} sleep 300 & wait`, { timeout: 500 });
    const child = await pidIn('child');
    expect(await ended).toMatchObject({ kind: 'ended', stopReason: 'timed out' });
    expect(alive(child)).toBe(false);
  });

  test('whose own process is killed has ended when what it left at work has', async () => {
    const { pidIn, ended } = begin(`${detached('child', 2)} echo $$ > own; exec sleep 300`);
    const child = await pidIn('child');
    process.kill(await pidIn('own'), 'SIGKILL');
    const end = await ended;
    expect(end).toMatchObject({ kind: 'ended', code: null, signal: expect.stringMatching(/^SIG/) });
    // Its time was not over.
    expect(end).not.toMatchObject({ stopReason: expect.anything() });
    expect(alive(child)).toBe(false);
  });

  test('that ends by itself may leave services running', async () => {
    const { state, pidIn, ended } = begin(
      `${detached('child', 300)} while [ ! -e child ]; do sleep 0.05; done; exit 3`,
    );
    expect(await ended).toMatchObject({ kind: 'ended', code: 3 });
    const child = await pidIn('child');
    const { endCommands } = createCommandActivities({ state });
    expect(await runActivity(() => endCommands({ key }))).toEqual({ alive: [] });
    expect(alive(child)).toBe(true);
  });
});

describe('what people let follow a command of which nobody knows how it ended', () => {
  test('follows when all that is left of it has ended', async () => {
    const { state, pidIn, recorder, ended } = begin(`${detached('child', 300)} echo $$ > own; exec sleep 300`, {
      timeout: 1_500,
    });
    const pids = [await pidIn('child'), await pidIn('own')];
    process.kill(await recorder(), 'SIGKILL');
    expect(await ended).toMatchObject({ kind: 'unknown', alive: [{ pid: expect.any(Number) }, {}] });
    const { endCommands } = createCommandActivities({ state });
    expect(await runActivity(() => endCommands({ key }))).toEqual({ alive: [] });
    expect(pids.map(alive)).toEqual([false, false]);
  });

  test('ends nobody else’s group: in a container that was made anew, numbers are given out again', async () => {
    const { state, folder, recorder, ended } = begin('exec sleep 300', { timeout: 1_000 });
    const claim = await recorder();
    const { pid, ...others } = JSON.parse(
      await eventually('it runs', async () => (await textOf(join(folder, 'command-pid.json'))) || undefined),
    ) as { pid: number };
    process.kill(claim, 'SIGKILL');
    process.kill(pid, 'SIGKILL');
    expect(await ended).toEqual({ kind: 'unknown', alive: [] });
    const stranger = spawn('sh', ['-c', `sleep 300 & echo $! > '${state}/stranger'`], { detached: true });
    const member = await eventually('it runs', async () => Number(await textOf(join(state, 'stranger'))));
    onTestFinished(() => void process.kill(member));
    await eventually('its leader has gone', async () => !alive(Number(stranger.pid)));
    writeFileSync(join(folder, 'command-pid.json'), JSON.stringify({ ...others, pid: stranger.pid }));
    const file = join(folder, 'started.json');
    const started = JSON.parse(await textOf(file)) as { place: string };
    expect(await aliveIn(folder)).toEqual([{ pid: member, name: 'sleep' }]);
    writeFileSync(file, JSON.stringify({ ...started, place: `${started.place.split(' ')[0]} pid:[1]` }));
    expect(await aliveIn(folder)).toEqual([]);
  });

  test('follows one whose records are gone just the same, and nothing of another step is ended', async () => {
    const { state, folder, pidIn, recorder } = begin(`${detached('child', 300)} echo $$ > own; exec sleep 300`);
    const pids = [await pidIn('child'), await pidIn('own')];
    process.kill(await recorder(), 'SIGKILL');
    rmSync(join(folder, '..'), { recursive: true });
    const { endCommands } = createCommandActivities({ state });
    expect(await runActivity(() => endCommands({ key: { ...key, step: 'staging.deploy' } }))).toEqual({ alive: [] });
    expect(pids.map(alive)).toEqual([true, true]);
    expect(await runActivity(() => endCommands({ key }))).toEqual({ alive: [] });
    expect(pids.map(alive)).toEqual([false, false]);
    expect(existsSync(folder)).toBe(false);
  });
});
