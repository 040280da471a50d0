import { expect, test } from 'vitest';
import { judgeLines, newLines } from '../../../src/adapters/metrics/log-lines.js';
import { LONGEST_LINE, matcher } from '../../../src/domain/pattern.js';

const long = (beginning: string, end = '') => `${beginning.padEnd(LONGEST_LINE, '.')}${end}`;

test('a critical word beyond the longest line is not missed silently', async () => {
  const count = newLines(matcher('CRITICAL'));
  await count('');
  await expect(count(long('fine', 'CRITICAL'))).rejects.toThrow('1 line of more than 65536 characters');
  // It is still in the next output; it has been told, and is no longer new.
  expect(await count(`${long('fine', 'CRITICAL')}\nCRITICAL\n`)).toBe(1);
});

test('what came together with a line that cannot be judged is counted by the next look', async () => {
  const count = newLines(matcher('CRITICAL'));
  await count('');
  await expect(count(`CRITICAL\n${long('fine', 'more')}`)).rejects.toThrow('cannot be judged');
  expect(await count(`CRITICAL\n${long('fine', 'more')}`)).toBe(1);
  expect(await count(`CRITICAL\n${long('fine', 'more')}`)).toBe(0);
});

test('of a line that is too long the beginning is judged, and of the longest that is not all', async () => {
  const exactly = `${'.'.repeat(LONGEST_LINE - 8)}CRITICAL`;
  const lines = [long('CRITICAL', 'more'), exactly, 'fine', long('fine', '.')];
  expect(await judgeLines(lines, matcher('CRITICAL'))).toEqual({
    matching: [long('CRITICAL', 'more'), exactly],
    unread: [long('fine', '.')],
  });
});

test('a line break of Windows is no part of a line', async () => {
  const count = newLines(matcher('failed$'));
  await count('');
  expect(await count('it failed\r\nfine\r\n')).toBe(1);
});

test('others have their turn while lines are judged that take their time', async () => {
  let turns = 0;
  const stop = new AbortController();
  const others = (): void => {
    turns += 1;
    if (!stop.signal.aborted) setImmediate(others);
  };
  setImmediate(others);
  const slow = () => {
    const end = performance.now() + 60;
    while (performance.now() < end);
    return false;
  };
  await judgeLines(['1', '2', '3', '4'], slow);
  stop.abort();
  expect(turns).toBeGreaterThanOrEqual(4);
});

test('lines that were gone from one output and are there again are not new', async () => {
  const count = newLines(matcher('CRITICAL'));
  const log = '1 CRITICAL\n2 CRITICAL\n';
  expect(await count(log)).toBe(0);
  expect(await count('')).toBe(0);
  expect(await count(`${log}3 CRITICAL\n`)).toBe(1);
});

test('the first lines of a log that was empty are new', async () => {
  const count = newLines(matcher('CRITICAL'));
  expect(await count('\n')).toBe(0);
  expect(await count('1 CRITICAL\n')).toBe(1);
});
