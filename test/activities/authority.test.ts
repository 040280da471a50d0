/** What is told of an act that the policy does not let be: what nobody has begun, and what somebody may have. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { demandAuthority } from '../../src/activities/authority.js';
import type { Policy } from '../../src/policy/policy.js';
import { temporaryFolder } from './support.js';

const policy: Policy = {
  people: new Map(),
  services: new Map(),
  decisions: {},
  signed: new Set(),
  automaticRollback: true,
  runners: {},
};

/** The runner is asked for what nobody has signed. @returns what it says, and whether it was done */
async function asked(attempt: number, begun?: string[]) {
  const done: unknown[] = [];
  const interceptor = demandAuthority({ policy, runner: '0123456789abcdef', state: temporaryFolder() })();
  const logger = new DefaultLogger('ERROR');
  const mock = new MockActivityEnvironment({ activityType: 'runCommand', attempt }, { logger });
  const key = { deployment: 'shop-1', step: 'production.deploy', generation: 1, begun };
  const said = mock.run(() => interceptor.inbound.execute({ args: [{ key }] }, async (input) => done.push(input)));
  const failure = await said.then(
    () => undefined,
    (error: { type: string; nonRetryable: boolean; message: string }) => error,
  );
  return { type: failure?.type, nonRetryable: failure?.nonRetryable, message: failure?.message, done };
}

test('what nobody has begun is refused, and nothing of it is done', async () => {
  const { message, ...told } = await asked(1);
  expect(told).toEqual({ type: 'NotAuthorised', nonRetryable: true, done: [] });
  expect(message).toMatch(
    /^The policy of this runner does not let it be done: nothing says by whose word.* Nothing was begun$/,
  );
});

test('what an earlier attempt may have begun is unknown, not undone', async () => {
  for (const { message, ...told } of [await asked(2), await asked(1, ['production.deploy'])]) {
    expect(told).toEqual({ type: 'OutcomeUnknown', nonRetryable: true, done: [] });
    expect(message).toMatch(/does not let it go on: nothing says .* An earlier attempt may have begun it/);
  }
});
