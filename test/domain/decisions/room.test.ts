/** How much signed words may take up: a flood of them is refused in words, and what stops a deployment still gets in. */
import { expect, test } from 'vitest';
import { LONGEST_ENVELOPE, whyNoRoom, whyTooMany } from '../../../src/domain/decisions/room.js';

const sealed = (count: number, length: number) =>
  Array.from({ length: count }, () => ({ accepted: true, envelope: 'x'.repeat(length) }));

test('one more signed decision is taken as long as all of them fit, by number and by size', () => {
  const skip = { kind: 'skip', envelope: 'x'.repeat(1_000) } as const;
  expect(whyNoRoom({ decisions: sealed(199, 1_000), claims: [] }, skip)).toBeUndefined();
  expect(whyNoRoom({ decisions: sealed(200, 1_000), claims: [] }, skip)).toContain('200 signed decisions');
  const long = sealed(62, LONGEST_ENVELOPE);
  expect(whyNoRoom({ decisions: long, claims: [] }, skip)).toBeUndefined();
  expect(whyNoRoom({ decisions: [...long, ...sealed(1, 8_000)], claims: [] }, skip)).toContain('1000000 characters');
});

test('what stops it still finds room, and what was refused takes up none', () => {
  const abort = { kind: 'abort', envelope: 'x' } as const;
  expect(whyNoRoom({ decisions: sealed(250, 1_000), claims: [] }, abort)).toBeUndefined();
  expect(whyNoRoom({ decisions: sealed(300, 1_000), claims: [] }, abort)).toContain('300 signed decisions');
  const refused = sealed(400, 1_000).map((said) => ({ ...said, accepted: false }));
  expect(whyNoRoom({ decisions: refused, claims: [] }, { kind: 'skip', envelope: 'x' })).toBeUndefined();
});

test('a decision that is judged once more is not counted twice', () => {
  const decisions = sealed(200, 1).map((said) => ({ ...said, kind: 'skip' as const }));
  const [again] = decisions;
  expect(again && whyNoRoom({ decisions, claims: [] }, again)).toBeUndefined();
});

test('so many signatures are looked at at once, and no more', () => {
  const skip = { kind: 'skip', envelope: 'x' } as const;
  expect(whyNoRoom({ decisions: [], claims: sealed(19, 1) }, skip)).toBeUndefined();
  expect(whyNoRoom({ decisions: [], claims: sealed(20, 1) }, skip)).toContain('20 signatures are being verified');
});

test('an act comes with no more than a deployment goes by', () => {
  expect(whyTooMany(sealed(300, 5_000))).toBeUndefined();
  expect(whyTooMany(sealed(301, 1))).toBe('more than 300 signed decisions');
  expect(whyTooMany(sealed(300, 5_001))).toBe('more than 1500000 characters of signed decisions');
});
