import { msToTs } from '@temporalio/common/lib/time.js';
import { expect, test } from 'vitest';
import { Queues } from '../../src/watchdog/queues.js';
import type { Description, ServerView } from '../../src/watchdog/server-view.js';

type Polling = Awaited<ReturnType<ServerView['pollers']>>[number];

const poller = (identity: string, ago: number, buildId?: string): Polling => ({
  identity,
  lastAccessTime: msToTs(Date.now() - ago * 1_000),
  ...(buildId === undefined ? {} : { deploymentOptions: { deploymentName: 'surefoot', buildId } }),
});
const description = (parts: object = {}): Description => ({
  executionConfig: { taskQueue: { name: 'surefoot' } },
  workflowExecutionInfo: { versioningInfo: parts },
});
const pinned = description({ behavior: 1, deploymentVersion: { deploymentName: 'surefoot', buildId: 'b1' } });

/** @param asking by kind of task: 1 for workflows, 2 for activities */
const asked = (asking: Record<1 | 2, Polling[]>, of: Description) =>
  new Queues({ now: Date.now, pollers: async (_: string, kind: 1 | 2) => asking[kind] } as unknown as ServerView).of(
    of,
  );

test('a queue is served as much as its worse served half', async () => {
  const both = { 1: [poller('7@a', 10)], 2: [poller('7@a', 10)] };
  expect(await asked(both, description())).toMatchObject({ queue: 'surefoot', state: 'served' });
  expect(await asked({ ...both, 2: [] }, description())).toMatchObject({ state: 'nobody' });
});

test('when somebody last asked is kept: from then on it counts', async () => {
  const away = { 1: [poller('7@a', 200), poller('8@b', 130)], 2: [poller('7@a', 200)] };
  const { state, lastAskedAt = 0 } = await asked({ ...away, 2: away[1] }, description());
  expect(state).toBe('nobody');
  expect(Math.abs(Date.now() - 130_000 - lastAskedAt)).toBeLessThan(5_000);
});

test('of a deployment that is pinned to a build only the workers of that build count, and it is named', async () => {
  const others = { 1: [poller('7@a', 10, 'b2')], 2: [poller('7@a', 10, 'b2')] };
  expect(await asked(others, pinned)).toMatchObject({
    queue: 'surefoot of build b1',
    state: 'nobody',
    text: 'nobody serves the task queue surefoot (of the build b1)',
  });
  const own = { 1: [poller('7@a', 10, 'b1')], 2: [poller('7@a', 10, 'b1')] };
  expect(await asked(own, pinned)).toMatchObject({ state: 'served' });
  // Whoever moves on with the workers is served by any.
  expect(await asked(others, description({ behavior: 2, deploymentVersion: { buildId: 'b1' } }))).toMatchObject({
    queue: 'surefoot',
    state: 'served',
  });
});

test('one that was moved to another build waits for that', async () => {
  const moved = description({
    behavior: 1,
    deploymentVersion: { buildId: 'b1' },
    versioningOverride: { pinned: { version: { buildId: 'b2' } } },
  });
  const others = { 1: [poller('7@a', 10, 'b2')], 2: [poller('7@a', 10, 'b2')] };
  expect(await asked(others, moved)).toMatchObject({ queue: 'surefoot of build b2', state: 'served' });
});

test('a server that does not answer leaves it unknown, with the reason', async () => {
  const view = {
    now: Date.now,
    pollers: async () => Promise.reject(new Error('deadline exceeded')),
  } as unknown as ServerView;
  expect(await new Queues(view).of(description())).toEqual({
    queue: 'surefoot',
    state: 'unknown',
    text: 'whether anybody serves surefoot is not known: deadline exceeded',
  });
});
