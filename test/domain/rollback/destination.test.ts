/** Where a downgrade of production goes: nowhere that somebody has not seen, and to nothing only by a person's word. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { destinationOf } from '../../../src/domain/rollback/destination.js';

type Seen = string | null | undefined;

/** As three have seen it: before the deploy, on staging, and by the migration itself. */
const seen = (found: Seen, wentBackTo: Seen, migratedFrom: Seen): Parameters<typeof destinationOf>[0] => ({
  production: { codeDeployed: true, migrated: true, maintenance: false, found: { revision: found }, migratedFrom },
  eligibility: { migration: true, code: true, reasons: [], wentBackTo },
});
const doubts = (...parts: Parameters<typeof destinationOf>) => {
  const destination = destinationOf(...parts);
  return 'doubts' in destination ? destination.doubts.join('; ') : undefined;
};

describe('a downgrade of production', () => {
  test('goes back to the revision that all three have seen', () => {
    expect(destinationOf(seen('old', 'old', 'old'))).toEqual({ to: 'old' });
  });

  test.each<[string, Seen, Seen, Seen, string]>([
    ['nobody could see what production was at', undefined, 'old', 'old', 'was found at an unknown revision'],
    ['staging has proven no way back', 'old', undefined, 'old', 'staging went back to an unknown revision'],
    ['the migration has not told its start', 'old', 'old', undefined, 'started from an unknown revision'],
    ['staging went back to another revision', 'old', 'older', 'old', 'staging went back to older'],
    ['the migration started from another revision', 'old', 'old', 'odd', 'production started from odd'],
    ['production was thought to have none', null, 'old', 'old', 'was found at base'],
  ])('is not certain when %s', (_, found, wentBackTo, migratedFrom, said) => {
    expect(doubts(seen(found, wentBackTo, migratedFrom))).toContain('it is not certain which revision');
    expect(doubts(seen(found, wentBackTo, migratedFrom))).toContain(said);
  });

  test('to no revision at all needs a person who names it, even when all agree', () => {
    expect(doubts(seen(null, null, null))).toContain('a person has to name base');
    expect(destinationOf(seen(null, null, null), 'base')).toEqual({ to: null });
  });

  test('goes where a person says, as long as somebody has seen that', () => {
    expect(destinationOf(seen('old', undefined, 'older'), 'older')).toEqual({ to: 'older' });
    expect(doubts(seen('old', undefined, 'old'), 'base')).toContain('base is none of the revisions that were seen');
    expect(destinationOf(seen(undefined, undefined, undefined), 'old')).toEqual({ to: 'old' });
  });

  test('never goes to nothing unasked, nor anywhere that one of the three has not seen', () => {
    const revision = fc.constantFrom<Seen>('a', 'b', null, undefined);
    fc.assert(
      fc.property(revision, revision, revision, (...all) => {
        const destination = destinationOf(seen(...all));
        if ('doubts' in destination) {
          expect(destination.doubts.join()).not.toBe('');
          return;
        }
        expect(destination.to).not.toBeNull();
        expect(all).toEqual([destination.to, destination.to, destination.to]);
      }),
    );
  });
});
