import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { waivedBefore, waivedOf } from '../../../src/domain/decisions/waived.js';
import type { Fact } from '../../../src/domain/evidence.js';
import type { StepRecord } from '../../../src/domain/ledger/ledger.js';

const by = { who: 'ana', role: 'qa', why: 'known noise' };
const fact = (name: string, more: Partial<Fact> = {}): Fact => ({ name, ok: false, text: `${name} is bad`, ...more });
const step = (id: string, more: Partial<StepRecord> = {}): StepRecord => ({
  ...{
    id,
    phase: 'staging',
    section: '',
    title: id,
    state: 'passed',
    generation: 1,
    startedAt: 0,
    facts: [],
    evidence: [],
  },
  ...more,
});

describe('what was waived on staging', () => {
  test('is told in words, with who and why, for what was skipped and for what was accepted', () => {
    const skipped = step('staging.logs', {
      skippedBy: by,
      state: 'skipped',
      reason: 'a line (skipped by ana as qa: known noise)',
    });
    const accepted = step('soak', { phase: 'soak', facts: [fact('latency', { by }), fact('errors', { ok: true })] });
    const production = step('production.window', { phase: 'production', facts: [fact('window', { by })] });
    expect(waivedOf([skipped, accepted, production, step('staging.deploy')])).toEqual([
      'staging.logs: a line (skipped by ana as qa: known noise)',
      'soak: latency is bad (accepted by ana as qa: known noise)',
    ]);
  });

  const staging = step('staging.indexes', {
    skippedBy: by,
    facts: [fact('plans', { by }), fact('valid', { ok: true })],
  });
  const failing = (...names: string[]) => ({ id: 'production.indexes', facts: names.map((name) => fact(name)) });

  test('is the same in production when nothing else fails there', () => {
    expect(waivedBefore(failing('plans'), [staging])).toEqual(by);
    expect(waivedBefore(failing('plans', 'valid'), [staging])).toBeUndefined();
    expect(waivedBefore(failing('valid'), [staging])).toBeUndefined();
    expect(waivedBefore({ id: 'production.smoke', facts: [fact('plans')] }, [staging])).toBeUndefined();
  });

  test('is not what production could not even look at', () => {
    expect(waivedBefore(failing(), [staging])).toBeUndefined();
  });

  test('is any failure of a check that had come to nothing there', () => {
    const whole = step('staging.functional', { skippedBy: by, state: 'skipped', reason: 'out of order' });
    expect(waivedBefore({ id: 'production.smoke', facts: [fact('list.status')] }, [whole])).toEqual(by);
  });

  test('is never a failure that people have not seen on staging', () => {
    const facts = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'));
    fc.assert(
      fc.property(facts, facts, (waived, failed) => {
        const twin = step('staging.health', {
          facts: [fact('e', { by }), ...waived.map((name) => fact(name, { by }))],
        });
        const found = waivedBefore({ id: 'production.health', facts: failed.map((name) => fact(name)) }, [twin]);
        expect(found !== undefined).toBe(failed.length > 0 && failed.every((name) => waived.includes(name)));
      }),
    );
  });
});
