import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runnerQueue, TASK_QUEUE } from '../../src/contract/names.js';
import type { Connected } from '../../src/temporal/connection.js';
import { judgePollers, type QueueService, queueServices, unserved } from '../../src/temporal/queue-service.js';
import { type Answer, conforms } from '../conformance/reader.js';
import { type Described, describing } from '../helpers/temporal-stub.js';

const NOW = Date.UTC(2026, 0, 1);
const QUEUE = runnerQueue('0123456789abcdef');
const ago = (seconds: number) => NOW - seconds * 1_000;

describe('whether a queue is served', () => {
  test('a worker that asked within two minutes serves it; one that stopped earlier is remembered and does not', () => {
    expect(judgePollers(QUEUE, [{ identity: '7@a', at: ago(70) }], NOW)).toMatchObject({ state: 'served', workers: 1 });
    expect(judgePollers(QUEUE, [{ identity: '7@a', at: ago(180) }], NOW)).toEqual({
      queue: QUEUE,
      state: 'nobody',
      workers: 0,
      text: 'runner 0123456789abcdef has not been served since 2025-12-31T23:57:00.000Z; 7@a last asked 3 min ago',
      advice: expect.stringContaining('the state folder of runner 0123456789abcdef'),
    });
    expect(judgePollers(QUEUE, [], NOW).state).toBe('nobody');
  });

  test('a server that does not say when they asked leaves it unknown', () => {
    expect(judgePollers(QUEUE, [{ identity: '7@a' }], NOW).state).toBe('unknown');
  });

  test('a deployment from before runners had an identity is told on which machine it waits', () => {
    const { advice } = judgePollers(`${TASK_QUEUE}@old-host-1-0a1b2c3d`, [], NOW);
    expect(advice).toContain('on the machine with the host name old-host-1;');
  });

  test('it is served exactly when somebody asked lately, whoever else once did', () => {
    const poller = fc.record({
      identity: fc.string(),
      at: fc.option(fc.integer({ min: -50_000_000, max: 600_000 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(poller), (all) => {
        const pollers = all.map(({ identity, at }) => ({ identity, at: at === undefined ? undefined : NOW + at }));
        const { state, workers } = judgePollers(QUEUE, pollers, NOW);
        const lately = pollers.filter(({ at }) => at !== undefined && at > NOW - 120_000).length;
        expect(workers).toBe(lately);
        expect(state === 'served').toBe(lately > 0);
        expect(state === 'nobody').toBe(lately === 0 && pollers.every(({ at }) => at !== undefined));
      }),
    );
  });
});

async function look(described: Described): Promise<QueueService> {
  const connection = await describing(described);
  const [shared] = await queueServices({ connection, namespace: 'default' } as Connected, [], { within: 500 });
  return shared as QueueService;
}

async function answer(described: Described): Promise<Answer> {
  const { state, text } = await look(described);
  if (state === 'unknown') return { unknown: text };
  return state === 'nobody' ? { none: text } : { known: text };
}

const poller = (more: object = {}) => ({
  identity: '7@machine',
  lastAccessTime: { seconds: Math.floor(Date.now() / 1_000) as never, nanos: 0 },
  ...more,
});

conforms('temporal/queue-service.ts', {
  value: () => answer({ pollers: [poller()] }),
  none: () => answer({ pollers: [] }),
  hidden: () => answer({ code: status.PERMISSION_DENIED, details: 'not allowed' }),
  partial: () => answer({ pollers: [poller({ lastAccessTime: undefined })] }),
  error: () => answer({ code: status.INTERNAL, details: 'no shard' }),
  hang: () => answer('nothing'),
  nonsense: () => answer(Buffer.from('\xff\xff\xff\xff nonsense', 'latin1')),
  huge: () => answer({ pollers: Array.from({ length: 60_000 }, () => poller({ identity: 'x'.repeat(100) })) }),
});

test('what nobody serves is told apart from what cannot be seen', async () => {
  const hidden = await look({ code: status.PERMISSION_DENIED, details: 'not allowed' });
  const empty = await look({ pollers: [] });
  expect(unserved([hidden, empty])).toEqual([empty]);
});
