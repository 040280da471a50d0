/** Text of outside origin does nothing to the terminal or page that shows it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inert, inertValues, isInert } from '../../src/domain/inert.js';

const ESC = '\u001b';

describe('text of outside origin', () => {
  test.each([
    ['the clipboard', `${ESC}]52;c;cm0gLXJmIC8=\u0007`],
    ['the clipboard, ended by ST', `${ESC}]52;c;cm0gLXJmIC8=${ESC}\\`],
    ['the title', `${ESC}]0;root@production\u0007`],
    ['a link', `${ESC}]8;;https://evil.example${ESC}\\`],
    ['the screen', `${ESC}[2J${ESC}[H`],
    ['colours', `${ESC}[1;31m`],
    ['colours of 8 bits', '\u009b31m'],
    ['a device string', `${ESC}P+q544e${ESC}\\`],
    ['a reset', `${ESC}c`],
    ['a character set', `${ESC}(0`],
    ['backspaces', '\b\b\b\b'],
    ['a bell', '\u0007'],
    ['the direction', '\u202e\u2066'],
    ['a sequence that is cut off', `${ESC}[3`],
  ])('loses what would act on %s', (_, acting) => {
    expect(inert(`before ${acting}`)).toBe('before ');
  });

  test('keeps lines and tabs, and the line ends of other systems', () => {
    expect(inert('a\tb\r\nc\rd\u2028e\n')).toBe('a\tb\nc\nd\ne\n');
  });

  test('is as it was where it does nothing, in any writing', () => {
    for (const plain of ['p95 = 3 s (< 2 s)', 'não há índices', '数据库', 'مرحبا', '🚀 👩‍💻', '[31m is no colour']) {
      expect(inert(plain)).toBe(plain);
      expect(isInert(plain)).toBe(true);
    }
  });

  test('holds nothing that acts, whatever it was, and stays as it is when it comes through again', () => {
    const acting = fc.constantFrom(
      ESC,
      `${ESC}[`,
      `${ESC}]`,
      `${ESC}\\`,
      '\u009b',
      '\u0007',
      '\r',
      '\u202e',
      ';',
      'm',
      '1',
    );
    const anything = fc
      .array(fc.oneof(acting, fc.string({ unit: 'binary', maxLength: 5 })))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(anything, (text) => {
        const shown = inert(text);
        expect(shown).not.toMatch(/(?![\t\n])[\p{Cc}\p{Bidi_Control}]/u);
        expect(inert(shown)).toBe(shown);
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes no time that grows faster than it, whatever it is', () => {
    for (const part of [`${ESC}]`, `${ESC}[`, `${ESC}[1;`, `${ESC}P`, '\u009d', `${ESC} `, ' ', '\r']) {
      // Quadratic would be hours.
      expect(inert(part.repeat(2_000_000 / part.length)).length).toBeLessThan(2_000_001);
    }
  }, 60_000);

  test('is found wherever it stands in what came over a wire', () => {
    expect(inertValues({ title: `${ESC}[2Ja`, steps: [{ at: 1, ok: true, none: null, text: '\u202eb' }] })).toEqual({
      title: 'a',
      steps: [{ at: 1, ok: true, none: null, text: 'b' }],
    });
  });
});
