import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../../src/plan/core/digest.js';
import { differencesOf } from '../../../src/plan/diff/differences.js';

/** Values as resolved plans have them: maps, lists of named things, lists of words. */
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'value' },
    fc.constantFrom('a', 'b', '', 0, 1, true, null),
    fc.array(fc.constantFrom('x', 'y'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('p', 'q', 'r.s'), tie('value'), { maxKeys: 3 }),
    fc.array(fc.record({ id: fc.constantFrom('one', 'two', 'three'), of: tie('value') }), { maxLength: 3 }),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
}));

test('there is a difference where, and only where, the digests differ', () => {
  fc.assert(
    fc.property(value, value, (before, after) => {
      expect(differencesOf(before, after).length === 0).toBe(digestOf(before) === digestOf(after));
      expect(differencesOf(before, structuredClone(before))).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test('seen from the other side it is the same, turned round', () => {
  const byPath = (a: { path: string }, b: { path: string }) => (a.path < b.path ? -1 : 1);
  fc.assert(
    fc.property(value, value, (before, after) => {
      const back = differencesOf(after, before).map(({ path, ...values }) => ({
        path,
        ...('after' in values ? { before: values.after } : {}),
        ...('before' in values ? { after: values.before } : {}),
      }));
      expect(back.sort(byPath)).toEqual(differencesOf(before, after).sort(byPath));
    }),
    { numRuns: 1_000 },
  );
});

test('a part that is missing is not one that is null', () => {
  expect(differencesOf({ tick: null }, {})).toEqual([{ path: 'tick', before: null }]);
});

test('a thing with a name is compared with the one of that name, wherever it stands', () => {
  const before = { checks: [{ id: 'list', status: 200 }] };
  const after = {
    checks: [
      { id: 'login', status: 201 },
      { id: 'list', status: 204 },
    ],
  };
  expect(differencesOf(before, after)).toEqual([
    { path: 'checks[list].status', before: 200, after: 204 },
    { path: 'checks[login]', after: { id: 'login', status: 201 } },
  ]);
});

test('another order is a difference', () => {
  const [one, two] = [{ id: 'one' }, { id: 'two' }];
  expect(differencesOf({ checks: [one, two] }, { checks: [two, one] })).toEqual([
    { path: 'checks (order)', before: ['one', 'two'], after: ['two', 'one'] },
  ]);
  expect(differencesOf({ run: ['npm', 'ci'] }, { run: ['ci', 'npm'] })).toEqual([
    { path: 'run', before: ['npm', 'ci'], after: ['ci', 'npm'] },
  ]);
});

test('things whose names do not tell them apart are compared by their places', () => {
  const before = { by: [{ step: 'soak', fact: 'a' }] };
  const after = {
    by: [
      { step: 'soak', fact: 'b' },
      { step: 'soak', fact: 'c' },
    ],
  };
  expect(differencesOf(before, after)).toEqual([
    { path: 'by[0].fact', before: 'a', after: 'b' },
    { path: 'by[1]', after: { step: 'soak', fact: 'c' } },
  ]);
});
