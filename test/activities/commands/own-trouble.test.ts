/** Trouble of the runner's own: full and read-only disks, records that are gone, spoiled or of another time. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { stepFolder } from '../../../src/adapters/commands/recorder.js';
import { IDENTITY_FILE, runnerIdentity } from '../../../src/adapters/commands/runner-identity.js';
import type { StepKey } from '../../../src/contract/activities/step.js';
import { commandWith, environmentWith, eventually, temporaryFolder, textOf } from '../support.js';

vi.setConfig({ testTimeout: 30_000 });
process.env.SUREFOOT_TEST_PASSWORD = 'geheim/4711';

const key: StepKey = { deployment: 'd', step: 'production.deploy', generation: 1 };

/** The fifth try of an activity is the last one. */
const attempt = (number: number, heartbeatDetails?: unknown) =>
  new MockActivityEnvironment({ attempt: number, heartbeatDetails }, { logger: new DefaultLogger('ERROR') });

function deploying(state: string, script: string, runner?: string, known: Pick<StepKey, 'begun'> = {}) {
  const store = temporaryFolder();
  const activities = createCommandActivities({ state, runner });
  const input = {
    key: { ...key, ...known },
    evidence: { store, deployment: 'd' },
    environment: environmentWith(),
    command: commandWith(['sh', '-c', script], { timeout: 20_000 }),
    values: {},
  };
  const deploy = (mock = attempt(1)) =>
    mock.run<[], unknown, () => Promise<unknown>>(() => activities.runCommand(input));
  return { deploy, folder: stepFolder(state, key, 'command') };
}

/** A disk of 256 kB; where none can be had, its absence is the test's own. */
function smallDisk(): string | undefined {
  const folder = temporaryFolder();
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]).status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', folder]));
  return folder;
}

const FILL = 'head -c 1000000 /dev/zero > fill 2> /dev/null';

describe('a disk that is full', () => {
  test('hides no end: what that takes is there before the command begins', async () => {
    const state = smallDisk() ?? temporaryFolder();
    const { deploy, folder } = deploying(
      state,
      `cd '${state}'; ${FILL}; while [ ! -e go ]; do sleep 0.05; done; exit 3`,
    );
    const ended = deploy().catch((error) => error);
    const reserved = await eventually('it runs', async () => {
      const files: string[] = await readdir(folder).catch(() => []);
      return files.includes('command-pid.json') ? files.find((name) => /^exit\..*part$/.test(name)) : undefined;
    });
    expect(statSync(join(folder, reserved))).toMatchObject({ size: 4_096 });
    expect(statSync(join(folder, reserved)).blocks).toBeGreaterThanOrEqual(8);
    mkdirSync(join(state, 'go'));
    expect(await ended).toMatchObject({ type: 'CommandFailed', message: expect.stringContaining('exit code 3') });
  });

  test('before the command begins is asked about after some tries, and nothing is run', async () => {
    const disk = smallDisk();
    // Where no disk can be filled, one that takes nothing stands for it.
    const state = disk ?? '/dev/null';
    if (disk) spawnSync('sh', ['-c', FILL], { cwd: disk });
    const witness = join(temporaryFolder(), 'ran');
    const { deploy } = deploying(state, `touch '${witness}'`);
    await expect(deploy()).rejects.not.toHaveProperty('nonRetryable');
    await expect(deploy(attempt(5))).rejects.toMatchObject({
      type: 'RunnerFailed',
      nonRetryable: true,
      message: expect.stringContaining('was not begun'),
    });
    if (disk) rmSync(join(disk, 'fill'));
    expect(await textOf(witness)).toBe('');
    if (disk) await expect(deploy(attempt(6))).resolves.toMatchObject({ facts: [{ ok: true }] });
  });
});

test('a state folder that cannot be written to is asked about after some tries', async () => {
  const { deploy } = deploying('/sys/surefoot', 'true');
  await expect(deploy()).rejects.not.toHaveProperty('nonRetryable');
  await expect(deploy(attempt(5))).rejects.toMatchObject({ type: 'RunnerFailed', nonRetryable: true });
});

describe('what a command has printed', () => {
  test('and cannot be kept does not keep its deployment waiting: people hear that it may have run', async () => {
    const state = temporaryFolder();
    const { deploy, folder } = deploying(state, 'echo done');
    await deploy();
    rmSync(join(folder, 'stdout.log'));
    mkdirSync(join(folder, 'stdout.log'));
    await expect(deploy(attempt(5))).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      message: expect.stringContaining('may have run; what became of it cannot be kept'),
    });
  });
});

describe('records', () => {
  test.each(['started.json', 'exit.json'])(
    '%s of no bytes leaves the outcome unknown, and runs nothing',
    async (file) => {
      const state = temporaryFolder();
      const { deploy, folder } = deploying(state, `echo ran >> '${state}/count'`);
      await deploy();
      if (file === 'started.json') rmSync(join(folder, 'exit.json'));
      truncateSync(join(folder, file));
      await expect(deploy(attempt(2))).rejects.toMatchObject({ type: 'OutcomeUnknown' });
      expect(await textOf(join(state, 'count'))).toBe('ran\n');
    },
  );

  test('of a later version are not understood, and those of no version are of the first', async () => {
    const { deploy, folder } = deploying(temporaryFolder(), 'true');
    await deploy();
    const file = join(folder, 'exit.json');
    const { format, ...end } = JSON.parse(await textOf(file));
    expect(format).toBe(1);
    writeFileSync(file, JSON.stringify(end));
    await expect(deploy()).resolves.toMatchObject({ facts: [{ ok: true }] });
    writeFileSync(file, JSON.stringify({ ...end, format: 2 }));
    await expect(deploy()).rejects.toMatchObject({ type: 'OutcomeUnknown' });
  });

  test('that are gone when the next attempt comes leave the outcome unknown: nothing is run twice', async () => {
    const state = temporaryFolder();
    const { deploy, folder } = deploying(join(state, 'records'), `echo ran >> '${state}/count'`);
    const first = attempt(1);
    let told: unknown;
    first.on('heartbeat', (details: unknown) => {
      told = details;
    });
    await deploy(first);
    rmSync(folder, { recursive: true });
    await expect(deploy(attempt(2, told))).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      message: expect.stringContaining('was begun, and its record is gone'),
    });
    expect(await textOf(join(state, 'count'))).toBe('ran\n');
    // Its runner was away so long that another activity comes, which has had no heartbeat.
    const { begun } = told as { begun: string[] };
    const { deploy: again } = deploying(join(state, 'records'), `echo ran >> '${state}/count'`, undefined, { begun });
    await expect(again()).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    expect(await textOf(join(state, 'count'))).toBe('ran\n');
  });
});

describe('a heartbeat that somebody else has written', () => {
  test.each([
    ['says that nothing was begun', { begun: [] }],
    ['says nothing', undefined],
    ['is a word', 'begun'],
    ['names what is no command', { begun: [7, null, { toString: 1 }] }],
    ['names half a million', { begun: Array(500_000).fill('production.deploy/1/command') }],
  ])('and %s, is not believed against the record: what was begun is not begun again', async (_, forged) => {
    const state = temporaryFolder();
    const { deploy } = deploying(state, `echo ran >> '${state}/count'`);
    await deploy();
    await expect(deploy(attempt(2, forged))).resolves.toMatchObject({ facts: [{ ok: true }] });
    expect(await textOf(join(state, 'count'))).toBe('ran\n');
  });

  test.each([
    ['what is no command', { begun: [7, null] }],
    ['another command', { begun: ['staging.deploy/1/command'] }],
  ])('and names %s, keeps nothing from being begun', async (_, forged) => {
    const state = temporaryFolder();
    const { deploy } = deploying(state, `echo ran >> '${state}/count'`);
    await expect(deploy(attempt(2, forged))).resolves.toMatchObject({ facts: [{ ok: true }] });
    expect(await textOf(join(state, 'count'))).toBe('ran\n');
  });

  test('and says that it was begun, is no proof that it has run: nobody knows, and people are asked', async () => {
    const state = temporaryFolder();
    const { deploy } = deploying(state, `echo ran >> '${state}/count'`);
    await expect(deploy(attempt(2, { begun: ['production.deploy/1/command'] }))).rejects.toMatchObject({
      type: 'OutcomeUnknown',
    });
    expect(await textOf(join(state, 'count'))).toBe('');
  });
});

describe('a state folder that is another than the one the runner started with', () => {
  test.each([
    ['was emptied', (state: string) => rmSync(join(state, IDENTITY_FILE))],
    [
      'is another runner’s',
      (state: string) => writeFileSync(join(state, IDENTITY_FILE), '{"identity":"0123456789abcdef"}'),
    ],
    ['has lost what it says', (state: string) => truncateSync(join(state, IDENTITY_FILE))],
  ])('as it %s: nothing is begun in it, and people are asked after some tries', async (_, spoil) => {
    const state = join(temporaryFolder(), 'state');
    const { identity } = await runnerIdentity(state);
    const { deploy } = deploying(state, `echo ran >> '${state}/count'`, identity);
    await deploy();
    rmSync(join(state, 'steps'), { recursive: true });
    spoil(state);
    await expect(deploy()).rejects.not.toHaveProperty('nonRetryable');
    await expect(deploy(attempt(5))).rejects.toMatchObject({ type: 'RunnerFailed' });
    const begun = { begun: ['production.deploy/1/command'] };
    await expect(deploy(attempt(5, begun))).rejects.toMatchObject({ type: 'OutcomeUnknown' });
    expect(await textOf(join(state, 'count'))).toBe('ran\n');
  });
});
