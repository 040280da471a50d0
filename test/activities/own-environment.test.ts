/** What a worker for one environment does of what is sent to its queue, and what is told of the rest. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { expect, test } from 'vitest';
import { keepToEnvironment } from '../../src/activities/own-environment.js';
import { environmentsNaming } from '../../src/policy/policy.js';

/** @returns how it failed, and what was done */
async function asked(activityType: string, input: unknown, attempt = 1) {
  const done: unknown[] = [];
  const interceptor = keepToEnvironment('staging')();
  const mock = new MockActivityEnvironment({ activityType, attempt }, { logger: new DefaultLogger('ERROR') });
  const said = mock.run(() => interceptor.inbound.execute({ args: [input] }, async ({ args }) => done.push(args[0])));
  const { type, nonRetryable, message } = await said.then(
    () => ({}) as { type?: string; nonRetryable?: boolean; message?: string },
    (error: { type: string; nonRetryable: boolean; message: string }) => error,
  );
  return { type, nonRetryable, message, done };
}

const key = { deployment: 'shop-1', step: 'production.deploy', generation: 1 };

test('it does what is about its own environment, and what is about the runner itself', async () => {
  const own = { key, environment: { name: 'staging' } };
  expect((await asked('runCommand', own)).done).toEqual([own]);
  expect((await asked('present', undefined)).done).toEqual([undefined]);
  expect((await asked('endCommands', { key })).done).toEqual([{ key }]);
});

test.each([
  ['runCommand', { name: 'production' }, 'production'],
  ['runLoadTest', { name: 'production' }, 'production'],
  ['endCommands', { name: 'production' }, 'production'],
  ['migrate', undefined, 'no environment'],
  ['runCommand', { name: ['staging'] }, 'staging'],
  ['runCommand', { name: null }, 'no environment'],
])('%s of %o is refused, and nothing of it is done', async (activity, environment, about) => {
  const { message, ...told } = await asked(activity, { key, environment });
  expect(told).toEqual({ type: 'NotAuthorised', nonRetryable: true, done: [] });
  expect(message).toBe(`Not begun: the worker of this runner serves staging only, and this is about ${about}`);
});

test('what is about another environment in a part of it is refused, too', async () => {
  const environment = { name: 'staging' };
  const source = { kind: 'command', environment: 'production' };
  for (const input of [
    { key, environment, environments: [environment, { name: 'production' }] },
    { environment: 'staging', metrics: [{ source: { kind: 'scrape' } }, { source }] },
  ])
    expect((await asked('checkStaging', input)).message).toContain('and this is about production');
  const own = { environment: 'staging', metrics: [{ source: { kind: 'scrape' } }] };
  expect((await asked('sampleMetrics', own)).done).toEqual([own]);
});

test('what an earlier attempt may have begun, before the worker was for one environment, is unknown', async () => {
  const environment = { name: 'production' };
  const begun = { ...key, begun: ['production.deploy'] };
  for (const told of [
    await asked('runCommand', { key, environment }, 2),
    await asked('runCommand', { key: begun, environment }),
  ])
    expect(told).toMatchObject({
      type: 'OutcomeUnknown',
      nonRetryable: true,
      message: expect.stringContaining('how that has ended is not known'),
      done: [],
    });
});

test('a runner says of itself for which environments its policy names it', () => {
  const runners = { staging: ['a'], production: ['b', 'a'] };
  expect(environmentsNaming({ runners }, 'a')).toEqual(['staging', 'production']);
  expect(environmentsNaming({ runners }, 'b')).toEqual(['production']);
  expect(environmentsNaming({ runners: {} }, 'a')).toEqual([]);
});
