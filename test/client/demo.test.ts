/** What the demo says beside the board. */
import { expect, test } from 'vitest';
import { busyLines, stopwatch } from '../../src/client/commands/demo.js';
import { stepWith } from './ledgers.js';

test('a long step of the demo shows how long it has been at work, from a second on', () => {
  const look = stopwatch();
  expect(look('step 1', 5_000)).toBe('');
  expect(look('step 1', 5_900)).toBe('');
  expect(look('step 1', 17_300)).toContain('At work for 12 s');
  expect(look('step 2', 17_600)).toBe('');
  expect(look('step 2', 19_600)).toContain('At work for 2 s');
});

test('a load test that fails without a fault is said to be of a busy machine', () => {
  const after = (...steps: ReturnType<typeof stepWith>[]) => busyLines({ steps, loadTests: ['basic', 'stress'] });
  const failed = stepWith({ id: 'stress', state: 'failed' });
  expect(after(stepWith({ id: 'basic', state: 'passed' }), failed)).toEqual([
    'This machine was too busy for the load test’s limits (stress): run it again',
  ]);
  expect(after(stepWith({ id: 'stress', state: 'passed' }), stepWith({ state: 'failed' }))).toEqual([]);
});
