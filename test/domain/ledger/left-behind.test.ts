import { describe, expect, test } from 'vitest';
import type { Ledger, RollbackRecord, StepRecord } from '../../../src/domain/ledger/ledger.js';
import { leftBehind, stillRollsBack } from '../../../src/domain/ledger/left-behind.js';

const step = (id: string, state: StepRecord['state']): StepRecord => ({
  ...{ id, state, phase: 'production', section: '', title: id, generation: 1, startedAt: 0, facts: [], evidence: [] },
});
const rollback: RollbackRecord = {
  ...{ option: 'code', workflowId: 'd/rollback-code', trigger: { kind: 'step', step: 's', text: 't' } },
  ...{ reasons: [], startedAt: 0, steps: [] },
};
const ledger = (production: Partial<Ledger['production']>, rest: Partial<Ledger> = {}) =>
  ({
    production: { codeDeployed: false, migrated: false, maintenance: false, ...production },
    release: { target: 'v2', previous: 'v1' },
    steps: [],
    ...rest,
  }) as unknown as Ledger;

describe('what was left', () => {
  test('is said so when it is nothing', () =>
    expect(leftBehind(ledger({}))).toEqual(['production had not been changed']));

  test('is what was done, and what was begun is not known', () => {
    const steps = [step('production.deploy', 'passed'), step('production.migration', 'failed')];
    expect(leftBehind(ledger({ codeDeployed: true, migrated: true }, { steps }))).toEqual([
      'v2 was deployed to production',
      'its database was migrated, or was about to be: how that ended is not known',
    ]);
    expect(leftBehind(ledger({ codeDeployed: true }))).toEqual([
      'v2 was deployed to production, or was about to be: how that ended is not known',
    ]);
  });

  test('is maintenance mode, which nothing turns off, also after a rollback that has ended', () => {
    const done = { ...rollback, succeeded: true };
    expect(leftBehind(ledger({ maintenance: true }, { rollback: done }))).toEqual([
      'it was rolled back (code), proven on production',
      'maintenance mode was turned on, and nothing turns it off',
    ]);
  });

  test('is a rollback that goes on, or has failed', () => {
    expect(leftBehind(ledger({}, { rollback }))).toEqual(['its rollback (code) goes on by itself']);
    expect(stillRollsBack({ rollback })).toBe(true);
    const failed = { ...rollback, succeeded: false, reason: 'the disk is full' };
    expect(leftBehind(ledger({}, { rollback: failed }))).toEqual(['its rollback (code) failed: the disk is full']);
    expect([stillRollsBack({ rollback: failed }), stillRollsBack({})]).toEqual([false, false]);
  });
});
