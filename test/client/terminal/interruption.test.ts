import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { interruptible } from '../../../src/client/terminal/interruption.js';
import { untilAborted } from '../../../src/client/terminal/until-aborted.js';
import { projectFolder } from '../../../src/local/folders.js';
import { alive, eventually, temporaryFolder } from '../../activities/support.js';

const MAIN = join(projectFolder(), 'dist', 'src', 'client', 'main.js');

/** A command as a terminal has it: in a group of its own. */
function surefoot(words: string[], environment: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said += text;
    });
  }
  const ended = once(child, 'exit').then(([code, signal]) => ({ code: signal ?? code, said }));
  return { child, ended, said: () => said };
}

describe('work that goes on until it is interrupted', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('ends by %s, and listens until it has ended', async (signal) => {
    const before = process.listenerCount(signal);
    const again = vi.fn();
    const working = interruptible(async (interrupted) => {
      await untilAborted(interrupted);
      // Stopping takes its time: a second signal must not end the process meanwhile.
      expect(process.listenerCount(signal)).toBe(before + 1);
      process.emit(signal, signal);
      return 'stopped';
    }, again);
    process.emit(signal, signal);
    expect(await working).toBe('stopped');
    expect(again).toHaveBeenCalledOnce();
    expect(process.listenerCount(signal)).toBe(before);
  });

  test('the codec’s endpoint ends in order when its terminal goes away', async () => {
    const key = `k1=env:TEST_KEY`;
    const environment = { SUREFOOT_PAYLOAD_KEYS: key, TEST_KEY: Buffer.alloc(32, 7).toString('base64') };
    const { child, ended, said } = surefoot(['codec', '--port', '0', '--origin', 'http://localhost:8233'], environment);
    await eventually('it serves', () => said().includes('codec endpoint at'), 60_000);
    child.kill('SIGHUP');
    expect(await ended).toMatchObject({ code: 0 });
  });
});

interface ServiceRecord {
  name: string;
  pid: number;
}

const servicesIn = (home: string): ServiceRecord[] => {
  try {
    return readdirSync(join(home, 'services')).map((file) =>
      JSON.parse(readFileSync(join(home, 'services', file), 'utf8')),
    );
  } catch {
    return [];
  }
};

describe('interrupted while it prepares', () => {
  test.each([
    ['sandbox', 'SIGHUP', 1],
    ['demo', 'SIGHUP', 1],
    ['demo', 'SIGINT', 2],
  ] as const)(
    '%s by %s, %i times: nothing that it started is left',
    async (command, signal, times) => {
      const home = join(temporaryFolder(), 'home');
      const { child, ended } = surefoot([command], { SUREFOOT_HOME: home });
      const [service] = await eventually(
        'a service runs',
        () => (servicesIn(home).length > 0 ? servicesIn(home) : undefined),
        120_000,
      );
      for (let sent = 0; sent < times; sent += 1) child.kill(signal);
      const { code } = await ended;
      // It ended by itself, not by the signal.
      expect(code).toEqual(expect.any(Number));
      expect(servicesIn(home)).toEqual([]);
      expect(alive(service?.pid as number)).toBe(false);
    },
    180_000,
  );
});
