import fc from 'fast-check';
import { expect, test } from 'vitest';
import { commitFact, commitIn, isBranchByName } from '../../src/domain/commit.js';

const hexadecimal = (least: number, most: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: least, maxLength: most });
const commit = hexadecimal(40, 40);

test('a commit is known by its name in full, or by seven characters of it, in whatever case', () => {
  fc.assert(
    fc.property(commit, fc.integer({ min: 7, max: 40 }), fc.boolean(), (expected, length, isUpper) => {
      const name = expected.slice(0, length);
      const told = [{ value: isUpper ? name.toUpperCase() : name }];
      expect(commitFact(told, expected)).toEqual({
        name: 'commit',
        ok: true,
        text: `commit ${expected.slice(0, 12)}`,
      });
    }),
  );
});

test('another commit is a failure that names both, also where only one of several answers tells it', () => {
  fc.assert(
    fc.property(commit, hexadecimal(7, 40), fc.nat(3), (expected, other, more) => {
      fc.pre(!expected.startsWith(other));
      const right = Array.from({ length: more }, () => ({ value: expected }));
      const fact = commitFact([...right, { value: other }, { unknown: 'no commit in the answer' }], expected);
      expect(fact.unknown).toBeUndefined();
      expect(fact.ok).toBe(false);
      expect(fact.text).toContain(other.slice(0, 12));
      expect(fact.text).toContain(`instead of ${expected.slice(0, 12)}`);
    }),
  );
});

test('what is not told, is too short to tell, or is no name of a commit is unknown, and never the right one', () => {
  const untold = fc.oneof(
    fc.constantFrom('', 'unknown', 'main', 'v5.1.0', 'abc123', 'abcdef1-dirty', `${'a'.repeat(65)}`),
    hexadecimal(0, 6),
  );
  fc.assert(
    fc.property(commit, untold, fc.boolean(), (expected, value, isTold) => {
      const answer = isTold ? { value } : { unknown: 'no commit' };
      expect(commitFact([{ value: expected }, answer], expected)).toMatchObject({ ok: false, unknown: true });
      expect(commitIn([answer])).toBeUndefined();
    }),
  );
  expect(commitFact([{ value: 'a'.repeat(40) }], '')).toMatchObject({ ok: false, unknown: true });
  expect(commitFact([], 'a'.repeat(40))).toMatchObject({ ok: false, unknown: true });
});

test('what all answers tell alike is the commit that was found', () => {
  expect(commitIn([{ value: 'ABCDEF1' }, { value: 'ABCDEF1' }])).toBe('abcdef1');
  expect(commitIn([{ value: 'abcdef1' }, { value: 'abcdef2' }])).toBeUndefined();
  expect(commitIn([{ value: 'abcdef1' }, { unknown: 'no commit' }])).toBeUndefined();
  expect(commitIn([])).toBeUndefined();
});

test.each([
  ['main', true],
  ['release/next', true],
  ['HEAD', true],
  ['v5.1.0', undefined],
  ['release/5.1', undefined],
  ['abcdefa', undefined],
])('%s is surely a branch: %s', (name, expected) => {
  expect(isBranchByName(name)).toBe(expected);
});
