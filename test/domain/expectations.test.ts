import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ChangeExpectation,
  compareNumbers,
  isNumber,
  judgeChange,
  judgeValue,
  type Read,
  type ValueExpectation,
} from '../../src/domain/expectations.js';

const COMPARISONS = ['=', '!=', '>', '>=', '<', '<='] as const;
const comparison = fc.constantFrom(...COMPARISONS);

/** A decimal by its digits and their place, and the same as a text. */
const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 12 }))
  .map(([units, scale]) => ({ units, scale, text: textOf(units, scale) }));

function textOf(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(-scale)}` : ''}`;
}

/** Text that is no number. */
const words = fc.string({ minLength: 4, maxLength: 40 }).filter((text) => !isNumber(text) && text.trim() === text);
const values = fc.oneof(
  decimals.map(({ text }) => text),
  words,
);
const unread: fc.Arbitrary<Read> = fc.string({ minLength: 1 }).map((unknown) => ({ unknown }));
const changes: fc.Arbitrary<ChangeExpectation> = fc.oneof(
  fc.constantFrom('unchanged' as const, 'at-least' as const).map((change) => ({ change })),
  fc.nat({ max: 100 }).map((share) => ({ within: `${share}` })),
);

const judge = (value: string, expected: ValueExpectation) => judgeValue({ value }, expected, 'the value');

describe('numbers', () => {
  test('are compared as the decimals that they are, to the last digit', () => {
    fc.assert(
      fc.property(decimals, decimals, (one, other) => {
        const left = one.units * 10n ** BigInt(12 - one.scale);
        const right = other.units * 10n ** BigInt(12 - other.scale);
        expect(compareNumbers(one.text, other.text)).toBe(left < right ? -1 : left > right ? 1 : 0);
      }),
    );
    expect(compareNumbers('9007199254740993', '9007199254740992')).toBe(1);
    expect(compareNumbers('0.10', '1e-1')).toBe(0);
    expect(compareNumbers('1e+21', '1000000000000000000000')).toBe(0);
  });

  test('of which one holds against another in exactly the ways that their order allows', () => {
    fc.assert(
      fc.property(decimals, decimals, (one, other) => {
        const holding = COMPARISONS.filter((sign) => judge(one.text, { comparison: sign, operand: other.text }).ok);
        const order = compareNumbers(one.text, other.text);
        expect(holding).toEqual(order === 0 ? ['=', '>=', '<='] : order > 0 ? ['!=', '>', '>='] : ['!=', '<', '<=']);
      }),
    );
  });

  test('that would be millions of digits long are taken for no numbers', () => {
    expect(isNumber('1e9999')).toBe(false);
    expect(judge('1e9999', { comparison: '>', operand: '1' })).toMatchObject({ ok: false, unknown: true });
  });
});

test('a text is the same as what it must be, or it is not, and is never told', () => {
  fc.assert(
    fc.property(words, words, (value, operand) => {
      const same = judge(value, { comparison: '=', operand });
      const other = judge(value, { comparison: '!=', operand });
      expect([same.ok, other.ok]).toEqual([value === operand, value !== operand]);
      if (value !== operand && !`the value is a text, must be = ${operand}`.includes(value)) {
        expect(same.text).not.toContain(value);
      }
    }),
  );
});

test('what has not been read, and what is no number where one is wanted, is unknown and never holds', () => {
  fc.assert(
    fc.property(unread, words, values, comparison, (read, text, operand, sign) => {
      const expected = { comparison: sign, operand };
      expect(judgeValue(read, expected, 'the value')).toMatchObject({ ok: false, unknown: true });
      if (isNumber(operand)) expect(judge(text, expected)).toMatchObject({ ok: false, unknown: true });
    }),
  );
});

describe('a comparison with before', () => {
  const change = (before: string, now: string, expected: ChangeExpectation) =>
    judgeChange({ value: before }, { value: now }, expected);

  test('that has nothing to compare with, or nothing to compare, is unknown', () => {
    fc.assert(
      fc.property(fc.option(unread, { nil: undefined }), unread, values, changes, (before, now, value, expected) => {
        expect(judgeChange(before, { value }, expected)).toMatchObject({ ok: false, unknown: true });
        expect(judgeChange({ value }, now, expected)).toMatchObject({ ok: false, unknown: true });
      }),
    );
  });

  test('of what has not changed holds, whatever it is, as far as it can be compared', () => {
    fc.assert(
      fc.property(values, changes, (value, expected) => {
        const found = change(value, value, expected);
        if (isNumber(value) || ('change' in expected && expected.change === 'unchanged')) expect(found.ok).toBe(true);
        else expect(found).toMatchObject({ ok: false, unknown: true });
      }),
    );
  });

  test('says whether it is less, and whether it has changed', () => {
    fc.assert(
      fc.property(decimals, decimals, (before, now) => {
        const order = compareNumbers(now.text, before.text);
        expect(change(before.text, now.text, { change: 'at-least' }).ok).toBe(order >= 0);
        expect(change(before.text, now.text, { change: 'unchanged' }).ok).toBe(order === 0);
      }),
    );
  });

  test('within a share of it has both its sides', () => {
    const within = (now: string, share = '5') => change('200', now, { within: share }).ok;
    expect([within('190'), within('189.99'), within('210'), within('210.01')]).toEqual([true, false, true, false]);
    expect([within('201', '0.5'), within('201.1', '0.5'), within('200', '0')]).toEqual([true, false, true]);
    expect([change('0', '0', { within: '5' }).ok, change('0', '1', { within: '100' }).ok]).toEqual([true, false]);
    expect(change('-200', '-190', { within: '5' }).ok).toBe(true);
  });
});
