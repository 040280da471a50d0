import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lookForShown, type ShownDeployments } from '../../../src/domain/watchdog/shown.js';

const HOUR = 3_600_000;
const run = (runId: string) => ({ workflowId: 'surefoot/shop/production', runId });

test('one that goes on is remembered by its newest run, one that is gone until its forge was told, at most an hour', () => {
  const open = new Map([['a', run('1')]]);
  const first = lookForShown({}, open, 0);
  expect(first).toEqual({ shown: { a: { run: run('1') } }, gone: [] });
  const reset = lookForShown(first.shown, new Map([['a', run('2')]]), 1);
  expect(reset).toEqual({ shown: { a: { run: run('2') } }, gone: [] });
  const gone = lookForShown(reset.shown, new Map(), 2);
  expect(gone).toEqual({ shown: { a: { run: run('2'), goneSince: 2 } }, gone: ['a'] });
  expect(lookForShown(gone.shown, new Map(), 1 + HOUR)).toEqual(gone);
  expect(lookForShown(gone.shown, new Map(), 2 + HOUR)).toEqual({ shown: {}, gone: [] });
  expect(lookForShown(gone.shown, open, 3)).toEqual(first);
});

test('nothing is forgotten in the look in which it goes, and nothing that goes on is gone', () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
  fc.assert(
    fc.property(fc.array(names, { maxLength: 6 }), (looks) => {
      let before: ShownDeployments = {};
      for (const [now, open] of looks.entries()) {
        const known = Object.keys(before);
        const { shown, gone } = lookForShown(before, new Map(open.map((name) => [name, run(name)])), now);
        expect(Object.keys(shown).sort()).toEqual([...new Set([...known, ...open])].sort());
        expect(gone.sort()).toEqual(known.filter((name) => !(open as string[]).includes(name)).sort());
        before = shown;
      }
    }),
  );
});
