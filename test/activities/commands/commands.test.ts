import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityCancellationDetails } from '@temporalio/common';
import { describe, expect, test, vi } from 'vitest';
import { createCommandActivities } from '../../../src/activities/commands.js';
import { processIdentity } from '../../../src/adapters/commands/process-identity.mjs';
import { stepFolder } from '../../../src/adapters/commands/recorder.js';
import { evidenceFile } from '../../../src/adapters/evidence/evidence-store.js';
import type { StepKey } from '../../../src/contract/activities/step.js';
import {
  alive,
  commandWith,
  environmentWith,
  eventually,
  mockWorker,
  runActivity,
  temporaryFolder,
  textOf,
} from '../support.js';

vi.setConfig({ testTimeout: 30_000 });

const SECRET = 'geheim/4711';
process.env.SUREFOOT_TEST_PASSWORD = SECRET;

const key = (step = 'staging.deploy', generation = 1): StepKey => ({ deployment: 'eduautismo-1', step, generation });

function workplace() {
  const state = temporaryFolder();
  const place = { store: join(state, 'evidence'), deployment: 'eduautismo-1' };
  return { state, place, activities: createCommandActivities({ state }) };
}

describe('runCommand', () => {
  test('runs a command once for its key, and again for a new generation', async () => {
    const { state, place, activities } = workplace();
    const command = commandWith(['sh', '-c', 'echo "$1" >> count; echo deployed', 'sh', '{version}'], {
      folder: state,
    });
    const input = { evidence: place, environment: environmentWith(), command, values: { version: 'main' } };
    const first = await runActivity(() => activities.runCommand({ ...input, key: key() }));
    expect(first.facts).toMatchObject([{ name: 'ran', ok: true }]);
    expect(await runActivity(() => activities.runCommand({ ...input, key: key() }))).toEqual(first);
    expect(await textOf(join(state, 'count'))).toBe('main\n');
    await runActivity(() => activities.runCommand({ ...input, key: key('staging.deploy', 2) }));
    expect(await textOf(join(state, 'count'))).toBe('main\nmain\n');
    expect(await textOf(evidenceFile(place, first.evidence[0]?.path ?? ''))).toBe('deployed\n');
  });

  test('a row that a failed command has printed stands in the evidence and in no message', async () => {
    const { state, place, activities } = workplace();
    const said = [
      'sqlalchemy.exc.IntegrityError: (psycopg2.errors.UniqueViolation) duplicate key violates "plans_email_key"',
      'DETAIL:  Key (email)=(jane@example.com) already exists.',
      "[parameters: {'email': 'jane@example.com'}]",
    ].join('\n');
    writeFileSync(join(state, 'said'), said);
    const command = commandWith(['sh', '-c', 'cat said >&2; exit 1'], { folder: state });
    const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
    const failure = await runActivity(() => activities.runCommand(input)).catch((error) => error);
    expect(JSON.stringify([failure.message, failure.details])).not.toContain('jane@');
    expect(failure.message).toContain('duplicate key violates "plans_email_key"');
    expect(failure.message).toContain('([…] stands only in the evidence)');
    const [, errors] = failure.details[0].evidence;
    expect(await textOf(evidenceFile(place, errors.path))).toContain(said);
  });

  test('a failure names the command, its exit code and its last lines, without secrets anywhere', async () => {
    const { state, place, activities } = workplace();
    const command = commandWith([
      'sh',
      '-c',
      `echo 'postgresql://u:${encodeURIComponent(SECRET)}@h'; echo ${SECRET} >&2; exit 3`,
    ]);
    const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
    const failure = await runActivity(() => activities.runCommand(input)).catch((error) => error);
    expect(failure).toMatchObject({ type: 'CommandFailed', nonRetryable: true });
    expect(failure.message).toContain('exit code 3');
    expect(failure.message).toContain('postgresql://u:***@h');
    const folder = stepFolder(state, key(), 'command');
    const written = [await textOf(join(folder, 'stdout.log')), await textOf(join(folder, 'stderr.log'))];
    for (const { path } of failure.details[0].evidence) written.push(await textOf(evidenceFile(place, path)));
    expect(written).toHaveLength(4);
    for (const content of [failure.message, ...written]) expect(content).not.toMatch(/geheim/);
  });

  test('a command that takes too long is killed, and the failure says so', async () => {
    const { place, activities } = workplace();
    const command = commandWith(['sleep', '300'], { timeout: 300 });
    const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
    await expect(runActivity(() => activities.runCommand(input))).rejects.toMatchObject({
      type: 'CommandFailed',
      message: expect.stringContaining('took longer than 300 ms and was killed'),
    });
  });

  test('a cancellation stops the command; a worker that shuts down does not', async () => {
    for (const reason of ['CANCELLED', 'WORKER_SHUTDOWN'] as const) {
      const { state, place, activities } = workplace();
      const command = commandWith([
        'sh',
        '-c',
        `echo $$ > '${state}/pid'; while [ ! -e '${state}/go' ]; do sleep 0.05; done`,
      ]);
      const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
      const mock = mockWorker();
      const running = runActivity(() => activities.runCommand(input), mock);
      const pid = await eventually('the command runs', async () => Number(await textOf(join(state, 'pid'))));
      mock.cancel(
        reason,
        new ActivityCancellationDetails({
          cancelRequested: reason === 'CANCELLED',
          workerShutdown: reason !== 'CANCELLED',
        }),
      );
      if (reason === 'CANCELLED') {
        await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' });
        expect(processIdentity(pid)).toBeUndefined();
      } else {
        await expect(running).rejects.toMatchObject({ type: 'AttemptInterrupted', nonRetryable: false });
        expect(alive(pid)).toBe(true);
        writeFileSync(join(state, 'go'), '');
        expect(await runActivity(() => activities.runCommand(input))).toMatchObject({ facts: [{ ok: true }] });
      }
    }
  });

  test('a killed recorder is an unknown outcome that is not retried', async () => {
    const { state, place, activities } = workplace();
    const command = commandWith(['sleep', '300'], { timeout: 2_000 });
    const input = { key: key(), evidence: place, environment: environmentWith(), command, values: {} };
    const running = runActivity(() => activities.runCommand(input));
    const folder = stepFolder(state, key(), 'command');
    const child = await eventually('the command runs', async () => {
      const text = await textOf(join(folder, 'command-pid.json'));
      return text === '' ? undefined : (JSON.parse(text) as { pid: number }).pid;
    });
    process.kill((JSON.parse(await textOf(join(folder, 'started.json'))) as { pid: number }).pid, 'SIGKILL');
    await expect(running).rejects.toMatchObject({
      type: 'OutcomeUnknown',
      nonRetryable: true,
      message: expect.stringContaining(`still runs as process ${child} (sleep)`),
    });
    process.kill(child, 'SIGKILL');
  });

  test('over ssh, a lost connection is unknown and a refused one is a failure', async () => {
    const { state, place, activities } = workplace();
    const bin = join(state, 'bin');
    mkdirSync(bin);
    const fake = (script: string) => {
      writeFileSync(join(bin, 'ssh'), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, 'ssh'), 0o755);
    };
    const path = process.env.PATH;
    process.env.PATH = `${bin}:${path}`;
    try {
      const environment = environmentWith({ server: { kind: 'ssh', host: 'prod' }, tools: ['/opt/tools'] });
      const command = commandWith(['sh', '-c', 'echo "$PATH in $PWD"; exit "$0"', '{code}'], {
        on: 'server',
        folder: state,
      });
      const run = (step: string, code: string) =>
        runActivity(() =>
          activities.runCommand({ key: key(step), evidence: place, environment, command, values: { code } }),
        );
      fake('for last; do :; done; exec sh -c "$last"');
      const report = await run('good', '0');
      expect(await textOf(evidenceFile(place, report.evidence[0]?.path ?? ''))).toMatch(
        new RegExp(`^/opt/tools:.* in ${state}`),
      );
      await expect(run('bad', '255')).rejects.toMatchObject({
        type: 'CommandFailed',
        message: expect.stringContaining('exit code 255'),
      });
      fake('echo "client_loop: send disconnect: Broken pipe" >&2; exit 255');
      await expect(run('lost', '0')).rejects.toMatchObject({ type: 'OutcomeUnknown' });
      fake('echo "ssh: connect to host prod port 22: Connection refused" >&2; exit 255');
      await expect(run('refused', '0')).rejects.toMatchObject({
        type: 'CommandFailed',
        message: expect.stringContaining('not started'),
      });
    } finally {
      process.env.PATH = path;
    }
  });
});

describe('checkLogs', () => {
  test.each([
    ['all is well', true],
    ['CRITICAL: out of memory', false],
  ])('%s', async (line, ok) => {
    const { place, activities } = workplace();
    const command = commandWith(['echo', line]);
    const input = {
      key: key(),
      evidence: place,
      environment: environmentWith(),
      command,
      critical: 'CRITICAL|Traceback',
    };
    const report = await runActivity(() => activities.checkLogs(input));
    expect(report.facts).toMatchObject([
      { name: 'ran', ok: true },
      { name: 'logs', ok },
    ]);
    expect(report.evidence).toHaveLength(ok ? 1 : 2);
  });

  const logsOf = async (run: string[]) => {
    const { place, activities } = workplace();
    const input = { key: key(), evidence: place, environment: environmentWith(), command: commandWith(run) };
    const report = await runActivity(() => activities.checkLogs({ ...input, critical: 'CRITICAL' }));
    return report.facts.find(({ name }) => name === 'logs');
  };
  const print = (script: string) => [process.execPath, '-e', script];

  test.each([
    ['prints nothing', '', 'the command printed nothing'],
    [
      'prints a line that is too long to be judged',
      'console.log("x".repeat(70000) + "CRITICAL")',
      '1 line of more than 65536 characters',
    ],
    [
      'prints more than is read',
      'console.log("CRITICAL"); for (let n = 0; n < 90000; n += 1) console.log(String(n).padEnd(60, "."))',
      'only the last 4 MB',
    ],
  ])('a log command that %s proves nothing', async (_, script, words) => {
    expect(await logsOf(print(script))).toMatchObject({
      ok: false,
      unknown: true,
      text: expect.stringContaining(words),
    });
  });

  test('a critical line counts even among lines that cannot be judged', async () => {
    const fact = await logsOf(print('console.log("x".repeat(70000)); console.log("CRITICAL")'));
    expect(fact).toMatchObject({ ok: false, text: expect.stringContaining('1 critical lines') });
    expect(fact?.unknown).toBeUndefined();
  });
});
