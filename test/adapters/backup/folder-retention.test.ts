/** Which dumps a folder lets go, by the times in their names. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dumpName, timeOfName } from '../../../src/adapters/backup/backup-store.js';
import { expired } from '../../../src/adapters/backup/folder-store.js';

const DAY = 86_400_000;
const NOW = Date.UTC(2031, 0, 1);
const nameOf = (at: number) => dumpName({ at, deployment: 'shop-1', generation: 1, sha256: 'a'.repeat(64) });

const anyName = fc.oneof(
  fc.integer({ min: 0, max: 90 * 24 }).map((hours) => nameOf(NOW - hours * 3_600_000)),
  fc.integer({ min: 0, max: 90 * 24 }).map((hours) => `${nameOf(NOW - hours * 3_600_000)}.part`),
  fc.string(),
);

test('none that is younger, and none whose name is not of our making; what is left stays', () => {
  let removed = 0;
  fc.assert(
    fc.property(fc.uniqueArray(anyName), fc.integer({ min: 1, max: 60 }), (names, days) => {
      const asked = { retention: days * DAY, now: NOW };
      const { old } = expired(names, asked);
      removed += old.length;
      for (const name of old) {
        const at = timeOfName(name.replace(/\.part$/, ''));
        expect(at).toBeDefined();
        expect(NOW - (at ?? NOW)).toBeGreaterThan(days * DAY);
      }
      expect(
        expired(
          names.filter((name) => !old.includes(name)),
          asked,
        ).old,
      ).toEqual([]);
    }),
  );
  expect(removed).toBeGreaterThan(0);
});

test('none at all while one is of the future: whose clock is wrong, nobody knows', () => {
  const [old, future] = [nameOf(NOW - 90 * DAY), nameOf(NOW + DAY)];
  const asked = { retention: DAY, now: NOW };
  expect(expired([old], asked)).toEqual({ old: [old] });
  expect(expired([old, future], asked)).toEqual({ old: [], inDoubt: future });
});
