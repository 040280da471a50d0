/**
 * What examined tools got wrong, one named test each, where a pure function is concerned. Those about running workflows
 * (a breach while waiting for people, retries, restarts) are tested with the workflows.
 */
import { expect, test } from 'vitest';
import type { Approvals } from '../../src/domain/approvals.js';
import { type Criterion, emptyState, observe, type Sample, sampleOf, verdict } from '../../src/domain/criteria.js';
import { judge, take } from '../../src/domain/decisions.js';
import type { Decision, Ledger } from '../../src/domain/ledger.js';
import { ledgerWith, questionWith, START } from '../client/ledgers.js';

const MINUTE = 60_000;
const criterion: Criterion = {
  id: 'errors',
  title: 'Error rate',
  metric: 'error-rate',
  unit: '%',
  breach: { comparison: '>', threshold: 10 },
  for: 0,
  tier: 'rollback',
  noData: 'unknown',
  notANumber: 'unknown',
  providerError: 'unknown',
  minimumSamples: 3,
};
const after = (rule: Criterion, samples: readonly Sample[]) =>
  samples.reduce((state, sample) => observe(rule, state, sample), emptyState());
const said = (rule: Criterion, samples: readonly Sample[]) => verdict(rule, after(rule, samples));
const every = (count: number, sample: (at: number) => Sample) =>
  Array.from({ length: count }, (_, minute) => sample(minute * MINUTE));

const question = questionWith({
  kind: 'approvals',
  id: 'sign-offs',
  roles: ['qa', 'dba'],
  moves: ['approve', 'reject'],
});
const approvals: Approvals = {
  roles: ['qa', 'dba'].map((role) => ({ role, title: role, statement: role })),
  roster: [
    { id: 'ana', name: 'Ana', roles: ['qa', 'dba'] },
    { id: 'bob', name: 'Bob', roles: ['qa'] },
  ],
  selfApproval: false,
  onePersonManyRoles: false,
};
const asking = (parts: Partial<Ledger> = {}) => ledgerWith({ startedBy: 'eva', questions: [question], ...parts });
const approve = (who: string, role: string): Decision => ({ kind: 'approve', who, role });
const tell = (ledger: Ledger, decision: Decision): boolean => {
  const { accepted, reason } = judge(ledger, approvals, decision);
  if (accepted) take(ledger, { ...decision, at: START, via: 'update', accepted, reason });
  return accepted;
};

test('NaN is not healthy under a rule that only says what failure is (Argo Rollouts: passes)', () => {
  const nothing = every(20, (at) => sampleOf(at, 0 / 0));
  expect(said(criterion, nothing)).toBe('unknown');
  expect(said({ ...criterion, notANumber: 'breached' }, nothing)).toBe('breached');
});

test('NaN that JSON made null is neither 0 nor healthy (null > 10 is false)', () => {
  const carried = JSON.parse(JSON.stringify(every(20, (at) => sampleOf(at, Number.NaN))));
  expect(said(criterion, carried)).toBe('unknown');
});

test('a ratio of x/0 breaches (Prometheus: "+Inf"), after JSON too', () => {
  expect(said(criterion, JSON.parse(JSON.stringify([sampleOf(0, 1 / 0)])))).toBe('breached');
});

test('measurements that all errored are not a success (argo-rollouts #4479)', () => {
  const errors = every(60, (at) => ({ at, kind: 'error', message: 'connection refused' }));
  expect(said(criterion, errors)).toBe('unknown');
  expect(said({ ...criterion, providerError: 'breached' }, errors)).toBe('breached');
});

test('"for" counts from the first breaching sample, and its last moment belongs to it (failureLimit: off by one)', () => {
  const rule = { ...criterion, for: 2 * MINUTE };
  const breaching = (...times: number[]) => times.map((at): Sample => ({ at, kind: 'ok', value: 11 }));
  expect(said({ ...rule, minimumSamples: 1 }, breaching(0, 2 * MINUTE - 1))).toBe('healthy');
  expect(said(rule, breaching(0, 2 * MINUTE))).toBe('breached');
});

test('the threshold itself does not exceed the threshold (failureLimit: off by one)', () => {
  const at = (value: number) => every(3, (time) => ({ at: time, kind: 'ok', value }));
  expect(said(criterion, at(10))).toBe('healthy');
  expect(said(criterion, at(10 + 1e-9))).toBe('breached');
});

test('the smallest number of samples is enough, and one less is not (failureLimit: off by one)', () => {
  const healthy = (count: number) => every(count, (at) => ({ at, kind: 'ok', value: 1 }));
  expect(said(criterion, healthy(2))).toBe('unknown');
  expect(said(criterion, healthy(3))).toBe('healthy');
});

test('a metric whose name is misspelt is unknown, not healthy (flagger #892)', () => {
  const absent = every(60, (at) => ({ at, kind: 'noData', reason: 'no series error_rat' }));
  expect(said(criterion, absent)).toBe('unknown');
  expect(after(criterion, absent).reason).toBe('no series error_rat');
});

test('an outage that dodges the rule between failed scrapes is still a breach (flagger #1801)', () => {
  const rule = { ...criterion, for: 4 * MINUTE };
  const flapping = every(6, (at) =>
    (at / MINUTE) % 2 === 0 ? { at, kind: 'ok', value: 50 } : { at, kind: 'error', message: 'no answer' },
  );
  expect(said(rule, flapping)).toBe('breached');
});

test('a dead target does not look alive for what it said before (Prometheus: 5 minutes of look-back)', () => {
  const alive = every(30, (at) => ({ at, kind: 'ok', value: 1 }));
  const dead = every(13, (at) => ({ at: at + 30 * MINUTE, kind: 'noData', reason: 'up is 0' }));
  expect(said({ ...criterion, minimumSamples: 30 }, [...alive, ...dead])).toBe('unknown');
});

test('an approver of two roles is not consumed by the wrong one (gitlab #425759)', () => {
  const ledger = asking();
  expect(tell(ledger, approve('ana', 'qa'))).toBe(false);
  expect(tell(ledger, approve('bob', 'qa'))).toBe(true);
  expect(tell(ledger, approve('ana', 'dba'))).toBe(true);
  expect(ledger.approvals.map(({ role }) => role)).toEqual(['qa', 'dba']);
});

test('whoever started the deployment approves nothing, however it is sent (bytebase #19142)', () => {
  const ledger = asking({ startedBy: 'bob' });
  expect(tell(ledger, approve('bob', 'qa'))).toBe(false);
  expect(ledger.approvals).toEqual([]);
});

test('an approval bypasses nothing: it answers no failed step and no concern (kargo #3440)', () => {
  const failed = questionWith({ kind: 'step-failed', id: 'soak', roles: ['qa'], moves: ['retry', 'skip', 'abort'] });
  const concern = questionWith({ kind: 'concern', id: 'cpu', roles: ['qa'], moves: ['resume', 'rollback'] });
  const ledger = ledgerWith({ startedBy: 'eva', questions: [failed, concern] });
  expect(tell(ledger, approve('bob', 'qa'))).toBe(false);
  expect(ledger.questions.map(({ answer }) => answer)).toEqual([undefined, undefined]);
});

test('a skip does not sign off, and a confirmation does not either (kargo #3440)', () => {
  const ledger = asking();
  for (const kind of ['skip', 'confirm', 'retry', 'resume'] as const)
    expect(tell(ledger, { kind, who: 'bob', role: 'qa', why: 'in a hurry', subject: 'sign-offs' })).toBe(false);
  expect(ledger.approvals).toEqual([]);
});
