import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { restartsSeen, tally } from '../../../src/domain/watch/instances.js';

describe('restarts by the starts that were told', () => {
  test.each<[string, string[][], number]>([
    ['one instance that runs on', [['a'], ['a'], ['a']], 0],
    ['one instance that was restarted twice', [['a'], ['b'], ['b'], ['c']], 2],
    ['two instances that run on, whoever answers', [['a', 'b'], ['a'], ['b'], ['b', 'a']], 0],
    [
      'two instances, both restarted one after the other',
      [
        ['a', 'b'],
        ['a', 'c'],
        ['c', 'd'],
      ],
      2,
    ],
    ['nothing but one look', [['a']], 0],
  ])('%s', (_, looks, value) => {
    expect(restartsSeen(looks)).toEqual({ value });
  });

  test.each<[string, string[][]]>([
    ['an instance that was not seen before', [['a'], ['a', 'b']]],
    ['two instances that answer in turn', [['a'], ['b'], ['a']]],
    [
      'a restart of which one instance is left',
      [
        ['a', 'b'],
        ['a', 'c'],
      ],
    ],
  ])('%s is not known to be a restart, nor to be none', (_, looks) => {
    expect(restartsSeen(looks)).toEqual({ unknown: expect.stringContaining('several instances answer') });
  });

  const instances = fc.integer({ min: 1, max: 5 }).map((count) => Array.from({ length: count }, (_, n) => `i${n}`));

  test('instances that run on are never restarted, in whatever order they answer', () => {
    const looks = instances.chain((all) =>
      fc.array(fc.subarray(all, { minLength: 1 }), { maxLength: 20 }).map((later) => [all, ...later]),
    );
    fc.assert(
      fc.property(looks, (seen) => {
        expect(restartsSeen(seen)).toEqual({ value: 0 });
      }),
    );
  });

  test('while one of the earlier instances answers, no restart counts', () => {
    const looks = fc.array(fc.subarray(['a', 'b', 'c', 'd'], { minLength: 1 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(looks, (seen) => {
        const restarts = restartsSeen(seen);
        const earlier = seen[0] ?? [];
        const stillThere = (seen.at(-1) ?? []).some((start) => earlier.includes(start));
        if (stillThere && 'value' in restarts) expect(restarts.value).toBe(0);
      }),
    );
  });

  test('of one instance every new start counts', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 }), (lives) => {
        const looks = lives.flatMap((times, life) => Array.from({ length: times }, () => [`start ${life}`]));
        expect(restartsSeen(looks)).toEqual({ value: lives.length - 1 });
      }),
    );
  });
});

test('what answers say together: the most frequent first', () => {
  expect(tally(['v2', 'v2'])).toBe('v2');
  expect(tally(['v1', 'v2', 'v2'])).toBe('v2 in 2 of 3 answers, v1 in 1');
});
