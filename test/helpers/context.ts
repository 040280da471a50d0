import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { onTestFinished } from 'vitest';
import type { EvidencePlace, StepKey } from '../../src/contract/activities/step.js';
import type { Environment } from '../../src/contract/plan/environment.js';

export const key: StepKey = { deployment: 'd-1', step: 'staging.check', generation: 1 };

/** An evidence store of its own, removed with the test. */
export async function evidencePlace(): Promise<EvidencePlace> {
  const store = await mkdtemp(join(tmpdir(), 'surefoot-evidence-'));
  onTestFinished(() => rm(store, { recursive: true, force: true }));
  return { store, deployment: 'd-1' };
}

/** The password that must never be seen, in `TEST_LOGIN_PASSWORD`. */
export const PASSWORD = 'not-to-be-seen-anywhere';

/** An environment whose application is at this URL. */
export function environmentAt(api: string): Environment {
  process.env.TEST_LOGIN_PASSWORD = PASSWORD;
  return {
    name: 'staging',
    api,
    server: { kind: 'local' },
    application: '/',
    tools: [],
    database: { host: '127.0.0.1', port: 1, name: 'none', user: 'none', password: 'env:TEST_LOGIN_PASSWORD' },
    login: { path: '/login', username: 'test@example.com', password: 'env:TEST_LOGIN_PASSWORD' },
  };
}

/** Runs an activity with a context of its own. */
export function inActivity<R>(work: () => Promise<R>, environment = new MockActivityEnvironment()): Promise<R> {
  return environment.run(work);
}
