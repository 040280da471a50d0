import { describe, expect, test } from 'vitest';
import { type BetweenBoth, betweenBoth, betweenProven } from '../../../src/domain/rollback/between.js';
import { orderOf } from '../../../src/domain/rollback/order.js';

const release = { target: 'v2', previous: 'v1' };
const after: BetweenBoth = { migratesFirst: false, maintenance: false, tried: true, release };
const before: BetweenBoth = { ...after, migratesFirst: true };
const proven = { migration: true, code: true, newCode: true, reasons: [] };

describe('what users are on between deploy and migration', () => {
  test('is said of a plan before anything is tried', () => {
    expect(betweenBoth(after)).toBe(
      'between deploy and migration users are on v2 and the old schema; staging looks first whether that works',
    );
    expect(betweenBoth({ ...before, tried: false })).toBe(
      'between migration and deploy users are on v1 and the new schema; nobody has looked whether that works',
    );
    expect(betweenBoth({ ...before, maintenance: true })).toContain('maintenance mode');
  });

  test('is said with what staging has shown, and the order that would be better', () => {
    expect(betweenProven(after, proven)).toEqual([
      'between deploy and migration users are on v2 and the old schema: staging has shown that it works',
    ]);
    const [shown, better] = betweenProven(after, { ...proven, newCode: false });
    expect(shown).toContain('staging has not shown that it works');
    expect(better).toContain('with `migration.when: before-deploy`, between migration and deploy users are on v1');
    expect(betweenProven(before, { ...proven, code: false })[1]).toContain('`migration.when: after-deploy`');
  });

  test('has no better order where nothing is shown, or users are kept out', () => {
    expect(betweenProven(after, undefined)).toHaveLength(1);
    expect(betweenProven({ ...after, maintenance: true }, { ...proven, newCode: false })).toHaveLength(1);
  });

  test('is followed by what a full rollback would be like', () => {
    const full = orderOf({ migratesFirst: false, newCode: true, previousCode: true });
    expect(betweenProven(after, { ...proven, full }).at(-1)).toBe(`in a full rollback ${full.reason}`);
  });
});
