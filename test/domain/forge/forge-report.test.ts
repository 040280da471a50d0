import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FORGE_STATES, forgeReportOf } from '../../../src/domain/forge/forge-report.js';
import type { DecisionRecord, Outcome } from '../../../src/domain/ledger/ledger.js';
import { PHASES } from '../../../src/domain/steps.js';
import { ledgerWith, PROPOSED, questionWith, START } from '../../client/ledgers.js';

const hold: DecisionRecord = {
  kind: 'hold',
  who: 'rui',
  role: 'qa',
  why: 'a\nlook',
  at: START,
  via: 'update',
  accepted: true,
  reason: '',
};

test('production waits for its turn until its phase begins, and is in progress from then on', () => {
  const states = PHASES.map((phase) => forgeReportOf(ledgerWith({ phase })).state);
  expect(states).toEqual(['queued', 'queued', 'queued', 'queued', 'in-progress', 'in-progress', 'in-progress']);
});

test('who is waited for is said: of sign-offs those that are missing', () => {
  const signOffs = questionWith({ kind: 'approvals', id: 'sign-offs', title: 'Sign-offs', roles: ['qa', 'dba'] });
  const questions = [signOffs, questionWith({})];
  expect(forgeReportOf(ledgerWith({ questions }))).toEqual({
    state: 'pending',
    text: 'waits for qa, dba: Sign-offs (and 1 more)',
    waitsFor: ['qa', 'dba'],
  });
  const approvals = [{ role: 'qa', who: 'rui', at: START, digest: PROPOSED }];
  expect(forgeReportOf(ledgerWith({ questions: [signOffs], approvals })).waitsFor).toEqual(['dba']);
});

test('a hold waits for who holds, in one line', () => {
  expect(forgeReportOf(ledgerWith({ held: hold }))).toEqual({
    state: 'pending',
    text: 'held by rui as qa: a look',
    waitsFor: ['qa'],
  });
});

test('only a deployment that has succeeded is a success, and what was rolled back is inactive', () => {
  const stateOf = (outcome: Outcome) => forgeReportOf(ledgerWith({ outcome, reason: 'so' })).state;
  expect(stateOf('succeeded')).toBe('success');
  expect(stateOf('rolled-back')).toBe('inactive');
  for (const outcome of ['rollback-failed', 'rejected', 'aborted'] as const) expect(stateOf(outcome)).toBe('failure');
});

test('whatever is asked and held, an end is told as the end, and before it no success is', () => {
  const outcomes = fc.option(
    fc.constantFrom<Outcome>('succeeded', 'rolled-back', 'rollback-failed', 'rejected', 'aborted'),
    { nil: undefined },
  );
  const ledgers = fc.record({
    outcome: outcomes,
    phase: fc.constantFrom(...PHASES),
    held: fc.constantFrom(undefined, hold),
    questions: fc.array(fc.record({ title: fc.string(), roles: fc.array(fc.string()) }).map(questionWith)),
  });
  fc.assert(
    fc.property(ledgers, (parts) => {
      const { state, text, waitsFor } = forgeReportOf(ledgerWith(parts));
      expect(FORGE_STATES).toContain(state);
      expect(['success', 'failure', 'inactive'].includes(state)).toBe(parts.outcome !== undefined);
      expect(waitsFor !== undefined).toBe(state === 'pending');
      expect(text).not.toMatch(/[\r\n]/);
    }),
  );
});
