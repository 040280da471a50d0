import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { endText, lastSaid, runShort, type ShortCommand } from '../../../src/adapters/commands/short-command.js';
import { alive, eventually, temporaryFolder } from '../../activities/support.js';

const shell = (script: string, more: Partial<ShortCommand> = {}) =>
  runShort({ argv: ['sh', '-c', script], environment: process.env, limit: 20_000, ...more });

/** The pid that a command has written down. */
const pidIn = (file: string) =>
  eventually('its pid is written', async () => Number(await readFile(file, 'utf8').catch(() => 0)));
const gone = (pid: number) => eventually(`process ${pid} is gone`, () => !alive(pid));

describe('a short command', () => {
  test('gives its exit code and both outputs', async () => {
    expect(await shell('echo out; echo err >&2; exit 3')).toEqual({
      ok: false,
      end: { kind: 'exited', code: 3 },
      stdout: 'out\n',
      stderr: 'err\n',
      cut: { stdout: 0, stderr: 0 },
    });
    expect(await shell('true')).toMatchObject({ ok: true, end: { kind: 'exited', code: 0 } });
  });

  test('has ended when its process has, though what it left running keeps its output open', async () => {
    const file = join(temporaryFolder(), 'pid');
    const begun = performance.now();
    const answer = await shell(`echo whole; sleep 60 & echo $! > '${file}'`);
    expect(answer).toMatchObject({ ok: true, stdout: 'whole\n' });
    expect(performance.now() - begun).toBeLessThan(10_000);
    const left = await pidIn(file);
    // What it started on purpose is left alone.
    expect(alive(left)).toBe(true);
    process.kill(left);
  });

  test('all that it printed before its end is there, however much it was', async () => {
    const program = 'process.stdout.write("x".repeat(900_000)); process.stderr.write("y".repeat(300_000))';
    for (let round = 0; round < 5; round += 1) {
      const answer = await runShort({
        argv: [process.execPath, '-e', program],
        environment: process.env,
        limit: 20_000,
      });
      expect([answer.stdout.length, answer.stderr.length]).toEqual([900_000, 300_000]);
    }
  });

  test.each(['timed out', 'cancelled'])(
    'when it is %s its whole group is ended, also what does not want to',
    async (kind) => {
      const file = join(temporaryFolder(), 'pid');
      const stubborn = `trap '' TERM; (trap '' TERM; sleep 60) & echo begun; echo $! > '${file}'; wait`;
      const controller = new AbortController();
      const running = shell(stubborn, kind === 'cancelled' ? { signal: controller.signal } : { limit: 1_500 });
      const child = await pidIn(file);
      controller.abort();
      expect(await running).toMatchObject({ ok: false, end: { kind }, stdout: 'begun\n' });
      await gone(child);
    },
  );

  test('at its limit its children end even when the command itself has obeyed at once', async () => {
    const file = join(temporaryFolder(), 'pid');
    await shell(`(trap '' TERM; sleep 60) & echo $! > '${file}'; wait`, { limit: 300 });
    await gone(await pidIn(file));
  });

  test('what was asked to end before it began is not begun', async () => {
    const file = join(temporaryFolder(), 'begun');
    expect(await shell(`echo > '${file}'`, { signal: AbortSignal.abort() })).toMatchObject({
      end: { kind: 'cancelled' },
    });
    await expect(readFile(file)).rejects.toThrow('ENOENT');
  });

  test('one that cannot be run says why', async () => {
    const environment = process.env;
    for (const [argv, reason] of [
      [['no-such-program-here'], 'ENOENT'],
      [['/etc/passwd'], 'EACCES'],
      [['true', 'a\0b'], 'ERR_INVALID_ARG_VALUE'],
    ] as const) {
      const answer = await runShort({ argv, environment, limit: 1_000 });
      expect(answer).toMatchObject({ ok: false, end: { kind: 'not run', reason } });
    }
    expect(await shell('true', { cwd: '/no/such/folder' })).toMatchObject({ end: { kind: 'not run' } });
  });

  test('one that is killed by others says by what', async () => {
    expect(await shell('kill -KILL $$')).toMatchObject({ ok: false, end: { kind: 'killed', signal: 'SIGKILL' } });
  });

  test('of an output that is too long the end is kept, and how much was cut is said', async () => {
    const answer = await shell('yes 0123456789 | head -c 1000000; echo end', { largest: 1_000 });
    expect(answer.stdout).toMatch(/end\n$/);
    expect(answer.stdout.length).toBe(1_000);
    expect(answer.cut).toEqual({ stdout: 1_000_004 - 1_000, stderr: 0 });
  });

  test('it reads what it is given, and may leave it', async () => {
    expect(await shell('cat', { input: 'given' })).toMatchObject({ ok: true, stdout: 'given' });
    expect(await shell('exit 4', { input: 'x'.repeat(1_000_000) })).toMatchObject({ end: { code: 4 } });
    expect(await shell('cat')).toMatchObject({ ok: true, stdout: '' });
  });

  test('it has the variables that it is given, and no others', async () => {
    const answer = await runShort({ argv: ['/usr/bin/env'], environment: { ONLY: 'this' }, limit: 5_000 });
    expect(answer.stdout).toBe('ONLY=this\n');
  });

  test('how it ended is told in words, and what it said last without secrets', async () => {
    expect(endText({ kind: 'timed out' }, 30_000)).toBe('took longer than 30 s and was killed');
    expect(endText({ kind: 'exited', code: 0 }, 30_000)).toBeUndefined();
    const answer = await shell('echo first >&2; echo password hunter22 is wrong >&2; exit 1');
    expect(lastSaid(answer, ['hunter22'])).toBe('password *** is wrong');
  });
});
