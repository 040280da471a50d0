import { describe, expect, test } from 'vitest';
import { byWhom, type Fact, failures, passed, whoAndWhy } from '../../src/domain/evidence.js';

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
