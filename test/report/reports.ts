/** Reports of the shipped plan, without a Temporal: everything well, but for what a test is about. */
import type { ResolvedPlan } from '../../src/contract/plan/plan.js';
import { countItems, itemStatuses } from '../../src/domain/items.js';
import type { Ledger, StepRecord } from '../../src/domain/ledger/ledger.js';
import { loadPlan } from '../../src/plan/load.js';
import { contentOf, documentOf, type Making, type ReportDocument } from '../../src/report/content/document.js';
import type { Gathered } from '../../src/report/history/gather.js';
import { ledgerWith, PROPOSED, START } from '../client/ledgers.js';
import { SHIPPED } from '../plan/plan-files.js';
import { knownSteps } from './known-steps.js';

export const { resolved: plan, digest } = loadPlan(SHIPPED);

/** One record for each step of a deployment by the plan, with every fact that it establishes. */
export function goodSteps(of: ResolvedPlan = plan): StepRecord[] {
  return knownSteps(of).map(({ facts, confirmation, ...step }, index) => {
    const startedAt = START + index * 60_000;
    const by = confirmation || step.id === 'sign-offs' ? { by: { who: 'diego.alves', role: 'devops' } } : {};
    return {
      ...step,
      state: 'passed' as const,
      generation: 1,
      startedAt,
      endedAt: startedAt + 30_000,
      summary: `${step.id} is well`,
      facts: facts.map((name) => ({ name, ok: true, text: `${name} is well`, ...by })),
      evidence: confirmation
        ? []
        : [{ title: `Report of ${step.id}`, path: `${step.id}/1/report.json`, sha256: 'e'.repeat(64), bytes: 12 }],
    };
  });
}

export function goodLedger(parts: Partial<Ledger> = {}, of: ResolvedPlan = plan): Ledger {
  const steps = parts.steps ?? goodSteps(of);
  return ledgerWith({
    deployment: 'eduautismo-20251124-120000-ab12',
    service: of.service,
    title: of.title,
    digest,
    startedBy: 'ana.souza',
    phase: 'closing',
    outcome: 'succeeded',
    reason: 'all phases passed',
    endedAt: START + 49 * 3_600_000,
    commit: 'c'.repeat(40),
    approvals: [{ role: 'qa', who: 'fabio.nunes', at: START + 1_000, digest: PROPOSED }],
    items: countItems(itemStatuses(of.items, steps)),
    ...parts,
    steps,
  });
}

export function gatheredWith(
  parts: Partial<Ledger> = {},
  of: ResolvedPlan = plan,
  more: Partial<Gathered> = {},
): Gathered {
  const ledger = goodLedger(parts, of);
  const input = {
    deployment: ledger.deployment,
    plan: of,
    digest,
    startedBy: ledger.startedBy,
    clock: 'real' as const,
  };
  const run = { workflowId: 'surefoot/eduautismo/production', runId: '0190aaaa-0000-7000-8000-000000000001' };
  return { ...run, status: 'COMPLETED', input, ledger, source: 'result', events: 389, ...more };
}

export const MAKING: Making = {
  generator: '0.1.0',
  madeAt: START + 50 * 3_600_000,
  source: { ledger: 'result', events: 389, evidence: { read: true }, links: 'evidence/d-1' },
};

export const reportWith = (
  parts: Partial<Ledger> = {},
  of: ResolvedPlan = plan,
  more: Partial<Gathered> = {},
): ReportDocument => documentOf(contentOf(gatheredWith(parts, of, more)), MAKING);
