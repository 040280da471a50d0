/**
 * What a value that a check reads must be, and what was read says of it. Pure.
 *
 * A value is text, as databases and JSON write it. Numbers are compared as the decimals that they are: no digit of a large
 * one is lost. What could not be read, and what cannot be compared, is unknown: it never holds.
 */
import { type Fact, unknownFact } from './evidence.js';
import type { Comparison } from './watch/criteria.js';

/** `= 0`, `!= failed`, `> 10`; numbers are compared with numbers, any other text for being the same. */
export interface ValueExpectation {
  comparison: Comparison | '=' | '!=';
  operand: string;
}

/** What a value must be against itself before the deploy; `within` is a share of that, in percent. */
export type ChangeExpectation = { change: 'unchanged' | 'at-least' } | { within: string };

/** A value, or why there is none. */
export type Read = { value: string } | { unknown: string };

/** Whether it holds, and what was seen. */
type Finding = Omit<Fact, 'name' | 'by'>;

/** No exponent that would make a number of a million digits. */
const NUMBER = /^([-+]?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d{1,3}))?$/;

export const isNumber = (text: string): boolean => NUMBER.test(text);

/** `= 0` as it is written. */
export const expectationText = ({ comparison, operand }: ValueExpectation): string => `${comparison} ${operand}`;

/** A value for people. Text is not repeated: it may be what somebody wrote about somebody. */
export const valueText = (value: string): string =>
  isNumber(value) || value === 'true' || value === 'false' ? value : 'a text';

/** @param what is read, for people: `the value`, `queue.length` */
export function judgeValue(read: Read, expected: ValueExpectation, what: string): Finding {
  if ('unknown' in read) return unknown(read.unknown);
  const { value } = read;
  const { comparison, operand } = expected;
  const seen = `${what} is ${value === operand ? operand : valueText(value)}`;
  const wanted = `must be ${expectationText(expected)}`;
  if (isNumber(operand) && !isNumber(value)) return unknown(`${seen}, no number to hold against ${operand}`);
  const order = isNumber(operand) ? compareNumbers(value, operand) : value === operand ? 0 : undefined;
  return { ok: holds(order, comparison), text: `${seen}, ${wanted}` };
}

/** @param order of the value and the operand; undefined: they differ, and neither is the greater */
function holds(order: number | undefined, comparison: ValueExpectation['comparison']): boolean {
  switch (comparison) {
    case '=':
      return order === 0;
    case '!=':
      return order !== 0;
    case '>':
      return order !== undefined && order > 0;
    case '>=':
      return order !== undefined && order >= 0;
    case '<':
      return order !== undefined && order < 0;
    case '<=':
      return order !== undefined && order <= 0;
  }
}

/** @param before what the same was before the deploy; undefined: nobody has looked */
export function judgeChange(before: Read | undefined, now: Read, expected: ChangeExpectation): Finding {
  if (before === undefined) return unknown('what it was before the deploy has not been read');
  if ('unknown' in before) return unknown(`what it was before the deploy is not known: ${before.unknown}`);
  if ('unknown' in now) return unknown(now.unknown);
  const isText = !isNumber(before.value) || !isNumber(now.value);
  const seen = `${valueText(before.value)} before the deploy, ${valueText(now.value)} now`;
  if ('change' in expected && expected.change === 'unchanged') {
    const isSame = isText ? before.value === now.value : compareNumbers(before.value, now.value) === 0;
    return { ok: isSame, text: `${seen}, must be unchanged` };
  }
  if (isText) return unknown(`${seen}: no numbers to compare`);
  if ('change' in expected) {
    return { ok: compareNumbers(now.value, before.value) >= 0, text: `${seen}, must not be less` };
  }
  return {
    ok: isWithin(before.value, now.value, expected.within),
    text: `${seen}, must differ by ${expected.within} % at most`,
  };
}

const unknown = (text: string): Finding => {
  const { name: _, ...finding } = unknownFact('', text);
  return finding;
};

/** A decimal as a whole number of units of 10 ** -scale. */
interface Decimal {
  units: bigint;
  scale: number;
}

function decimal(text: string): Decimal {
  const [, sign = '', whole = '0', fraction = '', exponent = '0'] = NUMBER.exec(text) ?? [];
  return { units: BigInt(`${sign === '-' ? '-' : ''}${whole}${fraction}`), scale: fraction.length - Number(exponent) };
}

const unitsAt = ({ units, scale }: Decimal, to: number): bigint => units * 10n ** BigInt(to - scale);

/** @returns less than, equal to or greater than 0, as the first number is to the second */
export function compareNumbers(one: string, other: string): number {
  const [a, b] = [decimal(one), decimal(other)];
  const scale = Math.max(a.scale, b.scale);
  const [left, right] = [unitsAt(a, scale), unitsAt(b, scale)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const size = (units: bigint): bigint => (units < 0n ? -units : units);

function isWithin(before: string, now: string, percent: string): boolean {
  const [a, b, share] = [decimal(before), decimal(now), decimal(percent)];
  const scale = Math.max(a.scale, b.scale);
  const [from, to] = [unitsAt(a, scale), unitsAt(b, scale)];
  const part = Math.max(share.scale, 0);
  return size(to - from) * 100n * 10n ** BigInt(part) <= size(from) * unitsAt(share, part);
}
