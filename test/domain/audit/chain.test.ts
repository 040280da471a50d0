import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chained, verifyChain } from '../../../src/domain/audit/chain.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const events = fc.array(fc.dictionary(fc.string(), fc.oneof(fc.string({ unit: 'binary' }), fc.integer())), {
  maxLength: 6,
});
const logs = events.map((all) => chained(all, sha256));
const isWhole = (text: string): boolean => verifyChain(text, sha256).whole;

/** A log with a place in it. */
const placed = (most: (text: string) => number) =>
  logs.chain(({ text }) => fc.record({ text: fc.constant(text), at: fc.nat(most(text)) }));
const lastOf = (text: string): number => text.split('\n').length - 2;
const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
const logOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

test('a log is whole as it was written, and its head is the hash of its last event’s line', () => {
  fc.assert(
    fc.property(events, (all) => {
      const { text, head } = chained(all, sha256);
      expect(verifyChain(text, sha256)).toEqual({ whole: true, lines: all.length, head });
      expect(head).toBe(sha256(linesOf(text).at(-2) ?? ''));
    }),
  );
});

test('what was written can be read again, an event a line', () => {
  fc.assert(
    fc.property(events, (all) => {
      const lines = linesOf(chained(all, sha256).text).slice(0, -1);
      expect(lines.map((line) => JSON.parse(line).event)).toEqual(
        all.map((event) => JSON.parse(JSON.stringify(event))),
      );
    }),
  );
});

test('any change of one character is found', () => {
  fc.assert(
    fc.property(
      placed((text) => text.length - 1),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      ({ text, at }, other) => {
        fc.pre(text[at] !== other);
        expect(isWhole(text.slice(0, at) + other + text.slice(at + 1))).toBe(false);
      },
    ),
    { numRuns: 1_000 },
  );
});

test('any character that is put in, and any that is taken out, is found', () => {
  fc.assert(
    fc.property(
      placed((text) => text.length - 1),
      fc.constantFrom(' ', '\n', '\r', '0', ','),
      ({ text, at }, more) => {
        expect(isWhole(text.slice(0, at) + more + text.slice(at))).toBe(false);
        expect(isWhole(text.slice(0, at) + text.slice(at + 1))).toBe(false);
        expect(isWhole(`${text}${more}`)).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
});

test('a line that is left out is found, whichever it is', () => {
  fc.assert(
    fc.property(placed(lastOf), ({ text, at }) => {
      expect(isWhole(logOf(linesOf(text).toSpliced(at, 1)))).toBe(false);
    }),
  );
});

test('a log that is cut off after any of its lines is found', () => {
  fc.assert(
    fc.property(placed(lastOf), ({ text, at }) => {
      expect(isWhole(logOf(linesOf(text).slice(0, at)))).toBe(false);
    }),
  );
});

test('a line that is added is found: one of its own, one more, and one of another log', () => {
  fc.assert(
    fc.property(
      placed((text) => lastOf(text) + 1),
      logs,
      ({ text, at }, other) => {
        for (const line of [linesOf(text)[0] ?? '', linesOf(text)[at] ?? '', ...linesOf(other.text)]) {
          expect(isWhole(logOf(linesOf(text).toSpliced(at, 0, line)))).toBe(false);
        }
      },
    ),
  );
});

test('a log that was cut off and given a new end is whole: the head that was kept elsewhere says that it is another', () => {
  fc.assert(
    fc.property(events, fc.nat(), (all, kept) => {
      fc.pre(all.length > 0);
      const { head } = chained(all, sha256);
      const cut = verifyChain(chained(all.slice(0, kept % all.length), sha256).text, sha256);
      expect(cut).toEqual({ whole: true, lines: kept % all.length, head: expect.not.stringContaining(head) });
    }),
  );
});

test('lines in any other order are found', () => {
  const shuffled = logs.chain(({ text }) => {
    const lines = linesOf(text);
    const order = fc.shuffledSubarray(lines, { minLength: lines.length, maxLength: lines.length });
    return fc.record({ lines: fc.constant(lines), order });
  });
  fc.assert(
    fc.property(shuffled, ({ lines, order }) => {
      expect(isWhole(logOf(order))).toBe(order.every((line, index) => line === lines[index]));
    }),
  );
});

test('two lines that have changed places are found', () => {
  fc.assert(
    fc.property(logs, fc.nat(), fc.nat(), ({ text }, one, other) => {
      const lines = linesOf(text);
      const [a, b] = [one % lines.length, other % lines.length];
      fc.pre(a !== b);
      const swapped = lines.with(a, lines[b] ?? '').with(b, lines[a] ?? '');
      expect(isWhole(logOf(swapped))).toBe(false);
    }),
  );
});

test('where it is broken is said', () => {
  const { text } = chained([{ kind: 'one' }, { kind: 'two' }, { kind: 'three' }], sha256);
  expect(verifyChain(text.replace('"two"', '"too"'), sha256)).toMatchObject({ whole: false, line: 3 });
  expect(verifyChain(text.replace('"three"', '"free"'), sha256)).toMatchObject({ whole: false, line: 4 });
  expect(verifyChain('', sha256)).toMatchObject({ whole: false, line: 1 });
  expect(verifyChain('<html>\n', sha256)).toMatchObject({ whole: false, line: 1 });
});
