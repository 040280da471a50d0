import { expect, test } from 'vitest';
import { auditEventsOf } from '../../../src/domain/audit/events.js';
import type { ListedDeployment } from '../../../src/domain/deployments/listed.js';
import type { DecisionRecord } from '../../../src/domain/ledger/ledger.js';
import { ledgerWith, START, stepWith } from '../../client/ledgers.js';

const listed: ListedDeployment = {
  workflowId: 'surefoot/shop/production',
  runId: 'r1',
  outcome: 'running',
  startedAt: START,
};
const at = (minutes: number) => START + minutes * 60_000;
const decision = (parts: Partial<DecisionRecord>): DecisionRecord => ({
  kind: 'approve',
  who: 'rui',
  role: 'qa',
  at: START,
  via: 'update',
  accepted: true,
  reason: 'counted',
  ...parts,
});
const kinds = (...given: Parameters<typeof auditEventsOf>) => auditEventsOf(...given).map(({ kind }) => kind);

test('what happened is told in the order in which it happened, each with its deployment and its time', () => {
  const ledger = ledgerWith({
    steps: [
      stepWith({ startedAt: at(1), endedAt: at(4), state: 'passed' }),
      stepWith({ id: 'staging.health', startedAt: at(5) }),
    ],
    decisions: [decision({ kind: 'hold', at: at(2), why: 'a look' }), decision({ at: at(3), accepted: false })],
  });
  const events = auditEventsOf(ledger, listed);
  expect(events.map(({ kind }) => kind)).toEqual([
    'deployment-started',
    'step-began',
    'decision',
    'decision',
    'step-ended',
    'step-began',
  ]);
  expect(events.map(({ deployment, runId }) => `${deployment} ${runId}`)).toEqual(
    events.map(() => 'shop-20251124-120000-ab12 r1'),
  );
  expect(events.map((event) => event.at)).toEqual(
    [0, 1, 2, 3, 4, 5].map((minutes) => new Date(at(minutes)).toISOString()),
  );
  expect(events[0]).toMatchObject({ who: 'ana', target: 'main', previous: 'v1', plan: 'd'.repeat(64) });
});

test('a decision is told by its own kind, with who said it, why, and whether it counted', () => {
  const refused = decision({
    kind: 'rollback',
    at: at(1),
    accepted: false,
    why: 'slow',
    reason: 'not a role that may',
  });
  expect(auditEventsOf(ledgerWith({ decisions: [refused] }), listed)[1]).toMatchObject({
    kind: 'decision',
    decision: 'rollback',
    who: 'rui',
    role: 'qa',
    why: 'slow',
    accepted: false,
    reason: 'not a role that may',
  });
});

test('a step that ended is told with its evidence, by the hashes that it has to have', () => {
  const evidence = [{ title: 'Log', path: 'staging.deploy/log.txt', sha256: 'e'.repeat(64), bytes: 3 }];
  const steps = [stepWith({ endedAt: at(1), state: 'failed', reason: 'exit code 1', evidence })];
  expect(auditEventsOf(ledgerWith({ steps }), listed).at(-1)).toMatchObject({
    kind: 'step-ended',
    step: 'staging.deploy',
    state: 'failed',
    reason: 'exit code 1',
    evidence: [{ path: 'staging.deploy/log.txt', sha256: 'e'.repeat(64) }],
  });
});

test('every rollback is told, those that failed before the last one too, and how the deployment ended', () => {
  const trigger = { kind: 'person', who: 'ana', text: 'slow' } as const;
  const rollback = { option: 'code', workflowId: 'w', trigger, reasons: [], steps: [] } as const;
  const parts = { ...rollback, reasons: [], steps: [] };
  const ledger = ledgerWith({
    earlierRollbacks: [{ ...parts, startedAt: at(1), endedAt: at(2), succeeded: false, reason: 'no way' }],
    rollback: { ...parts, option: 'full', startedAt: at(3), endedAt: at(4), succeeded: true },
    outcome: 'rolled-back',
    endedAt: at(5),
    reason: 'slow',
  });
  expect(kinds(ledger, { ...listed, outcome: 'rolled-back' })).toEqual([
    'deployment-started',
    'rollback-began',
    'rollback-ended',
    'rollback-began',
    'rollback-ended',
    'deployment-ended',
  ]);
});

test('what was ended from outside says so, and what the ledger lists no more is not taken for nothing', () => {
  const ledger = ledgerWith({ refusedBefore: 7 });
  const events = auditEventsOf(ledger, { ...listed, outcome: 'ended-from-outside', endedAt: at(9) });
  expect(events.map(({ kind }) => kind)).toEqual(['deployment-started', 'ended-from-outside', 'not-known']);
  expect(events.at(-1)).toMatchObject({ at: null, text: expect.stringContaining('7 decisions that were refused') });
});
