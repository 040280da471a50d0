/** Whose evidence may go: what is older than was said, needed by nothing, and known to be both. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type EvidenceRules,
  judgeEvidence,
  type KeptEvidence,
} from '../../../src/domain/deployments/evidence-retention.js';

const DAY = 86_400_000;
const NOW = Date.UTC(2031, 0, 1);

/** Ended so many days before now. */
const ended = (days: number, more: Partial<KeptEvidence> & { succeeded?: boolean; retention?: number } = {}) => {
  const { succeeded = true, retention, ...changes } = more;
  const at = NOW - days * DAY;
  const end = { at, succeeded, ...(retention === undefined ? {} : { retention }) };
  return { deployment: `shop-${days}`, bytes: 1, writtenAt: at, end, ...changes } satisfies KeptEvidence;
};

const rules = (changes: Partial<EvidenceRules> = {}): EvidenceRules => ({
  ...{ retention: 30 * DAY, now: NOW, open: new Set<string>() },
  ...changes,
});

const last = ended(1);

test.each<[string, KeptEvidence, Partial<EvidenceRules>, RegExp | undefined]>([
  ['is old and followed by one that succeeded', ended(31), {}, undefined],
  ['is as old as it is kept, to the millisecond', ended(30), {}, /until 2031-01-01/],
  ['was written to since', { ...ended(31), writtenAt: NOW - DAY }, {}, /until 2031-01-30/],
  ['has a plan of its own that keeps it longer', ended(31, { retention: 60 * DAY }), {}, /until/],
  ['has a plan of its own that keeps it for less', ended(29, { retention: DAY }), {}, /until/],
  ['is of a plan that says nothing', ended(4_000), { retention: undefined }, /for good/],
  ['goes on', ended(31), { open: new Set(['shop-31']) }, /goes on/],
  ['has no archive', { ...ended(31), end: undefined }, {}, /no archive/],
  ['cannot be read', ended(31, { unknown: 'its key is not here' }), {}, /not known: its key is not here/],
])('what %s', (_, each, changes, why) => {
  const [judged] = judgeEvidence([each, last], rules(changes));
  expect(judged).toMatchObject({
    isRemovable: why === undefined,
    why: why ? expect.stringMatching(why) : 'ended 2030-12-01',
  });
});

test('all since the last deployment that succeeded stays, however old: production rests on it', () => {
  const all = [ended(90), ended(80), ended(70, { succeeded: false })];
  expect(judgeEvidence(all, rules()).map(({ isRemovable }) => isRemovable)).toEqual([true, false, false]);
});

test('one that nobody can read follows nothing, whatever it would say', () => {
  const unread = ended(1, { unknown: 'torn' });
  expect(judgeEvidence([ended(90), unread], rules()).map(({ isRemovable }) => isRemovable)).toEqual([false, false]);
});

test('while anything is of the future nothing goes: the clock is in doubt', () => {
  const judged = judgeEvidence([ended(90), ended(80), ended(-1)], rules());
  expect(judged.map(({ why }) => why)).toEqual(Array(3).fill('the clock is in doubt: shop--1 is of 2031-01-02'));
});

/** Of few: with more of what keeps all, or itself, nothing would ever go. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 11, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

const anyEvidence = fc
  .array(
    fc.record({
      bytes: fc.nat(),
      age: fc.integer({ min: 0, max: 90 }),
      isOfFuture: seldom(fc.constant(true)),
      writtenAge: seldom(fc.integer({ min: 0, max: 90 })),
      hasEnd: fc.boolean(),
      succeeded: fc.boolean(),
      retention: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined }),
      unknown: seldom(fc.constant('torn')),
      isOpen: fc.boolean(),
    }),
  )
  .map((all) =>
    all.map(({ isOfFuture, writtenAge, hasEnd, succeeded, retention, unknown, isOpen, bytes, ...of }, at) => {
      const age = isOfFuture ? -1 : of.age;
      return {
        isOpen,
        kept: {
          deployment: `shop-${at}`,
          bytes,
          writtenAt: NOW - (writtenAge ?? age) * DAY,
          ...(hasEnd
            ? { end: { at: NOW - age * DAY, succeeded, ...(retention ? { retention: retention * DAY } : {}) } }
            : {}),
          ...(unknown ? { unknown } : {}),
        } as KeptEvidence,
      };
    }),
  );

test('nothing goes that is younger, open, unread or the last good one; and what is left stays as it is', () => {
  let removed = 0;
  fc.assert(
    fc.property(anyEvidence, fc.integer({ min: 1, max: 30 }), (all, days) => {
      const kept = all.map((each) => each.kept);
      const open = new Set(all.flatMap(({ isOpen, kept: { deployment } }) => (isOpen ? deployment : [])));
      const asked = rules({ retention: days * DAY, open });
      const judged = judgeEvidence(kept, asked);
      const isOld = (at: number) => judged[at]?.isRemovable === true;
      for (const [at, { writtenAt, end, unknown, deployment }] of kept.entries()) {
        if (!isOld(at)) continue;
        removed += 1;
        expect(unknown).toBeUndefined();
        expect(open.has(deployment)).toBe(false);
        const youngest = Math.max(writtenAt, end?.at ?? Infinity);
        expect(NOW - youngest).toBeGreaterThan(Math.max(days * DAY, end?.retention ?? 0));
      }
      const good = kept.filter(({ end, unknown }) => end?.succeeded && unknown === undefined);
      const left = kept.filter((_, at) => !isOld(at));
      if (good.length > 0) expect(left.some(({ end }) => end?.succeeded)).toBe(true);
      expect(judgeEvidence(left, asked).filter(({ isRemovable }) => isRemovable)).toEqual([]);
    }),
    { numRuns: 500 },
  );
  // The laws would hold where nothing ever goes.
  expect(removed).toBeGreaterThan(0);
});
