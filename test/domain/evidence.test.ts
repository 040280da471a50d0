import { describe, expect, test } from 'vitest';
import { type Fact, failures, passed } from '../../src/domain/evidence.js';

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
