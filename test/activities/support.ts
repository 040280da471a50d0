import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Info } from '@temporalio/activity';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { onTestFinished } from 'vitest';
import type { Command } from '../../src/contract/plan/commands.js';
import type { Environment } from '../../src/contract/plan/environment.js';

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'surefoot-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits for a condition, not for time. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  within = 15_000,
): Promise<NonNullable<T>> {
  const until = Date.now() + within;
  for (;;) {
    const found = await look();
    if (found) return found as NonNullable<T>;
    if (Date.now() > until) throw new Error(`Not within ${within} ms: ${what}`);
    await sleep(20);
  }
}

export const textOf = (file: string): Promise<string> => readFile(file, 'utf8').catch(() => '');

/** What an activity runs in; failures that a test wants are not worth a warning in its log. @param info of the attempt */
export const mockWorker = (info: Partial<Info> = {}): MockActivityEnvironment =>
  new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') });

/** Runs an activity as a worker would. */
export function runActivity<T>(activity: () => Promise<T>, mock = mockWorker()): Promise<T> {
  return mock.run<[], T, () => Promise<T>>(activity);
}

export function environmentWith(changes: Partial<Environment> = {}): Environment {
  return {
    name: 'staging',
    api: 'http://127.0.0.1:9',
    server: { kind: 'local' },
    application: '/',
    tools: [],
    database: { host: '127.0.0.1', port: 9, name: 'none', user: 'nobody', password: 'env:SUREFOOT_TEST_PASSWORD' },
    login: { path: '/login', username: 'test', password: 'env:SUREFOOT_TEST_LOGIN' },
    ...changes,
  };
}

export function commandWith(run: string[], changes: Partial<Command> = {}): Command {
  return { run, on: 'worker', folder: '/', timeout: 60_000, ...changes };
}

/** Unlike `kill(pid, 0)` alone, a zombie counts as gone: when init takes note of its end is init's affair. */
export const alive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0) && !isZombie(pid);
  } catch {
    return false;
  }
};

const isZombie = (pid: number): boolean =>
  process.platform === 'linux' && /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
