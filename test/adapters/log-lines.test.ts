import { expect, test } from 'vitest';
import { newLines } from '../../src/adapters/log-lines.js';

test('lines that were gone from one output and are there again are not new', () => {
  const count = newLines(/CRITICAL/);
  const log = '1 CRITICAL\n2 CRITICAL\n';
  expect(count(log)).toBe(0);
  expect(count('')).toBe(0);
  expect(count(`${log}3 CRITICAL\n`)).toBe(1);
});

test('the first lines of a log that was empty are new', () => {
  const count = newLines(/CRITICAL/);
  expect(count('\n')).toBe(0);
  expect(count('1 CRITICAL\n')).toBe(1);
});
