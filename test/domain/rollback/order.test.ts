import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mayGoCodeFirst, orderFor, orderOf, UNPROVEN } from '../../../src/domain/rollback/order.js';

const maybe = fc.option(fc.boolean(), { nil: undefined });
const mixtures = fc.record({
  migratesFirst: fc.boolean(),
  newCode: maybe,
  previousCode: fc.boolean(),
  undoneFromPrevious: maybe,
});

describe('the order of a full rollback', () => {
  test('is that of the plan, backwards, where both mixtures have been seen to work', () => {
    const seen = { newCode: true, previousCode: true, undoneFromPrevious: true };
    expect(orderOf({ migratesFirst: false, ...seen })).toMatchObject({ first: 'migration', proven: true });
    expect(orderOf({ migratesFirst: true, ...seen })).toMatchObject({ first: 'code', proven: true });
  });

  test.each([
    [false, { newCode: false, previousCode: true, undoneFromPrevious: true }, 'code'],
    [true, { newCode: true, previousCode: true, undoneFromPrevious: false }, 'migration'],
    [true, { newCode: true, previousCode: false }, 'migration'],
  ])('is the other one where only that has been seen to work (migrates first: %s)', (migratesFirst, seen, first) => {
    expect(orderOf({ migratesFirst, ...seen })).toMatchObject({ first, proven: true });
  });

  test('is what always can be done where neither has, and says what is missing', () => {
    const { first, proven, reason } = orderOf({ migratesFirst: true, newCode: false, previousCode: true });
    expect({ first, proven }).toEqual({ first: 'migration', proven: false });
    expect(reason).toContain('the new code failed there, and undoing the migration');
    const untried = orderOf({ migratesFirst: false, previousCode: false });
    expect(untried.reason).toContain('was not tried there, and the previous code is not proven on the new schema');
  });

  test('is proven only by a mixture that was seen to work, whatever the plan', () => {
    fc.assert(
      fc.property(mixtures, (seen) => {
        const { first, proven, reason } = orderOf(seen);
        const { newCode, previousCode, undoneFromPrevious } = seen;
        const codeFirst = previousCode && undoneFromPrevious === true;
        expect(proven).toBe(newCode === true || codeFirst);
        if (first === 'code') expect(codeFirst).toBe(true);
        if (first === 'migration' && proven) expect(newCode).toBe(true);
        expect(reason).not.toBe('');
      }),
    );
  });

  test('is never hindered by what was not tried although it would have mattered', () => {
    fc.assert(
      fc.property(mixtures, (seen) => {
        const without = orderOf({ ...seen, undoneFromPrevious: undefined });
        const withIt = orderOf({ ...seen, undoneFromPrevious: true });
        if (!mayGoCodeFirst(seen)) expect(withIt).toMatchObject({ first: without.first, proven: without.proven });
      }),
    );
  });

  test('does not take the code back first where another release ran than staging has tried', () => {
    const full = orderOf({ migratesFirst: true, previousCode: true, undoneFromPrevious: true });
    expect(orderFor(full, true)).toEqual(full);
    expect(orderFor(full, false)).toMatchObject({ first: 'migration', proven: false });
    expect(orderFor(undefined, true)).toEqual(UNPROVEN);
  });
});
