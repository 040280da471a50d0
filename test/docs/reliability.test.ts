/** Each row of docs/reliability.md is reproduced by a test of that name, or by an option that the sweep has. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { VICTIMS } from '../kill/run.js';
import { TROUBLES } from '../kill/troubles.js';

const page = readFileSync('docs/reliability.md', 'utf8');
const rows = page
  .slice(page.indexOf('## Faults'))
  .split('\n')
  .filter((line) => line.startsWith('|'))
  .slice(2)
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, fault = '', moments = '', seen = '', tries = '', by = '']) => ({ fault, moments, seen, tries, by }));

const TEST = /^`(test\/[\w./-]+\.test\.ts)`: “([^”]+)”$/;
/** Of a sweep: how many of the moments of which path. */
const NUMBER = /^\d+$/;
const OF_SWEEP = /^\d+ of \d+ \((?:happy|code|migration|full)\)(?:, \d+ of \d+ \((?:happy|code|migration|full)\))*$/;
const SWEEP = /^`npm run test:kill -- --who (?:"([a-z -]+)"|([a-z]+))`$/;

test.each([
  ...['worker killed', 'recorder killed', 'worker and recorder killed', 'server killed', 'PostgreSQL restarted'],
  ...['connection to Temporal', 'connection to PostgreSQL', 'connection to the target and its metrics', 'S3'],
  ...['disk full', 'clock jumps', 'terminated', 'cancelled', 'reset', 'runner lost', 'build changed'],
])('the table has a row for: %s', (fault) => {
  expect(rows.filter((row) => row.fault.startsWith(fault))).not.toEqual([]);
});

test.each(rows)('$fault ($moments) has what reproduces it', ({ moments, seen, tries, by }) => {
  for (const cell of [moments, seen]) expect(cell).not.toBe('');
  const [, file, title] = TEST.exec(by) ?? [];
  expect(tries).toMatch(file === undefined ? OF_SWEEP : NUMBER);
  if (file !== undefined) return expect(readFileSync(file, 'utf8')).toContain(title);
  const [, trouble, who] = SWEEP.exec(by) ?? [];
  expect([...VICTIMS, ...TROUBLES]).toContain(trouble ?? who);
});

test.each(TROUBLES)('the sweep’s trouble “%s” has a row', (trouble) => {
  expect(rows.map(({ by }) => by)).toContain(`\`npm run test:kill -- --who "${trouble}"\``);
});
