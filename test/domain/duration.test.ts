import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../src/domain/duration.js';

describe('a duration of a plan file', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['24h', 86_400_000],
    ['30d', 2_592_000_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['0s', 0],
  ])('%s is %d milliseconds', (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds));

  test.each(['', '5', 'm', '5 m', '-5m', '5min', '1e3s', '5m!', ' 5m', '5m\n', '.5h', '5M', '∞s'])(
    '%j is none',
    (text) => expect(parseDuration(text)).toBeUndefined(),
  );

  test('is read back from the sum of its units', () => {
    const part = fc.nat({ max: 500 });
    fc.assert(
      fc.property(part, part, part, part, part, (d, h, m, s, ms) => {
        const expected = (((d * 24 + h) * 60 + m) * 60 + s) * 1_000 + ms;
        expect(parseDuration(`${d}d${h}h${m}m${s}s${ms}ms`)).toBe(expected);
      }),
    );
  });
});

describe('a duration for people', () => {
  test.each([
    [0, '0 ms'],
    [850, '850 ms'],
    [999.6, '1 s'],
    [1_000, '1 s'],
    [59_900, '1 min'],
    [90_000, '1 min 30 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [3_900_000, '1 h 5 min'],
    [86_400_000, '24 h'],
    [-90_000, '-1 min 30 s'],
  ])('%d milliseconds are %s', (milliseconds, text) => expect(formatDuration(milliseconds)).toBe(text));

  test('reads back as what it was, but for the units that are left out', () => {
    const back = (text: string) => parseDuration(text.replaceAll(' ', '').replace('min', 'm'));
    fc.assert(
      fc.property(fc.nat({ max: 40 * 86_400_000 }), (milliseconds) => {
        const again = back(formatDuration(milliseconds));
        const left = milliseconds < 1_000 ? 0 : milliseconds < 3_599_500 ? 500 : 60_000;
        expect(Math.abs((again ?? Number.NaN) - milliseconds)).toBeLessThanOrEqual(left);
      }),
    );
  });
});
