/** A release whose tag has a v, which what was built from it does not tell. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { releaseFact } from '../../src/activities/production-found.js';
import { differsInTheV, spellingAdvice } from '../../src/domain/release-spelling.js';

const number = fc.array(fc.nat(99), { minLength: 1, maxLength: 4 }).map((parts) => parts.join('.'));

describe('names that differ in the v alone', () => {
  test('are told apart from the same, and from others, whichever of them has it', () => {
    fc.assert(
      fc.property(number, number, (one, other) => {
        expect(differsInTheV(one, `v${one}`)).toBe(true);
        expect(differsInTheV(`V${one}`, one)).toBe(true);
        expect(differsInTheV(`v${one}`, `v${one}`)).toBe(false);
        expect(differsInTheV(`v${one}`, other)).toBe(one === other);
      }),
    );
  });

  test.each([
    ['main', 'vmain'],
    ['version', 'ersion'],
    ['1.2.3', 'vv1.2.3'],
    ['1.2.3', 'v1.2.4'],
  ])('%s and %s are other names', (one, other) => {
    expect(spellingAdvice(one, other)).toBe('');
  });

  test('are not taken for the same, and people are told how to mend it', () => {
    const fact = (version: string) => releaseFact({ version }, { version: 'v1.2.2', target: 'v1.2.3' });
    expect(fact('v1.2.2')).toMatchObject({ ok: true });
    for (const told of ['1.2.2', '1.2.3']) {
      const { ok, text } = fact(told);
      expect({ ok, text }).toEqual({
        ok: false,
        text: expect.stringContaining(`; ${told} and v${told} differ in the v`),
      });
      expect(text).toContain(
        'name releases in the plan as the application tells them (release.target, release.previous)',
      );
      expect(text).toContain('health.version');
    }
    expect(fact('1.2.1').text).not.toContain('the v');
  });
});
