import { expect, test } from 'vitest';
import { WorldClock } from '../../../src/rehearsal/world/clock.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test('what the machine needs for its work is no time, however often', () => {
  const clock = new WorldClock();
  const start = 1_790_000_000_000;
  const own = Array.from({ length: 500 }, (_, index) => clock.observe(start + index * 900));
  expect(new Set(own)).toEqual(new Set([0]));
});

test('time that was skipped is, to the minute', () => {
  const clock = new WorldClock();
  clock.observe(0);
  expect(clock.observe(4 * HOUR + 2_345)).toBe(4 * HOUR);
  expect(clock.observe(5 * HOUR + 3_000)).toBe(5 * HOUR);
});

test('a moment that is known beforehand is exact', () => {
  const clock = new WorldClock();
  clock.observe(0);
  clock.mark(45 * SECOND, 45 * SECOND);
  expect(clock.observe(46_100)).toBe(45 * SECOND);
  expect(clock.observe(47_000)).toBe(45 * SECOND);
});

test('what was begun earlier and is seen later stands where it began', () => {
  const clock = new WorldClock();
  clock.observe(0);
  clock.mark(HOUR, HOUR);
  clock.observe(HOUR + 20);
  expect(clock.observe(500)).toBe(0);
  expect(clock.latest).toBe(HOUR);
});

test('a workflow whose clock stood still while another watched goes on where that one was', () => {
  const clock = new WorldClock();
  clock.observe(0);
  clock.mark(HOUR, HOUR);
  clock.rebase(HOUR);
  expect(clock.observe(1_500)).toBe(HOUR);
  expect(clock.observe(1_500 + 10 * MINUTE)).toBe(HOUR + 10 * MINUTE);
});
