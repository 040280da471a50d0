import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  byWhom,
  type Fact,
  failures,
  inAllPlaces,
  isSeenToFail,
  passed,
  unknownFact,
  whoAndWhy,
} from '../../src/domain/evidence.js';

const report = (...facts: Fact[]) => ({ summary: '', facts, evidence: [] });
const good: Fact = { name: 'backup', ok: true, text: 'the dump was read whole' };
const bad: Fact = { name: 'index', ok: false, text: 'ix_users is not valid' };
const worse: Fact = { name: 'plan', ok: false, text: 'ix_users is not used' };

describe("a step's report", () => {
  test('has passed when all its facts hold', () => {
    expect(passed(report(good, good))).toBe(true);
    expect(passed(report(good, bad, good))).toBe(false);
  });

  test('has passed when there is nothing to establish', () => expect(passed(report())).toBe(true));

  test('names each fact that does not hold, and no other', () => {
    expect(failures(report(bad, good, worse))).toBe('ix_users is not valid; ix_users is not used');
    expect(failures(report(good))).toBe('');
  });
});

describe('a person who stands for something', () => {
  const ana = { who: 'ana', role: 'qa' };

  test('is told with role, deed and reason, as far as there are any', () => {
    expect(byWhom({ ...ana, why: 'tried it' })).toBe('by ana as qa: tried it');
    expect(byWhom(ana)).toBe('by ana as qa');
    expect(whoAndWhy({ ...ana, why: 'users wrote' }, 'chose code')).toBe('ana as qa chose code: users wrote');
    expect(whoAndWhy(ana, 'chose full instead')).toBe('ana as qa chose full instead');
  });
});

describe('what was looked at in several places', () => {
  test('holds where it holds in all of them, and tells where it does not', () => {
    const tool = (text: string, ok = true): Fact => ({ name: 'tool:git', ok, text });
    const places = [
      { where: 'here', report: report(tool('git 2.50')) },
      { where: 'there', report: report(tool('git is not found', false), unknownFact('credentials', 'not tried')) },
    ];
    expect(inAllPlaces(places).facts).toEqual([
      { name: 'tool:git', ok: false, text: 'there: git is not found' },
      { name: 'credentials', ok: false, unknown: true, text: 'there: not tried' },
    ]);
    const { facts } = inAllPlaces(places.slice(0, 1));
    expect(facts).toEqual([{ name: 'tool:git', ok: true, text: 'here: git 2.50' }]);
  });

  test('passes, fails and is unknown as the least of it', () => {
    const fact = fc.record({
      name: fc.constantFrom('tools', 'rows'),
      text: fc.string(),
      says: fc.constantFrom({ ok: true }, { ok: false }, { ok: false, unknown: true }, { ok: false, advisory: true }),
    });
    const place = fc.uniqueArray(fact, { selector: ({ name }) => name }).map((facts) => ({
      where: 'there',
      report: report(...facts.map(({ name, text, says }) => ({ name, text, ...says }) as Fact)),
    }));
    fc.assert(
      fc.property(fc.array(place), (places) => {
        const together = inAllPlaces(places);
        expect(passed(together)).toBe(places.every(({ report }) => passed(report)));
        expect(isSeenToFail(together)).toBe(places.some(({ report }) => isSeenToFail(report)));
        const names = together.facts.map(({ name }) => name);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});
