import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agreement, linesOfAnswer } from '../../../src/domain/backup/answers.js';

const agree = (before: string[], after: string[], restored: string[]) => {
  const { ok, unknown, text } = agreement('contents', { before, after, restored });
  return { is: ok ? 'holds' : unknown ? 'unknown' : 'false', text };
};
const QUIET = ['orders 1042', 'people 7'];

describe('what was restored answers as the database did', () => {
  test('line by line', () => {
    expect(agree(QUIET, QUIET, QUIET)).toEqual({ is: 'holds', text: '2 lines, all as in the database' });
    expect(agree(QUIET, QUIET, ['orders 1042', 'people 6'])).toEqual({
      is: 'false',
      text: '"people 6", not "people 7" as in the database',
    });
    expect(agree(QUIET, QUIET, ['orders 1042'])).toEqual({
      is: 'false',
      text: 'one line where the database has 2',
    });
    expect(agree(QUIET, QUIET, ['orders 1041', 'people 6', 'x']).is).toBe('false');
  });

  test.each([
    ['as it was before', ['orders 1042'], 'holds'],
    ['as it was after', ['orders 1050'], 'holds'],
    ['with its number between the two', ['orders 1047'], 'holds'],
    ['with another word less', ['1047'], 'unknown'],
    ['with a number outside of them', ['orders 1051'], 'unknown'],
    ['with other words', ['bills 1047'], 'unknown'],
  ])('a line that changed meanwhile: %s', (_, restored, is) => {
    expect(agree(['orders 1042'], ['orders 1050'], restored).is).toBe(is);
    expect(agree(['orders 1050'], ['orders 1042'], restored).is).toBe(is);
  });

  test('each number of a line is between for itself; of dates, and of numbers that are not exact, nobody can tell', () => {
    expect(agree(['2026-11-30'], ['2026-12-01'], ['2026-11-15']).is).toBe('unknown');
    expect(agree(['orders|10|99'], ['orders|12|101'], ['orders|11|100']).is).toBe('holds');
    expect(agree(['orders|10|99'], ['orders|12|101'], ['orders|11|102']).is).toBe('unknown');
    expect(agree(['12:59'], ['13:01'], ['12:30']).is).toBe('unknown');
    expect(agree(['9007199254740993'], ['9007199254740999'], ['9007199254740995']).is).toBe('unknown');
  });

  test('a line that stood still has to be the same, whatever moved beside it', () => {
    expect(agree(['orders 1', 'people 7'], ['orders 3', 'people 7'], ['orders 2', 'people 8']).is).toBe('false');
  });

  test('lines that came or went meanwhile are not compared', () => {
    expect(agree(['a 1'], ['a 1', 'b 1'], ['a 2']).is).toBe('unknown');
    expect(agree(['a 1'], ['a 1', 'b 1'], ['a 1', 'b 1']).is).toBe('holds');
  });

  const lines = fc.array(fc.stringMatching(/^[a-c ]{0,3}-?\d{1,4}(\.\d)?$/), { minLength: 1, maxLength: 4 });
  test('holds only where each line is one of the two, or differs from them in a number between theirs', () => {
    fc.assert(
      fc.property(lines, lines, lines, (before, after, restored) => {
        const { is } = agree(before, after, restored);
        const isOne = [before, after].some((one) => JSON.stringify(one) === JSON.stringify(restored));
        if (isOne) expect(is).toBe('holds');
        if (JSON.stringify(before) === JSON.stringify(after)) expect(is).toBe(isOne ? 'holds' : 'false');
        if (is !== 'holds' || isOne) return;
        restored.forEach((line, place) => {
          const ends = [before[place], after[place]];
          const numbers = [...ends, line].map((text = '') => Number(/-?\d+(\.\d)?$/.exec(text)?.[0]));
          const [from = 0, to = 0, at = 0] = numbers;
          if (!ends.includes(line)) expect(at >= Math.min(from, to) && at <= Math.max(from, to)).toBe(true);
        });
      }),
    );
  });

  test('blanks around lines mean nothing', () => {
    expect(linesOfAnswer('\r\n a 1 \r\n\n b 2\n')).toEqual(['a 1', 'b 2']);
  });
});
