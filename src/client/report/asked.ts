/** What must be waiting for people by now, for the workflow's code to go on. */
import type { ResolvedPlan } from '../../contract/plan.js';
import type { DecisionKind } from '../../domain/decision-kinds.js';
import type { Ledger, OpenQuestion, StepRecord } from '../../domain/ledger.js';
import { STEPS } from '../../domain/steps.js';
import type { KnownStep } from './steps.js';

export interface About {
  plan: ResolvedPlan;
  ledger: Ledger;
  known: readonly KnownStep[];
  workflowId: string;
}

export type Asked = Pick<OpenQuestion, 'kind' | 'id' | 'title' | 'text' | 'roles' | 'moves' | 'digest' | 'openedAt'>;

/** Nobody goes on without what trust rests on. */
const TRUSTED: readonly string[] = [STEPS.proposal.id, STEPS.signOffs.id];

/** Roles that may decide about failures and concerns: all that the plan knows. */
export const everyRole = ({ approvals }: ResolvedPlan): string[] => [
  ...new Set(approvals.roster.flatMap((person) => person.roles)),
];

/** @param more concerns that monitors have raised, and whether the documentation has to be looked at by a person */
export function askedBy(about: About, more: { concerns: readonly Asked[]; unseen: boolean }): OpenQuestion[] {
  const { ledger, workflowId } = about;
  const { deployment, service } = ledger;
  const asked = [
    ...failedSteps(about, more.unseen),
    ...signOffs(about),
    ...confirmations(about),
    ...(more.unseen ? documentation(about) : []),
    ...loadTest(about),
    ...more.concerns,
  ];
  return asked.map(({ kind, id, title, text, roles, moves, digest, openedAt }) => ({
    ...{ deployment, service, workflowId, kind, id, title, text, roles, moves, openedAt },
    ...(digest === undefined ? {} : { digest }),
  }));
}

function failedSteps({ ledger, plan }: About, unseen: boolean): Asked[] {
  const changed = ledger.production.codeDeployed || ledger.production.migrated;
  const moves: DecisionKind[] = changed ? ['retry', 'skip', 'rollback', 'abort'] : ['retry', 'skip', 'abort'];
  return ledger.steps
    .filter(({ state, id }) => state === 'failed' && !(id === STEPS.swagger.id && unseen))
    .map(({ id, title, reason, endedAt }) => ({
      kind: 'step-failed' as const,
      ...{ id, title: `${title} failed`, text: reason ?? '', roles: everyRole(plan), openedAt: endedAt ?? 0 },
      moves: TRUSTED.includes(id) ? moves.filter((move) => move !== 'skip') : moves,
    }));
}

function signOffs({ ledger, plan }: About): Asked[] {
  const record = stepOf(ledger, STEPS.signOffs.id);
  if (record?.state !== 'running') return [];
  const roles = plan.approvals.roles.map(({ role }) => role);
  const title = `Sign off ${plan.release.target} of ${plan.service} for production`;
  const { id, startedAt: openedAt } = record;
  const { digest } = ledger.proposal ?? {};
  return [{ kind: 'approvals', id, title, text: '', roles, moves: ['approve', 'reject'], digest, openedAt }];
}

/** A confirmation is asked for when every step before it is over; those of one list at the same time. */
function confirmations({ known, ledger }: About): Asked[] {
  const asked: Asked[] = [];
  for (const { id, confirmation } of known) {
    const state = stepOf(ledger, id)?.state;
    const isOver = state === 'passed' || state === 'skipped';
    if (confirmation && !isOver) asked.push(confirming(id, confirmation.title, confirmation.roles));
    // Whatever comes after a confirmation waits for it.
    if (!confirmation && (asked.length > 0 || !isOver)) break;
  }
  return asked;
}

const documentation = ({ plan: { apiDocumentation } }: About): Asked[] =>
  apiDocumentation ? [confirming(STEPS.swagger.id, STEPS.swagger.title, apiDocumentation.otherwise)] : [];

function loadTest({ plan, ledger }: About): Asked[] {
  const optional = plan.production.loadTest;
  if (!optional || ledger.phase !== 'watch' || stepOf(ledger, optional.test.id)) return [];
  const { test, approvedBy } = optional;
  return [{ ...confirming(`${test.id}-approval`, test.title, [approvedBy]), moves: ['confirm', 'skip'] }];
}

const confirming = (id: string, title: string, roles: string[]): Asked => ({
  ...{ kind: 'confirmation', id, title, text: '', roles },
  moves: ['confirm'],
  openedAt: 0,
});

const stepOf = ({ steps }: Ledger, id: string): StepRecord | undefined => steps.find((record) => record.id === id);
