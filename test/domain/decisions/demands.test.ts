/** What a runner's policy asks of those who decide, as far as a deployment itself holds them to it. */
import { expect, test } from 'vitest';
import type { Approvals } from '../../../src/domain/decisions/approvals.js';
import { judgeDecision } from '../../../src/domain/decisions/decisions.js';
import { approvalsUnder, type Demands } from '../../../src/domain/decisions/demands.js';
import { take } from '../../../src/domain/decisions/take.js';
import { DECISIONS } from '../../../src/domain/ledger/decision-kinds.js';
import type { Decision, DecisionRecord } from '../../../src/domain/ledger/ledger.js';
import { ledgerWith, PROPOSED, questionWith, START } from '../../client/ledgers.js';

const planned: Approvals = {
  roles: [{ role: 'qa', title: 'QA', statement: 'tested' }],
  roster: [{ id: 'mallory', name: 'Mallory', roles: ['qa', 'devops'] }],
  selfApproval: true,
  onePersonManyRoles: true,
  signed: true,
};
const demands: Demands = {
  signed: [...DECISIONS],
  people: [{ id: 'ana', name: 'Ana', roles: ['qa', 'devops'] }],
  approve: ['qa'],
  roles: { move: ['devops'] },
};
const to = '0123456789abcdef';
const runner = 'surefoot@fedcba9876543210';
const move: Decision = { kind: 'move', who: 'ana', role: 'devops', why: 'the machine is gone', to };
const judge = (decision: Decision, under = demands) =>
  judgeDecision(ledgerWith({ demands: under, runner }), approvalsUnder(under, planned), decision);

test('a move is taken signed only, by the roles that may move, and by the people of the policy', () => {
  expect(judge(move).reason).toContain('takes it signed only: use surefoot move --sign KEY');
  expect(judge({ ...move, envelope: '{}' })).toMatchObject({ accepted: true });
  expect(judge({ ...move, role: 'qa', envelope: '{}' }).reason).toContain('move is said by devops');
  expect(judge({ ...move, who: 'mallory', envelope: '{}' }).reason).toContain('not on the plan');
});

test('an approval that the policy wants signed counts once taken, and is no claim that the plan has verified', () => {
  const ledger = ledgerWith({ demands, questions: [questionWith({ kind: 'approvals', id: 'sign-offs' })] });
  const record: DecisionRecord = {
    ...{ kind: 'approve', who: 'ana', role: 'qa', digest: PROPOSED, envelope: '{}' },
    ...{ at: START, via: 'signal', accepted: true, reason: '' },
  };
  take(ledger, record);
  expect(ledger.claims).toEqual([]);
  expect(ledger.approvals).toMatchObject([{ who: 'ana', role: 'qa', signed: true }]);
});

test('a policy that wants no signatures does not take away those that the plan wants', () => {
  expect(approvalsUnder({ ...demands, signed: [] }, planned).signed).toBe(true);
  expect(approvalsUnder(demands, planned).signed, 'the envelope stands for it').toBe(false);
});
