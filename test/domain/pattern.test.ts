import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LONGEST_LINE, matcher, PatternError, patternProblem, wholeMatcher } from '../../src/domain/pattern.js';

describe('a pattern of a plan', () => {
  test.each([
    ['(?=b)', '(?=', 'look-around is not possible'],
    ['a(?!b)', '(?!', 'look-around is not possible'],
    ['(?<=a)b', '(?<=', 'look-around is not possible'],
    ['(?<!a)b', '(?<!', 'look-around is not possible'],
    ['(a)\\1', '\\1', 'back references are not possible'],
    ['(?<x>a)\\k<x>', '\\k', 'back references are not possible'],
    ['a{1001}', '{1001}', 'a repetition is at most {1000}'],
    ['a++', '++', 'possessive and nested repetitions are not possible'],
  ])('%s is refused with what to write instead', (source, part, words) => {
    expect(patternProblem(source)).toContain(`Holds \`${part}`);
    expect(patternProblem(source)).toContain(words);
    expect(() => matcher(source)).toThrow(PatternError);
  });

  test.each(['(', '[a', '*', 'a)', '\\e', '[^]'])('%s is no regular expression', (source) => {
    expect(patternProblem(source)).toContain('Is not a regular expression');
  });

  test('one that is too large to be matched quickly is refused', () => {
    expect(patternProblem('(?:a?){1000}a{1000}b')).toContain('Is too large');
    expect(patternProblem('(\\w{1,30}b){3}')).toBeUndefined();
  });

  test.each([
    ['\\u00e7\\u00E3o', 'manutenção', true],
    ['\\b(CRITICAL|FATAL|PANIC)\\b', 'x FATAL: no', true],
    ['\\b(CRITICAL|FATAL|PANIC)\\b', 'FATALLY', false],
    ['"level":60\\b', '{"level":60,"a":1}', true],
    ['^\\d{4}-\\d\\d', '2026-11-26', true],
    ['(?i)error', 'An ERROR', true],
    ['\\\\u00e7', '\\u00e7', true],
  ])('%s reads %j as JavaScript does', (source, text, found) => {
    expect(matcher(source)(text)).toBe(found);
  });

  test('the whole must match where a label is meant, whatever alternatives and line breaks there are', () => {
    expect(wholeMatcher('5..|4..')('500')).toBe(true);
    expect(wholeMatcher('5..|4..')('5000')).toBe(false);
    expect(wholeMatcher('a.c')('a\nc')).toBe(true);
    // Not a way out of the group that an anchored expression is put into.
    expect(() => wholeMatcher('a)|(b')).toThrow(PatternError);
  });

  /** Small expressions that both engines have; with nested repetitions, since those are what JavaScript chokes on. */
  const { expression } = fc.letrec<{ expression: string; atom: string }>((tie) => ({
    atom: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constantFrom('a', 'b', '[ab]', '.', '\\d', '\\w', '\\s', 'é'),
      tie('expression').map((inner) => `(${inner})`),
    ),
    expression: fc
      .array(fc.tuple(tie('atom'), fc.constantFrom('', '*', '+', '?', '{1,3}', '|')), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.map(([atom, times]) => `${atom}${times === '|' ? '|b' : times}`).join('')),
  }));

  test('finds what JavaScript finds, in whatever order the expression is put together', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', 'é', '_', '-'), maxLength: 12 });
    fc.assert(
      fc.property(expression, text, (source, line) => {
        fc.pre(patternProblem(source) === undefined);
        expect(matcher(source)(line)).toBe(new RegExp(source).test(line));
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(['(a+)+$', '(\\w+\\s?)*$', '(x+x+)+y', '(a|aa)+$', '([a-z]+)*\\d', '(.*)*[!?]', '^(([a-z])+.)+[A-Z]'])(
    '%s is through with 120,000 characters in a moment, where JavaScript is not in a lifetime',
    { timeout: 5_000 },
    (source) => {
      const find = matcher(source);
      for (const line of [`${'a'.repeat(120_000)}_`, `${'x'.repeat(120_000)}_`, `${'ab '.repeat(40_000)}_`]) find(line);
    },
  );

  test('the largest pattern that is allowed is through with the longest line in seconds', { timeout: 20_000 }, () => {
    const line = Array.from({ length: LONGEST_LINE }, (_, n) => ((n * 7_919) % 13 < 6 ? 'a' : 'b')).join('');
    for (const source of ['[ab]*a[ab]{900}[cd]', 'a.{900}[yz]', '(?:a?){300}a{300}[cd]', '(?:[ab]{1,15}){30}[cd]']) {
      expect(patternProblem(source)).toBeUndefined();
      expect(matcher(source)(line)).toBe(false);
    }
  });
});
